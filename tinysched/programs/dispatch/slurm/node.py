"""The one host of the queue as a node of Slurm's, with its partitions."""

from __future__ import annotations

from tinysched.host import condition
from tinysched.job.standing import Node, Part
from tinysched.partitions import Partition
from tinysched.programs.dispatch.parts import Parts
from tinysched.script.slurm.version import RELEASE


class NodeView:
    """Looks at the host; changes nothing."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._began_at = parts.clock.wall()

    def now(self) -> Node:
        """How it is at this moment."""
        parts, clock = self._parts, self._parts.clock
        books, terms = parts.ledger.books, parts.terms()
        partitions = books.capacity.partitions
        found = [self._part(one, books.partition_taken[one.name]) for one in partitions]
        whole = Partition(name=terms.cluster, is_default=True)
        closed = books.capacity.closures.host
        return Node(
            host=parts.place.host,
            cluster=terms.cluster,
            cores=books.cores_total,
            cores_taken=min(books.cores_taken, books.cores_total),
            memory_mib=terms.all_memory_mib,
            memory_taken_mib=books.memory_taken_mib,
            memory_free_mib=condition.memory_free_mib(),
            load=condition.busy_tasks(),
            booted_at=clock.wall() - clock.boottime(),
            began_at=self._began_at,
            version=RELEASE,
            architecture=condition.architecture(),
            system=condition.system(),
            parts=tuple(found) or (self._part(whole, books.cores_taken),),
            is_drained=closed is not None,
            reason="" if closed is None else closed.reason,
            reason_by=0 if closed is None else closed.by,
            reason_at=None if closed is None else closed.at,
        )

    def _part(self, partition: Partition, taken: int) -> Part:
        capacity = self._parts.ledger.books.capacity
        return Part(
            name=partition.name,
            is_default=partition.is_default,
            max_time_s=partition.max_time_s,
            default_time_s=partition.default_time_s,
            memory_per_cpu_mib=partition.default_mem_per_cpu_mib,
            cores=capacity.cores if partition.cores is None else partition.cores,
            cores_taken=taken,
            users=None if partition.users is None else tuple(sorted(partition.users)),
            is_up=partition.name not in capacity.closures.partitions,
        )
