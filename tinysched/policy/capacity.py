"""What the queue has to give as a whole, what a job takes of it, and what can never start."""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.job.closures import NOTHING_CLOSED, Closures
from tinysched.job.model import Elements, Ended, Granted, Job, Reason, Running, Unit
from tinysched.job.quantities import format_duration
from tinysched.job.request import Request
from tinysched.partitions import Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one start of a job takes: cores, memory (0: it is not counted), of which partition."""

    cores: int
    memory_mib: int = 0
    partition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Everything there is, and what is closed. `memory_mib` None: memory is not counted."""

    cores: int
    memory_mib: int | None = None
    default_memory_mib: int = 0
    partitions: tuple[Partition, ...] = ()
    closures: Closures = NOTHING_CLOSED

    def demand(self, job: Job) -> Demand:
        """What one start of a job takes, in the first of its partitions that could run it."""
        request = job.request
        partition = self.partition(job)
        cores = self.cores_of(request)
        return Demand(
            cores=cores,
            memory_mib=0 if self.memory_mib is None else self.memory_of(request, cores, partition),
            partition="" if partition is None else partition.name,
        )

    def cores_of(self, request: Request) -> int:
        """The cores that one start takes."""
        least = request.stored.get("mincpus", "")
        cores = max(request.cores, int(least)) if least.isdecimal() else request.cores
        return max(self.cores, cores) if request.exclusive else cores

    def memory_of(self, request: Request, cores: int, partition: Partition | None) -> int:
        """The memory that one start asks for. Units: MiB."""
        if request.memory_mib is not None:
            return request.memory_mib or self.memory_mib or 0
        each = self.memory_of_core(request, partition)
        return self.default_memory_mib if each is None else each * cores

    def memory_of_core(self, request: Request, partition: Partition | None) -> int | None:
        """The memory that each core brings along; None: it is asked for as a whole. Units: MiB."""
        if request.memory_mib is not None:
            return None
        each = request.memory_per_cpu_mib
        if each is None and partition is not None:
            each = partition.default_mem_per_cpu_mib
        return each

    def partition(self, job: Job) -> Partition | None:
        """Where a job runs; None if the queue has no partitions, or none of that name."""
        if not self.partitions:
            return None
        named = self.named(job.request)
        fitting = [one for one in named if _obstacle(one, job) is None]
        opened = [one for one in fitting if one.name not in self.closures.partitions]
        return next(iter((*opened, *fitting, *named)), None)

    def named(self, request: Request) -> list[Partition]:
        """The partitions a request names that exist, in its order; the default if it names none."""
        if not self.partitions:
            return []
        if request.partition is None:
            return [one for one in self.partitions if one.is_default]
        by_name = {one.name: one for one in self.partitions}
        names = request.partition.split(",")
        return [by_name[name] for name in names if name in by_name]

    def admits(self, job: Job) -> bool:
        """Whether its owner may use one of its partitions, or there are none."""
        named = self.named(job.request)
        return not named or any(_admits(one, job) for one in named)

    def limit_s(self, job: Job, task: int | None = None) -> int | None:
        """How long a job, or one of its tasks, may run. Units: seconds."""
        said = self._limit_said(job, task)
        if said is None and isinstance(job.work, Unit):
            return _until_deadline(job.request, job.work)
        return said

    def limit_of(self, job: Job, unit: Unit) -> int | None:
        """The same of a unit that starts or runs: who has a deadline runs no longer than to it."""
        said = self._limit_said(job, unit.id.task)
        return _until_deadline(job.request, unit) if said is None else said

    def _limit_said(self, job: Job, task: int | None) -> int | None:
        if task is not None and isinstance(job.work, Elements) and task in job.work.limits:
            return job.work.limits[task] or None
        if job.request.limit_s is not None or job.request.is_unlimited:
            return job.request.limit_s
        partition = self.partition(job)
        if partition is None:
            return None
        return (
            partition.max_time_s if partition.default_time_s is None else partition.default_time_s
        )

    def obstacle(self, job: Job) -> Reason | None:
        """Why a job cannot start, whatever becomes free; None if it can."""
        request, named = job.request, self.named(job.request)
        if (request.nodes or 1) > 1:
            return Reason(name="PartitionConfig", words="this queue has one host")
        if self.partitions and not named:
            words = f"partition {request.partition} is gone"
            return Reason(name="PartitionDown", words=words)
        found = [_obstacle(one, job) or self._closed(one) for one in named]
        if found and None not in found:
            return found[0]
        host = self.closures.host
        if host is None:
            return None
        return Reason(name="NodeDrained", words=f"the host takes no jobs: {host.reason}")

    def _closed(self, partition: Partition) -> Reason | None:
        if partition.name not in self.closures.partitions:
            return None
        return Reason(name="PartitionDown", words=f"an admin has closed partition {partition.name}")


def _until_deadline(request: Request, unit: Unit) -> int | None:
    """From its start to its deadline; None if it has none, or does not run yet.

    Units: seconds, in whole minutes.
    """
    match unit.state:
        case Granted() | Running() as state:
            at: float | None = state.granted_at
        case Ended() as state:
            at = state.started_at
        case _:
            at = None
    if request.deadline_at is None or at is None:
        return None
    return max(60, (int(request.deadline_at) - int(at)) // 60 * 60)


def _admits(partition: Partition, job: Job) -> bool:
    return partition.users is None or bool({job.user, str(job.uid)} & partition.users)


def _obstacle(partition: Partition, job: Job) -> Reason | None:
    most, asked = partition.max_time_s, job.request.limit_s
    if most is not None and (job.request.is_unlimited or (asked is not None and asked > most)):
        wish = "no limit" if asked is None else format_duration(asked)
        words = f"asks for {wish}, {partition.name} allows {format_duration(most)}"
        return Reason(name="PartitionTimeLimit", words=words)
    if not _admits(partition, job):
        return Reason(name="AccountNotAllowed", words=f"{job.user} may not use {partition.name}")
    if partition.cores is not None and job.request.cores > partition.cores:
        words = f"needs {job.request.cores} cores, {partition.name} has {partition.cores}"
        return Reason(name="PartitionConfig", words=words)
    return None
