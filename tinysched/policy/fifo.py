"""First in, first out, with packing: who starts now, and why the others do not.

In order of age, what fits is started. What does not fit may be passed by younger ones until it has
waited `starvation_s`; then it blocks all that are younger. A job larger than the whole queue, or
whose user has no agent, blocks nobody.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinysched.job.model import Hold, Reason
from tinysched.policy.waiting import Age, Entry, Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the queue has to give. `cores_free` may be negative after a change of configuration."""

    cores_total: int
    cores_free: int
    uids_with_agent: frozenset[int]
    starvation_s: float


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


def _choices(waiting: Waiting, room: Room, now: float) -> Iterator[Start | Entry]:
    """Walk the queue by age: starts, and last the entry that blocks the rest, if one does."""
    free = room.cores_free
    heads = _heads(waiting, room)
    while heads:
        (eligible_at, number), place, ages = heads[0]
        entry = waiting.get(number)
        assert entry is not None, "a bucket holds what the queue holds"
        count = max(0, min(entry.count, free // entry.cores))
        if count:
            free -= count * entry.cores
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
        for uid, cores, ages in waiting.buckets()
        if cores <= room.cores_total and uid in room.uids_with_agent
    ]
    heapq.heapify(heads)
    return heads


def explain(waiter: Waiter, room: Room, blocked_by: Entry | None) -> Reason:
    """Tell why a pending job does not run; `blocked_by` is the answer of `blocker`."""
    entry = waiter.entry
    if waiter.hold is not None:
        return _held(waiter.hold)
    if entry.cores > room.cores_total:
        return _resources(entry, f"this queue has {room.cores_total}")
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
    if entry.cores > room.cores_free:
        return _resources(entry, f"{max(0, room.cores_free)} free")
    return Reason(name="None", words="about to start")


def _held(hold: Hold) -> Reason:
    if hold is Hold.ADMIN:
        return Reason(name="JobHeldAdmin", words="only an admin can release it")
    return Reason(name="JobHeldUser", words="tscontrol release lets it start")


def _resources(entry: Entry, instead: str) -> Reason:
    return Reason(name="Resources", words=f"needs {_cores(entry.cores)}, {instead}")


def _cores(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"
