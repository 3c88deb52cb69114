"""What a user asked to see or to change: the parsed command lines of the small commands."""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.job.ranges import Ranges
from tinysched.job.signals import Reach

_KILL = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """`42` (tasks None: the whole job), `42_7`, `42_[2-4,9]`."""

    number: int
    tasks: Ranges | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which jobs are meant; None means "any". States are long names as in Slurm (`PENDING`)."""

    selectors: tuple[Selector, ...] | None = None
    users: frozenset[str] | None = None
    states: frozenset[str] | None = None
    names: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueQuery:
    """`tsqueue`: what to list and how."""

    filter: Filter
    everything: bool = False
    one_line_a_task: bool = False
    json: bool = False
    header: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelQuery:
    """`tscancel`: whom, and with which signal (None: the ordinary way to an end).

    `reach`: whom in a job the signal is for. `quiet`: unknown jobs are no mistake. `verbose`: what
    is done is told.
    """

    filter: Filter
    signal: int | None = None
    reach: Reach = Reach.ALL
    quiet: bool = False
    verbose: bool = False

    @property
    def is_kill(self) -> bool:
        """KILL for all of a job ends that job, and is stored as any order to end."""
        return self.signal == _KILL and self.reach is Reach.ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlQuery:
    """`tscontrol VERB ID…`: verb is hold, release, requeue or show."""

    verb: str
    selectors: tuple[Selector, ...]
    json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutQuery:
    """`tsout ID…`: which files of which jobs."""

    selectors: tuple[Selector, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeQuery:
    """`tspurge`: keep the newest so many, take those that ended before so many days."""

    keep_last: int | None = None
    age_days: float | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryQuery:
    """`tsctl VERB ID…`: verb is why or history."""

    verb: str
    selectors: tuple[Selector, ...]
    json: bool = False
