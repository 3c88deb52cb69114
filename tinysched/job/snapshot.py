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
class Snapshot:
    """The queue as somebody may see it, at one moment, for the room report/.

    `jobs` are in order of id. `units` holds the started tasks of each array, in order of task.
    `explain` tells why a pending job (or the pending part of an array) waits. `others` stands for
    the jobs that somebody may not see; None if all may be seen, or nothing is known of the others.
    """

    now: float
    jobs: Sequence[Job]
    units: Mapping[int, Sequence[Unit]]
    explain: Callable[[Job], Reason]
    cores_total: int = 0
    offline: bool = False
    others: Others | None = None
