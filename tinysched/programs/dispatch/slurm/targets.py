"""Whom a command of Slurm's means: what is active of the jobs that its caller may know of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinysched.job.model import Ended, Job, Pending, Unit
from tinysched.job.queries import Filter, Selector
from tinysched.job.ranges import Ranges
from tinysched.job.selecting import Chosen, choose
from tinysched.job.slurmstates import SHORT
from tinysched.job.states import COMPLETING, PENDING, state_name
from tinysched.job.wanted import Wanted
from tinysched.programs.dispatch.parts import Parts
from tinysched.report.slurm import tasklists

_MOST_NAMES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A job, a task, or tasks that wait, as it is named to people; `selector` names it to us."""

    job: Job
    selector: Selector
    shown: str
    is_pending: bool
    partition: str

    @property
    def names(self) -> Iterator[str]:
        """What a client may call it later, when some of what waits may have started."""
        tasks = self.selector.tasks
        if tasks is None:
            yield str(self.job.id)
            return
        if self.is_pending:
            yield f"{self.job.id}_*"
        for task in tasks.take(_MOST_NAMES):
            yield f"{self.job.id}_{task}"


class Targets:
    """Finds them for one caller."""

    def __init__(self, parts: Parts, uid: int) -> None:
        self._parts = parts
        self._books = parts.ledger.books
        self._uid = uid

    def job(self, number: int) -> Job | None:
        """A job by its number or that of one of its tasks, as far as the caller may know of it."""
        job = self._books.jobs.get(number)
        if job is None:
            task = self._books.by_raw_id(number)
            job = None if task is None else self._books.jobs.get(task.number)
        if job is None or not self._parts.rights.visible(self._uid, [job]):
            return None
        return job

    def choose(self, job: Job, selector: Selector) -> Chosen:
        """What is named of a job, without what was taken away before it started."""
        chosen = choose(Filter(selectors=(selector,)), job, self._books.units(job.id))
        return Chosen(units=chosen.units, todo=chosen.todo)

    def active_tasks(self, job: Job, selector: Selector) -> Ranges | None:
        """Which of the tasks that were named are active; None: the plain job is."""
        chosen = self.choose(job, selector)
        units = [unit for unit in chosen.units if is_active(unit)]
        if any(unit.id.task is None for unit in units):
            return None
        tasks = Ranges.of(unit.id.task for unit in units if unit.id.task is not None)
        return tasks | chosen.todo

    def among(self, selectors: Sequence[Selector], wanted: Wanted) -> Iterator[Target]:
        """Everything active that was named, each once, as far as it fits."""
        seen = set[str]()
        for selector in selectors:
            job = self.job(selector.number)
            for target in () if job is None else self._parts_of(job, selector, wanted):
                if target.shown not in seen:
                    seen.add(target.shown)
                    yield target

    def all(self, wanted: Wanted) -> Iterator[Target]:
        """Everything active that fits."""
        return self.among([Selector(number=number) for number in sorted(self._books.open)], wanted)

    def _parts_of(self, job: Job, selector: Selector, wanted: Wanted) -> Iterator[Target]:
        standing = self._parts.outlook.standing(job)
        if not wanted.fits(job, standing):
            return
        chosen, hosts = self.choose(job, selector), wanted.hosts
        states = None if wanted.states is None else set(wanted.states)
        if hosts is not None:  # nothing that waits is on any host
            states = set(SHORT) - {PENDING} if states is None else states - {PENDING}
            if self._parts.place.host not in hosts:
                return
        if chosen.todo and (states is None or PENDING in states):
            yield _waiting(job, chosen.todo, standing.partition)
        for unit in chosen.units:
            if is_active(unit) and (states is None or state_name(unit) in states):
                yield _started(job, unit, standing.partition)


def is_active(unit: Unit) -> bool:
    """It has not ended, and was not told to."""
    return not isinstance(unit.state, Ended) and state_name(unit) != COMPLETING


def _started(job: Job, unit: Unit, partition: str) -> Target:
    task = unit.id.task
    return Target(
        job=job,
        selector=Selector(number=job.id, tasks=None if task is None else Ranges.of((task,))),
        shown=str(unit.id),
        is_pending=isinstance(unit.state, Pending),
        partition=partition,
    )


def _waiting(job: Job, tasks: Ranges, partition: str) -> Target:
    array = job.request.array
    limit = "" if array is None or array.limit is None else f"%{array.limit}"
    shown = f"{job.id}_[{tasklists.text(tasks)}{limit}]"
    if len(tasks) == 1:
        shown = f"{job.id}_{tasks}"
    return Target(
        job=job,
        selector=Selector(number=job.id, tasks=tasks),
        shown=shown,
        is_pending=True,
        partition=partition,
    )
