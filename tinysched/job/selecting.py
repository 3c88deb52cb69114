"""Which jobs and tasks a filter means: the same answer for listing, cancelling and holding.

The tasks of an array that have not started are never looked at one by one: they come and go as
ranges, so that a filter costs the same for three tasks and for a million.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tinysched.job.model import Elements, Job, JobId, Outcome, Pending, Unit
from tinysched.job.queries import Filter, Selector
from tinysched.job.ranges import Ranges
from tinysched.job.states import PENDING, state_name

_NO_TASKS = Ranges()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What of one job is meant; false if nothing is.

    `units`: the plain job itself, or tasks that have a record of their own, in the order given.
    `todo`, `cancelled`: tasks of an array that never started, still waiting or taken away.
    """

    units: Sequence[Unit] = ()
    todo: Ranges = _NO_TASKS
    cancelled: Ranges = _NO_TASKS

    def __bool__(self) -> bool:
        """Something is meant."""
        return bool(self.units) or bool(self.todo) or bool(self.cancelled)


_NOTHING = Chosen()


def unstarted(work: Elements, units: Sequence[Unit]) -> Ranges:
    """The waiting tasks of an array without those that wait once more, and so have a record."""
    again = [
        unit.id.task
        for unit in units
        if isinstance(unit.state, Pending) and unit.id.task is not None
    ]
    return work.todo - Ranges.of(again) if again else work.todo


class Chooser:
    """A filter made ready to be asked about many jobs."""

    __slots__ = ("_named", "_wanted")

    def __init__(self, wanted: Filter) -> None:
        self._wanted = wanted
        self._named = None if wanted.selectors is None else _by_number(wanted.selectors)

    @property
    def numbers(self) -> Collection[int] | None:
        """The numbers that were named, of jobs or of single tasks (None: any job is meant)."""
        return None if self._named is None else self._named.keys()

    @property
    def takes_all(self) -> bool:
        """Everything is meant."""
        return self._wanted == Filter()

    def choose(self, job: Job, units: Sequence[Unit] = ()) -> Chosen:
        """The part of a job that is meant.

        `units`: the started tasks of an array; a plain job brings its own.
        """
        if not self._owner_and_name_fit(job):
            return _NOTHING
        if isinstance(job.work, Unit):
            return Chosen(units=self._units(job, (job.work,)))
        chosen = Chosen(
            units=self._units(job, units),
            todo=self._waiting(job, unstarted(job.work, units), PENDING),
            cancelled=self._waiting(job, job.work.cancelled, Outcome.CANCELLED.value),
        )
        return chosen or _NOTHING

    def _owner_and_name_fit(self, job: Job) -> bool:
        users, names = self._wanted.users, self._wanted.names
        if users is not None and job.user not in users and str(job.uid) not in users:
            return False
        return names is None or job.request.name in names

    def _units(self, job: Job, units: Sequence[Unit]) -> Sequence[Unit]:
        states = self._wanted.states
        if states is not None:
            units = [unit for unit in units if state_name(unit) in states]
        named = self._named
        if named is None:
            return units
        asked = named.get(job.id, _NO_TASKS)
        if asked is None:
            return units
        there = Ranges.of(unit.id.task for unit in units if unit.id.task is not None)
        tasks = frozenset(there & asked)
        # A single task may also be named by its raw id, the number that its %j stands for.
        return [
            unit
            for unit in units
            if unit.id.task in tasks or named.get(unit.raw_id, _NO_TASKS) is None
        ]

    def _waiting(self, job: Job, tasks: Ranges, state: str) -> Ranges:
        states = self._wanted.states
        if not tasks or (states is not None and state not in states):
            return _NO_TASKS
        if self._named is None:
            return tasks
        named = self._named.get(job.id, _NO_TASKS)
        return tasks if named is None else tasks & named


def choose(wanted: Filter, job: Job, units: Sequence[Unit] = ()) -> Chosen:
    """The part of one job that a filter means; for many jobs keep a Chooser."""
    return Chooser(wanted).choose(job, units)


def unknown(
    selectors: Iterable[Selector], jobs: Mapping[int, Job], raw_ids: Collection[int] = ()
) -> list[str]:
    """Those of the selectors, as text, that name nothing that exists.

    `raw_ids`: the numbers of single tasks that are known, besides those of `jobs`.
    """
    return [
        named(selector) for selector in selectors if not _names_something(selector, jobs, raw_ids)
    ]


def named(selector: Selector) -> str:
    """A selector as its user wrote it: `42`, `42_7`, `42_[2-4,9]`."""
    if selector.tasks is None:
        return str(selector.number)
    if len(selector.tasks) == 1:
        return str(JobId(number=selector.number, task=selector.tasks.first))
    return f"{selector.number}_[{selector.tasks}]"


def _names_something(selector: Selector, jobs: Mapping[int, Job], raw_ids: Collection[int]) -> bool:
    job = jobs.get(selector.number)
    if job is None:
        return selector.tasks is None and selector.number in raw_ids
    if selector.tasks is None:
        return True
    array = job.request.array
    if array is None or not isinstance(job.work, Elements):
        return False
    return not selector.tasks - array.tasks


def _by_number(selectors: Iterable[Selector]) -> dict[int, Ranges | None]:
    """The tasks named of each job; None stands for the whole of it."""
    parts: dict[int, list[Ranges]] = {}
    whole: set[int] = set()
    for selector in selectors:
        if selector.tasks is None:
            whole.add(selector.number)
        else:
            parts.setdefault(selector.number, []).append(selector.tasks)
    named: dict[int, Ranges | None] = {number: _union(some) for number, some in parts.items()}
    named.update(dict.fromkeys(whole))
    return named


def _union(parts: Sequence[Ranges]) -> Ranges:
    """All of them together; by halves, so that thousands of single tasks stay cheap."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return _union(parts[:middle]) | _union(parts[middle:])
