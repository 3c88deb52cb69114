"""What a dependency needs to know of the jobs that it names."""

from __future__ import annotations

from dataclasses import replace

from tinysched.job import dependencies
from tinysched.job.dependencies import Edge, Kind, Parent, Verdict
from tinysched.job.model import Elements, Ended, Job, JobId, Outcome, Running, Unit
from tinysched.job.ranges import Ranges
from tinysched.programs.dispatch.ledger import Ledger

_NOT_YET = Parent(started_at=None, has_ended=False, any_bad=False, good=Ranges())
_TAKEN_AWAY = replace(_NOT_YET, has_ended=True, any_bad=True)


class Family:
    """Looks parents up, also those that ended long ago."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._books = ledger.books

    def judge(self, edge: Edge, now: float, todo: Ranges) -> Edge:
        """A condition in the light of what is known of the job it names.

        `todo`: the tasks that wait for it; none of a job that is no array.
        """
        named = self._named(edge)
        job = self._job(named.number)
        if job is None:
            return dependencies.judge(edge, None, now)
        is_array = isinstance(job.work, Elements) and named.task is None
        parent = self._parent(job, named, edge.kind)
        if parent is not None and parent.good:
            parent = replace(parent, good=parent.good & todo)
        judged = dependencies.judge(edge, parent, now)
        return replace(judged, is_array=True) if is_array and not judged.is_array else judged

    def number(self, edge: Edge) -> int:
        """The job whose changes matter to a condition."""
        return self._named(edge).number

    def due_at(self, edge: Edge) -> float | None:
        """When a condition that only needs time is fulfilled (UTC, seconds)."""
        named = self._named(edge)
        job = self._job(named.number)
        if edge.kind is not Kind.AFTER or job is None:
            return None
        parent = self._parent(job, named, edge.kind)
        if parent is None or parent.started_at is None:
            return None
        return parent.started_at + edge.delay_min * 60

    def ready(self, job: Job) -> Ranges | None:
        """Of an array that follows others task by task: the tasks that may start; None: all."""
        found: Ranges | None = None
        if not isinstance(job.work, Elements):
            return None
        for edge in job.dependencies.edges:
            parent_job = self._job(self.number(edge)) if edge.kind is Kind.AFTERCORR else None
            if parent_job is None or not isinstance(parent_job.work, Elements):
                continue
            if edge.verdict is Verdict.OPEN:
                good = self._good(parent_job)
                found = good if found is None else found & good
        return found

    def _named(self, edge: Edge) -> JobId:
        """What the number of a condition stands for: a task may go by a number of its own."""
        if edge.task is None and edge.number not in self._books.jobs:
            task = self._books.by_raw_id(edge.number)
            if task is not None:
                return task
        return JobId(number=edge.number, task=edge.task)

    def _job(self, number: int) -> Job | None:
        if number not in self._books.jobs and not self._ledger.recall(number):
            return None
        return self._books.jobs.get(number)

    def _parent(self, job: Job, named: JobId, kind: Kind) -> Parent | None:
        if isinstance(job.work, Unit):
            return _of_unit(job.work)
        if named.task is None:
            return self._parent_of_array(job, job.work, kind)
        self._ledger.recall(job.id)
        unit = self._books.unit(named)
        if unit is not None:
            return _of_unit(unit)
        if named.task in job.work.todo:
            return _NOT_YET
        return _TAKEN_AWAY if named.task in job.work.cancelled else None

    def _parent_of_array(self, job: Job, work: Elements, kind: Kind) -> Parent:
        return Parent(
            started_at=self._all_started_at(job, work) if kind is Kind.AFTER else None,
            has_ended=work.ended_at is not None,
            any_bad=work.worst is not Outcome.COMPLETED or bool(work.cancelled),
            good=self._good(job) if kind is Kind.AFTERCORR else Ranges(),
        )

    def _all_started_at(self, job: Job, work: Elements) -> float | None:
        """When the last of an array started; None: not all of it has."""
        if work.todo:
            return None
        self._ledger.recall(job.id)
        begun = [_of_unit(unit).started_at for unit in self._books.units(job.id)]
        starts = [moment for moment in begun if moment is not None]
        return max(starts) if starts and len(starts) == len(begun) else None

    def _good(self, job: Job) -> Ranges:
        """The tasks of an array that have ended well."""
        self._ledger.recall(job.id)
        known = self._books.tasks.get(job.id, {}).values()
        return self._books.tally.good(job.id, (task.unit for task in known))


def _of_unit(unit: Unit) -> Parent:
    state = unit.state
    if isinstance(state, Running):
        return replace(_NOT_YET, started_at=state.started_at)
    if not isinstance(state, Ended):
        return _NOT_YET
    is_good = state.outcome is Outcome.COMPLETED
    return Parent(
        started_at=state.started_at,
        has_ended=True,
        any_bad=not is_good,
        good=Ranges(),
    )
