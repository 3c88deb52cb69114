"""What `tsqueue` prints: a line for each job and task."""

from __future__ import annotations

from collections.abc import Iterator

from tinysched.errors import RefusedError
from tinysched.job.model import Job, Outcome, Pending, Reason, Unit
from tinysched.job.quantities import format_elapsed, format_time
from tinysched.job.queries import QueueQuery
from tinysched.job.ranges import Ranges
from tinysched.job.selecting import Chooser, Chosen
from tinysched.job.snapshot import Snapshot
from tinysched.job.states import PENDING, state_name
from tinysched.report import json
from tinysched.report.lines import (
    TAKEN_AWAY,
    Reasons,
    array_text,
    cores_of,
    cores_wanted,
    elapsed_s,
    singly_and_rest,
    waiting_limit,
)
from tinysched.report.place import Place
from tinysched.report.sheets import Alike, Cells, Kept, Line, One, Sheet
from tinysched.report.text import cut, visible

COLUMNS = ("JOBID", "NAME", "STATE", "CPUS", "TIME", "SUBMIT", "USER", "REASON")
FLUSH_RIGHT = ("CPUS", "TIME")
# Nobody's names may push the other columns off everybody's screen.
WIDEST_NAME = 40
WIDEST_REASON = 200
# So many lines are kept in any case.
FEW = 1000
# Everybody waits while a listing is made, and nobody reads one that is longer.
MOST_LINES = 1_100_000
TOO_LONG = f"cannot list more than {MOST_LINES} tasks one a line"

_Said = tuple[Line, str]
"""A line, and the reason that ends it."""


class Lister:
    """Lists a queue again and again: the line of a job that waits as it did before is kept."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._sheet = Sheet(COLUMNS, FLUSH_RIGHT)
        self._cores_total = 0
        self._kept: dict[int, Kept] = {}
        self._older: dict[int, Kept] = {}

    def render(self, query: QueueQuery, snapshot: Snapshot) -> str:
        """The listing that was asked for, as a table or as JSON."""
        chooser = Chooser(query.filter)
        if query.json:
            chosen = (
                (job, chooser.choose(job, snapshot.units.get(job.id, ()))) for job in snapshot.jobs
            )
            return json.render(chosen, snapshot, every_task=query.one_line_a_task)
        if snapshot.cores_total != self._cores_total:  # some have asked for all there are
            self._cores_total = snapshot.cores_total
            self._kept, self._older = {}, {}
        said = list(self._said(query, chooser, snapshot))
        if len(self._kept) > max(FEW, 2 * len(said)):
            self._kept, self._older = {}, self._kept
        return self._sheet.text(said, show_header=query.header) + others_text(snapshot)

    def _said(self, query: QueueQuery, chooser: Chooser, snapshot: Snapshot) -> Iterator[_Said]:
        reason, text = TAKEN_AWAY, reason_text(TAKEN_AWAY)
        takes_all, count = chooser.takes_all, 0
        for job in snapshot.jobs:
            kept = self._as_before(job)
            if kept is None or not takes_all:
                part = chooser.choose(job, snapshot.units.get(job.id, ()))
                if not part:
                    continue
                count += len(part.todo) + len(part.cancelled) if query.one_line_a_task else 0
                if count > MOST_LINES:
                    raise RefusedError(TOO_LONG, "leave out --array, or ask for fewer jobs")
                if not _just_waits(job):
                    yield from _Lines(job, snapshot, self._place).all(part, query.one_line_a_task)
                    continue
            if kept is None:
                kept = self._kept[job.id] = self._sheet.keep(job, self._waiting)
            said = snapshot.explain(job)
            if said is not reason:  # mostly it is that of the one before
                reason, text = said, reason_text(said)
            yield kept, text

    def _as_before(self, job: Job) -> Kept | None:
        """The line of a job that has not changed since it was listed last."""
        kept = self._kept.get(job.id) or self._older.get(job.id)
        if kept is None or kept.job is not job:
            return None
        self._kept[job.id] = kept
        return kept

    def _waiting(self, job: Job) -> Cells:
        cores = cores_wanted(job, self._cores_total)
        return _cells(job, str(job.id), PENDING, cores, 0.0, self._place)


def render(query: QueueQuery, snapshot: Snapshot, place: Place) -> str:
    """The listing that was asked for, for who asks only once."""
    return Lister(place).render(query, snapshot)


def others_text(snapshot: Snapshot) -> str:
    """What is hidden, in a line; '' if nothing is."""
    others = snapshot.others
    if others is None:
        return ""
    return f"others: {others.running} running on {others.cores} cores, {others.waiting} waiting\n"


def reason_text(reason: Reason) -> str:
    """A reason as the last column shows it."""
    return cut(visible(str(reason)), WIDEST_REASON)


def _just_waits(job: Job) -> bool:
    """A plain job that waits, and of which there is nothing else to say."""
    work = job.work
    return isinstance(work, Unit) and isinstance(work.state, Pending) and work.setback is None


def _cells(
    job: Job, name: str, state: str, cores: int, elapsed_s: float, place: Place
) -> Cells:  # fmt: skip
    return (
        name,
        cut(visible(job.request.name), WIDEST_NAME),
        state,
        str(cores),
        format_elapsed(elapsed_s),
        format_time(job.submitted_at, place.utc_offset_s(job.submitted_at)),
        cut(visible(job.user), WIDEST_NAME),
    )


class _Lines:
    """The lines of one job; what they have in common is worked out once."""

    def __init__(self, job: Job, snapshot: Snapshot, place: Place) -> None:
        self._job = job
        self._snapshot = snapshot
        self._place = place
        self._reasons = Reasons(job, snapshot)

    def all(self, part: Chosen, every_task: bool) -> Iterator[_Said]:
        """One for each task that has started, then those that have not."""
        yield from map(self._unit, part.units)
        if part.todo:
            yield from self._unstarted(part.todo, every_task, PENDING, self._reasons.waiting())
        if part.cancelled:
            cancelled = Outcome.CANCELLED.value
            yield from self._unstarted(part.cancelled, every_task, cancelled, TAKEN_AWAY)

    def _unit(self, unit: Unit) -> _Said:
        job, snapshot = self._job, self._snapshot
        cores, spent_s = cores_of(job, unit, snapshot.cores_total), elapsed_s(unit, snapshot.now)
        cells = _cells(job, str(unit.id), state_name(unit), cores, spent_s, self._place)
        return One(cells), reason_text(self._reasons.of(unit))

    def _unstarted(
        self, tasks: Ranges, every_task: bool, state: str, reason: Reason
    ) -> Iterator[_Said]:
        job, why = self._job, reason_text(reason)
        cores = cores_wanted(job, self._snapshot.cores_total)
        same = _cells(job, "", state, cores, 0.0, self._place)[1:]
        singly, rest = singly_and_rest(tasks, every_task)
        if singly:
            yield Alike([f"{job.id}_{task}" for task in singly], same), why
        if rest:
            limit = waiting_limit(job) if state == PENDING else None
            yield One((f"{job.id}_[{array_text(rest, limit)}]", *same)), why
