"""The queue as somebody may see it, at one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tinysched.job.model import Job, Reason, Unit
from tinysched.job.standing import Standing

# Of the first job there ever was; Slurm begins there, too.
FIRST_PRIORITY = 4294901760


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """Counts of what is hidden: tasks of others that run, their cores, tasks that wait."""

    running: int
    cores: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a job that waits may expect, as far as that can be known.

    `ahead`: so many jobs come before it. `enough_at`: when its cores are free at the latest,
    because what runs now has reached its time limits (UTC, seconds); None: nobody can tell.
    """

    ahead: int
    cores_free: int
    enough_at: float | None = None


def _as_asked(job: Job) -> Standing:
    """Who only reads the files knows no defaults."""
    request = job.request
    per_cpu = request.memory_per_cpu_mib
    return Standing(
        partition=request.partition or "",
        cores=request.cores,
        limit_s=request.limit_s,
        memory_mib=(request.memory_mib or 0) if per_cpu is None else per_cpu,
        is_memory_per_cpu=per_cpu is not None,
        priority=FIRST_PRIORITY - job.rank,
        eligible_at=job.submitted_at,
    )


def _nobody_knows(_job: Job) -> None:
    """Who only reads the files cannot tell what becomes of a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The queue as somebody may see it, at one moment, for the room report/.

    `jobs` are those that somebody asks for, in order of id. `units` holds the started tasks of each
    array, in order of task. `explain` tells why a pending job (or the pending part of an array)
    waits. `others` stands for the jobs that somebody may not see; None if all may be seen, or
    nothing is known of the others. `prospect` tells what a pending job may expect, `standing` what
    the queue's rules make of its request. `line` goes through what could start if there were room,
    asked for or not, the oldest first.
    """

    now: float
    jobs: Sequence[Job]
    units: Mapping[int, Sequence[Unit]]
    explain: Callable[[Job], Reason]
    cores_total: int = 0
    offline: bool = False
    others: Others | None = None
    prospect: Callable[[Job], Prospect | None] = _nobody_knows
    standing: Callable[[Job], Standing] = _as_asked
    line: Callable[[], Iterable[Job]] = tuple
