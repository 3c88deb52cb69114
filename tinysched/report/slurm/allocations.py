"""What sacct says of each job, task, or waiting part of an array, and of the steps of each.

Slurm calls one attempt an allocation; the script is one of its steps, `batch`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tinysched.job import history
from tinysched.job.history import Event
from tinysched.job.model import (
    Elements,
    Ended,
    Exit,
    Job,
    Outcome,
    Pending,
    Unit,
)
from tinysched.job.snapshot import Snapshot
from tinysched.job.states import COMPLETING, RUNNING
from tinysched.report.slurm import parts, reasons, rows, tasklists
from tinysched.report.slurm.parts import (
    BATCH,
    NO_EXIT,
    OUT_OF_MEMORY,
    Part,
    exit_of_script,
    state_by,
)
from tinysched.report.slurm.rows import Row

REQUEUED = "REQUEUED"
_TASK_LIMIT = "JobArrayTaskLimit"
_HELD = ("JobHeldUser", "JobHeldAdmin")
# What is told of it; what comes and goes is not.
_REASONS = {
    "Resources": "None",
    "Priority": "None",
    "NonZeroExitCode": "None",
    "JobLaunchFailure": "None",
    "TimeLimit": "None",
    "NodeDown": "None",
    "OutOfMemory": "None",
    "job requeued in held state": "JobHeldUser",
}
_OWN_ENDS = (Outcome.COMPLETED, Outcome.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """One attempt at a job or task, or what waits. Moments: UTC, seconds.

    `state` is Slurm's long name; `by_uid`: who has cancelled it (None: nobody). `eligible_at`: when
    it could have started (None: nobody knows, or it never could). `is_former`: it was requeued.
    """

    row: Row
    state: str
    exit: Exit
    submitted_at: float
    eligible_at: float | None
    started_at: float | None
    ended_at: float | None
    elapsed_s: float
    parts: tuple[Part, ...] = ()
    by_uid: int | None = None
    is_former: bool = False

    @property
    def derived(self) -> Exit:
        """The gravest end of what srun started."""
        ends = (part.exit for part in self.parts if part.step != BATCH)
        return max(ends, key=lambda end: (end.code, end.signal), default=NO_EXIT)

    @property
    def shown_id(self) -> str:
        """`42`, `42_7`, `42_[1-3%2]`: also of tasks that were cancelled before they started."""
        row, work = self.row, self.row.job.work
        if row.unit is not None or row.tasks or not isinstance(work, Elements):
            return row.shown_id
        return f"{row.job.id}_[{tasklists.text(work.cancelled)}{row.task_limit}]"

    @property
    def has_cores(self) -> bool:
        """It has started, and so has something of the host, or had."""
        return self.row.has_started or self.is_former or bool(self.parts)

    @property
    def reason(self) -> str:
        """What it waits for, or waited for last."""
        name = self.row.reason if self.row.is_pending else self._waited_for()
        return _REASONS.get(name, name)

    def _waited_for(self) -> str:
        """What kept it from starting, as far as its record tells."""
        row, array = self.row, self.row.job.request.array
        if array is not None and array.limit is not None:
            task = None if row.unit is None else row.unit.id.task
            is_late = task not in array.tasks.take(array.limit)
            return _TASK_LIMIT if is_late and row.reason not in _HELD else row.reason
        if row.ended is not None and self.eligible_at is None:
            return row.reason
        if row.job.dependencies.edges:
            return "Dependency"
        if row.job.request.held:
            return "JobHeldUser"
        return "BeginTime" if row.job.request.begin_at is not None else "None"

    @property
    def user_s(self) -> float:
        """CPU time of all steps."""
        return sum(part.user_s for part in self.parts)

    @property
    def system_s(self) -> float:
        """CPU time of all steps in the kernel."""
        return sum(part.system_s for part in self.parts)


def of(snapshot: Snapshot, jobs: Iterable[Job]) -> Iterator[Allocation]:
    """Every attempt at some jobs, the former ones first."""
    for row in rows.of(snapshot, jobs):
        if row.unit is not None:
            yield from _former(row, row.unit)
        yield _present(row, snapshot.now)


def _present(row: Row, now: float) -> Allocation:
    ended = row.ended
    state = RUNNING if row.state == COMPLETING else row.state
    started_at, ended_at = row.started_at, None if ended is None else ended.ended_at
    is_cancelled = state == Outcome.CANCELLED.value
    if is_cancelled and ended is None:  # tasks of an array that never started
        work = row.job.work
        ended_at = _withdrawn_at(work) if isinstance(work, Elements) else None
    elif started_at is None and ended_at is not None:
        started_at = ended_at  # as Slurm has it of what never ran
    return Allocation(
        row=row,
        state=state,
        exit=_exit_of_job(ended),
        submitted_at=_submitted_at(row),
        eligible_at=_eligible_at(row),
        started_at=started_at,
        ended_at=ended_at,
        elapsed_s=row.elapsed_s,
        parts=tuple(parts.of(row, now)),
        by_uid=_cancelled_by(row) if is_cancelled else None,
    )


def _exit_of_job(ended: Ended | None) -> Exit:
    """What it ended with by itself; nothing if it was ended."""
    if ended is None:
        return NO_EXIT
    if ended.outcome is Outcome.OUT_OF_MEMORY:
        return OUT_OF_MEMORY
    return exit_of_script(ended) if ended.outcome in _OWN_ENDS else NO_EXIT


def _submitted_at(row: Row) -> float:
    """When it was put into the queue, for the last time."""
    events = () if row.unit is None else row.unit.history.events()
    requeued = (event.at for event in events if event.name == history.REQUEUED)
    return max(requeued, default=row.job.submitted_at)


def _eligible_at(row: Row) -> float | None:
    state = None if row.unit is None else row.unit.state
    if isinstance(state, Pending) and state.not_before is not None:
        return state.not_before
    if row.is_pending:
        return row.standing.eligible_at
    if not row.has_started:
        until = row.ended.ended_at if row.ended is not None else None
        is_waiting = until is None or reasons.waited(row.job, until) != "None"
        return None if is_waiting else row.job.submitted_at
    return _freed_at(row)


def _freed_at(row: Row) -> float:
    """When what has started could have started: what it waited for may have taken until then."""
    job, started_at = row.job, row.planned_at or row.job.submitted_at
    if job.dependencies.edges:
        return started_at
    events = job.work.history.events()
    released = (event.at for event in events if event.name == history.RELEASED)
    moments = (_submitted_at(row), job.request.begin_at or 0.0, *released)
    return min(max(moments), started_at)


def _cancelled_by(row: Row) -> int | None:
    if row.unit is not None:
        return None if row.unit.cancel is None else row.unit.cancel.by_uid
    return _by(_last(row.job.work.history.events(), history.WITHDRAWN))


def _withdrawn_at(work: Elements) -> float | None:
    event = _last(work.history.events(), history.WITHDRAWN)
    return work.ended_at if event is None else event.at


def _last(events: Sequence[Event], name: str) -> Event | None:
    return next((event for event in reversed(events) if event.name == name), None)


def _by(event: Event | None) -> int | None:
    uid = "" if event is None else event.facts.get("by", "")
    return int(uid) if uid.isascii() and uid.isdecimal() else None


# What was requeued


def _former(row: Row, unit: Unit) -> Iterator[Allocation]:
    """The attempts that were followed by another one, as the history tells."""
    submitted_at, told = row.job.submitted_at, list[Event]()
    for event in unit.history.events():
        told.append(event)
        if event.name == history.REQUEUED:
            attempt = _attempt(row, told, submitted_at)
            if attempt is not None:
                yield attempt
            submitted_at, told = event.at, []


def _attempt(row: Row, told: Sequence[Event], submitted_at: float) -> Allocation | None:
    ended, began = _last(told, history.ENDED), _last(told, history.STARTED)
    if ended is None:
        return None
    exit_ = _exit(ended)
    is_lost = ended.facts.get("state") == Outcome.NODE_FAIL.value
    state = Outcome.NODE_FAIL.value if is_lost else REQUEUED
    is_own = ended.facts.get("state") in (Outcome.COMPLETED.value, Outcome.FAILED.value)
    started_at = None if began is None else began.at
    elapsed_s = 0.0 if began is None else max(0.0, ended.at - began.at)
    batch = Part(
        step=BATCH,
        name=BATCH,
        state=state_by(exit_),
        exit=exit_,
        tasks=1,
        cores=row.cores,
        started_at=started_at,
        ended_at=ended.at,
        elapsed_s=elapsed_s,
    )
    return Allocation(
        row=replace(row, state=state, started_at=started_at, elapsed_s=elapsed_s),
        state=state,
        exit=exit_ if is_own else NO_EXIT,
        submitted_at=submitted_at,
        eligible_at=submitted_at,
        started_at=started_at,
        ended_at=ended.at,
        elapsed_s=elapsed_s,
        parts=() if row.job.request.foreground else (batch,),
        is_former=True,
    )


def _exit(ended: Event) -> Exit:
    try:
        return Exit.parse(ended.facts.get("exit", ""))
    except ValueError:
        return NO_EXIT
