"""What `tsqueue` prints: a line for each job and task."""

from __future__ import annotations

from collections.abc import Iterator

from tinysched.job.model import Job, Outcome, Reason, Unit
from tinysched.job.quantities import format_elapsed, format_time
from tinysched.job.queries import QueueQuery
from tinysched.job.ranges import Ranges
from tinysched.job.selecting import Chooser, Chosen
from tinysched.job.snapshot import Snapshot
from tinysched.job.states import PENDING, state_name
from tinysched.report import json
from tinysched.report.columns import table
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
from tinysched.report.text import cut, visible

COLUMNS = ("JOBID", "NAME", "STATE", "CPUS", "TIME", "SUBMIT", "USER", "REASON")
FLUSH_RIGHT = ("CPUS", "TIME")
# Nobody's names may push the other columns off everybody's screen.
WIDEST_NAME = 40
WIDEST_REASON = 200

_Row = tuple[str, str, str, str, str, str, str, str]


def render(query: QueueQuery, snapshot: Snapshot, place: Place) -> str:
    """The listing that was asked for, as a table or as JSON."""
    chooser = Chooser(query.filter)
    chosen = ((job, chooser.choose(job, snapshot.units.get(job.id, ()))) for job in snapshot.jobs)
    if query.json:
        return json.render(chosen, snapshot, every_task=query.one_line_a_task)
    rows = [
        row
        for job, part in chosen
        if part
        for row in _Lines(job, snapshot, place).rows(part, query.one_line_a_task)
    ]
    listing = table(COLUMNS, rows, right=FLUSH_RIGHT, show_header=query.header)
    return listing + others_text(snapshot)


def others_text(snapshot: Snapshot) -> str:
    """What is hidden, in a line; '' if nothing is."""
    others = snapshot.others
    if others is None:
        return ""
    return f"others: {others.running} running on {others.cores} cores, {others.waiting} waiting\n"


def reason_text(reason: Reason) -> str:
    """A reason as the last column shows it."""
    return cut(visible(str(reason)), WIDEST_REASON)


class _Lines:
    """The lines of one job; what they have in common is worked out once."""

    def __init__(self, job: Job, snapshot: Snapshot, place: Place) -> None:
        self._job = job
        self._snapshot = snapshot
        self._reasons = Reasons(job, snapshot)
        self._name = cut(visible(job.request.name), WIDEST_NAME)
        self._user = cut(visible(job.user), WIDEST_NAME)
        offset_s = place.utc_offset_s(job.submitted_at)
        self._submitted = format_time(job.submitted_at, offset_s)

    def rows(self, part: Chosen, every_task: bool) -> Iterator[_Row]:
        """One for each task that has started, then those that have not."""
        yield from map(self._unit, part.units)
        if part.todo:
            yield from self._unstarted(part.todo, every_task, PENDING, self._reasons.waiting())
        if part.cancelled:
            cancelled = Outcome.CANCELLED.value
            yield from self._unstarted(part.cancelled, every_task, cancelled, TAKEN_AWAY)

    def _unit(self, unit: Unit) -> _Row:
        snapshot = self._snapshot
        return (
            str(unit.id),
            self._name,
            state_name(unit),
            str(cores_of(self._job, unit, snapshot.cores_total)),
            format_elapsed(elapsed_s(unit, snapshot.now)),
            self._submitted,
            self._user,
            reason_text(self._reasons.of(unit)),
        )

    def _unstarted(
        self, tasks: Ranges, every_task: bool, state: str, reason: Reason
    ) -> Iterator[_Row]:
        job = self._job
        same = (
            self._name,
            state,
            str(cores_wanted(job, self._snapshot.cores_total)),
            format_elapsed(0),
            self._submitted,
            self._user,
            reason_text(reason),
        )
        singly, rest = singly_and_rest(tasks, every_task)
        for task in singly:
            yield (f"{job.id}_{task}", *same)
        if rest:
            limit = waiting_limit(job) if state == PENDING else None
            yield (f"{job.id}_[{array_text(rest, limit)}]", *same)
