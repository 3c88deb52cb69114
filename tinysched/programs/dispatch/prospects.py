"""What a waiting job may expect: who comes first, and when enough cores are free for certain."""

from __future__ import annotations

from bisect import bisect_left

from tinysched.job.model import Granted, Job, Running, Unit
from tinysched.job.snapshot import Prospect
from tinysched.policy.fifo import Room
from tinysched.programs.dispatch.books import Books


def prospect(books: Books, room: Room, job: Job, eligible_at: float) -> Prospect:
    """Looks at the queue from the place of one job, whether it may start or not."""
    entry = books.entry(job, eligible_at)
    ahead = sum(bisect_left(ages, entry.age) for _, _, ages in books.waiting.buckets())
    return Prospect(
        ahead=ahead,
        cores_free=max(0, room.cores_free),
        enough_at=_enough_at(books, room, entry.cores),
    )


def _enough_at(books: Books, room: Room, cores: int) -> float | None:
    """When what runs has given back so many cores, by its limits alone; None: nobody can tell."""
    free = room.cores_free
    if free >= cores:
        return None
    latest = (_latest_end(books, job, unit) for job, unit in books.live())
    ends = sorted(end for end in latest if end is not None)
    for ends_at, freed in ends:
        free += freed
        if free >= cores:
            return ends_at
    return None


def _latest_end(books: Books, job: Job, unit: Unit) -> tuple[float, int] | None:
    """When it has given back how many cores; None: nobody knows."""
    if unit.is_suspended:
        return None
    limit_s = books.capacity.limit_s(job, unit.id.task)
    paused_s = 0.0 if unit.amended is None else unit.amended.paused_s
    match unit.state:
        case Running() if limit_s is not None:
            return unit.state.started_at + limit_s + paused_s, unit.state.cores
        case Granted() if limit_s is not None:
            return unit.state.granted_at + limit_s, unit.state.cores
    return None
