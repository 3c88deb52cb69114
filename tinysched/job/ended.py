"""One line about each end, as kept in the index of what has ended: enough to list and to purge."""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.job.model import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedLine:
    """One ended plain job, one ended task of an array, or one array of which all has ended.

    `task` is None for a plain job and for an array as a whole (its tasks have lines of their own,
    also while the array goes on). A job has ended if and only if it has a line whose `task` is
    None. Of an array as a whole `started_at` is None and `elapsed_s` and `cores` are 0.
    """

    number: int
    task: int | None
    uid: int
    user: str
    name: str
    outcome: Outcome
    ended_at: float
    started_at: float | None = None
    elapsed_s: float = 0.0
    cores: int = 0
