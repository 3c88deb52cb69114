"""First in, first out, with packing: who starts now, and why the others do not.

In order of age, what fits is started. What does not fit may be passed by younger ones until it has
waited `starvation_s`; then it blocks all that are younger. A job larger than the whole queue, or
whose user has no agent, blocks nobody.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tinysched.job.model import Hold, Reason
from tinysched.policy.waiting import Age, Entry, Size, Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the queue has to give. What is free may be negative after a change of configuration.

    `memory_total_mib` None: memory is not counted. `partitions`: of those that have a cap of their
    own, its cores in all and those that are free.
    """

    cores_total: int
    cores_free: int
    uids_with_agent: frozenset[int]
    starvation_s: float
    memory_total_mib: int | None = None
    memory_free_mib: int = 0
    partitions: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def ever_fits(self, size: Size) -> bool:
        """Whether something of that size could start if nothing else ran."""
        cores, memory_mib, partition = size
        most, _ = self.partitions.get(partition, (self.cores_total, 0))
        enough = self.memory_total_mib is None or memory_mib <= self.memory_total_mib
        return cores <= min(self.cores_total, most) and enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start so many tasks of a waiting entry."""

    id: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """A pending job that somebody asks about.

    `entry.count` does not matter. `running` tasks of its array run, `limit` may at once.
    """

    entry: Entry
    hold: Hold | None = None
    running: int = 0
    limit: int | None = None


def plan(waiting: Waiting, room: Room, now: float) -> tuple[Start, ...]:
    """Choose what starts now, in order of age. Changes nothing."""
    return tuple(choice for choice in _choices(waiting, room, now) if isinstance(choice, Start))


def blocker(waiting: Waiting, room: Room, now: float) -> Entry | None:
    """Find the entry that no younger one may pass any more; None if there is none."""
    return next(
        (choice for choice in _choices(waiting, room, now) if isinstance(choice, Entry)), None
    )


class _Left:
    """What is left while a plan is made."""

    def __init__(self, room: Room) -> None:
        self._cores = room.cores_free
        self._memory_mib = room.memory_free_mib
        self._counts_memory = room.memory_total_mib is not None
        self._partitions = {name: free for name, (_, free) in room.partitions.items()}

    def take(self, entry: Entry) -> int:
        """Takes what as many tasks need as fit; says how many those are."""
        limits = [entry.count, self._cores // entry.cores]
        if self._counts_memory and entry.memory_mib:
            limits.append(self._memory_mib // entry.memory_mib)
        if entry.partition in self._partitions:
            limits.append(self._partitions[entry.partition] // entry.cores)
        count = max(0, min(limits))
        self._cores -= count * entry.cores
        self._memory_mib -= count * entry.memory_mib
        if entry.partition in self._partitions:
            self._partitions[entry.partition] -= count * entry.cores
        return count


def _choices(waiting: Waiting, room: Room, now: float) -> Iterator[Start | Entry]:
    """Walk the queue by age: starts, and last the entry that blocks the rest, if one does."""
    left = _Left(room)
    heads = _heads(waiting, room)
    while heads:
        (_, eligible_at, number), place, ages = heads[0]
        entry = waiting.get(number)
        assert entry is not None, "a bucket holds what the queue holds"
        count = left.take(entry)
        if count:
            yield Start(id=number, count=count)
        if count < entry.count:
            if now - eligible_at >= room.starvation_s:
                yield entry
                return
            heapq.heappop(heads)  # none behind it in its bucket fits either
        elif place + 1 < len(ages):
            heapq.heapreplace(heads, (ages[place + 1], place + 1, ages))
        else:
            heapq.heappop(heads)


def _heads(waiting: Waiting, room: Room) -> list[tuple[Age, int, Sequence[Age]]]:
    """Make a heap of the oldest entry of each bucket that this queue could ever start now."""
    heads = [
        (ages[0], 0, ages)
        for uid, size, ages in waiting.buckets()
        if uid in room.uids_with_agent and room.ever_fits(size)
    ]
    heapq.heapify(heads)
    return heads


def explain(waiter: Waiter, room: Room, blocked_by: Entry | None) -> Reason:
    """Tell why a pending job does not run; `blocked_by` is the answer of `blocker`."""
    entry = waiter.entry
    if waiter.hold is not None:
        return _held(waiter.hold)
    never = _never(entry, room)
    if never is not None:
        return never
    if entry.uid not in room.uids_with_agent:
        return Reason(
            name="AgentDown",
            words="its owner's agent does not run, any ts command of the owner starts it",
        )
    if waiter.limit is not None and waiter.running >= waiter.limit:
        return Reason(
            name="JobArrayTaskLimit", words=f"{waiter.running} of {waiter.limit} tasks run"
        )
    if blocked_by is not None and blocked_by.age < entry.age:
        words = f"job {blocked_by.id} has waited longer and needs {_cores(blocked_by.cores)}"
        return Reason(name="Priority", words=words)
    return _scarce(entry, room) or Reason(name="None", words="about to start")


def _never(entry: Entry, room: Room) -> Reason | None:
    """What the queue never has enough of."""
    if entry.cores > room.cores_total:
        return _resources(_cores(entry.cores), f"this queue has {room.cores_total}")
    if not room.ever_fits(entry.size):
        words = f"this queue has {room.memory_total_mib} MiB"
        return _resources(f"{entry.memory_mib} MiB of memory", words)
    return None


def _scarce(entry: Entry, room: Room) -> Reason | None:
    """What there is not enough of now."""
    if entry.cores > room.cores_free:
        return _resources(_cores(entry.cores), f"{max(0, room.cores_free)} free")
    _, free = room.partitions.get(entry.partition, (0, entry.cores))
    if entry.cores > free:
        return _resources(_cores(entry.cores), f"{max(0, free)} free in {entry.partition}")
    if room.memory_total_mib is not None and entry.memory_mib > room.memory_free_mib:
        free_mib = max(0, room.memory_free_mib)
        return _resources(f"{entry.memory_mib} MiB of memory", f"{free_mib} free")
    return None


def _held(hold: Hold) -> Reason:
    if hold is Hold.ADMIN:
        return Reason(name="JobHeldAdmin", words="only an admin can release it")
    if hold is Hold.DAMAGE:
        return Reason(
            name="JobRebuilt",
            words="its record was lost; tscontrol release, unless you had held or cancelled it",
        )
    if hold is Hold.REQUEUED:
        return Reason(name="JobRequeuedHeld", words="it was requeued; tscontrol release")
    return Reason(name="JobHeldUser", words="tscontrol release lets it start")


def _resources(needed: str, instead: str) -> Reason:
    return Reason(name="Resources", words=f"needs {needed}, {instead}")


def _cores(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"
