"""The queue as somebody may see it, at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tinysched.job.model import Job, Reason, Unit


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


def _nobody_knows(_job: Job) -> None:
    """Who only reads the files cannot tell what becomes of a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The queue as somebody may see it, at one moment, for the room report/.

    `jobs` are in order of id. `units` holds the started tasks of each array, in order of task.
    `explain` tells why a pending job (or the pending part of an array) waits. `others` stands for
    the jobs that somebody may not see; None if all may be seen, or nothing is known of the others.
    `prospect` tells what a pending job may expect.
    """

    now: float
    jobs: Sequence[Job]
    units: Mapping[int, Sequence[Unit]]
    explain: Callable[[Job], Reason]
    cores_total: int = 0
    offline: bool = False
    others: Others | None = None
    prospect: Callable[[Job], Prospect | None] = _nobody_knows
