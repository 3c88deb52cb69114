"""What every listing says of a job in the same way: its lines, cores, times and reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tinysched.job.model import Ended, Granted, Job, Pending, Reason, Running, Unit
from tinysched.job.ranges import Ranges
from tinysched.job.snapshot import Snapshot

# Of the tasks of an array that have not started, so many are listed one by one.
SINGLY = 20
# A longer list of tasks is cut; Slurm cuts its own at the same length.
LONGEST_LIST = 64

NO_REASON = Reason(name="")
TAKEN_AWAY = Reason(name="Cancelled", words="before it started")
_STOPPING = Reason(name="Stopping", words="its processes have been told to end")


def singly_and_rest(tasks: Ranges, every_one: bool) -> tuple[Iterable[int], Ranges]:
    """The tasks that get a line each, and those that share one."""
    if every_one or len(tasks) <= SINGLY + 1:
        return tasks, Ranges()
    first = Ranges.of(tasks.take(SINGLY))
    return first, tasks - first


def array_text(tasks: Ranges, limit: int | None = None, longest: int | None = LONGEST_LIST) -> str:
    """`24-10000%2`: tasks that share a line, and how many of an array may run at once."""
    text = str(tasks)
    if longest is not None and len(text) > longest:
        text = text[: text.rindex(",", 0, longest)] + ",..."
    return text if limit is None else f"{text}%{limit}"


def waiting_limit(job: Job) -> int | None:
    """How many tasks of the job's array may run at once."""
    return None if job.request.array is None else job.request.array.limit


def cores_wanted(job: Job, cores_total: int) -> int:
    """The cores that a task of the job takes, or will take when it starts."""
    return max(cores_total, 1) if job.request.exclusive else job.request.cores


def cores_of(job: Job, unit: Unit, cores_total: int) -> int:
    """The cores a task has, had, or waits for."""
    if isinstance(unit.state, Pending):
        return cores_wanted(job, cores_total)
    return unit.state.cores or cores_wanted(job, cores_total)


def started_at(unit: Unit) -> float | None:
    """When it began to run (UTC, seconds)."""
    return unit.state.started_at if isinstance(unit.state, Running | Ended) else None


def elapsed_s(unit: Unit, now: float) -> float:
    """How long it has run, or ran, without pauses; 0 before its start."""
    state = unit.state
    if isinstance(state, Running):
        pause_s = 0.0 if unit.amended is None else unit.amended.pause_s(now)
        return max(now - state.started_at - pause_s, 0.0)
    if not isinstance(state, Ended):
        return 0.0
    if state.elapsed_s > 0 or state.started_at is None:
        return state.elapsed_s
    return max(state.ended_at - state.started_at, 0.0)


def with_setback(waiting: Reason, unit: Unit) -> Reason:
    """Why a task waits, and why it waits once more, if nobody wanted that."""
    if unit.setback is None:
        return waiting
    return replace(waiting, words=f"{waiting.words} (requeued: {unit.setback})".strip())


class Reasons:
    """Why each part of one job is where it is; the queue is asked at most once."""

    __slots__ = ("_job", "_snapshot", "_waiting")

    def __init__(self, job: Job, snapshot: Snapshot) -> None:
        self._job = job
        self._snapshot = snapshot
        self._waiting: Reason | None = None

    def waiting(self) -> Reason:
        """Why the job, or what has not started of it, waits."""
        if self._waiting is None:
            self._waiting = self._snapshot.explain(self._job)
        return self._waiting

    def of(self, unit: Unit) -> Reason:
        """Why a task is where it is; without a name if there is nothing to explain."""
        if isinstance(unit.state, Pending):
            return with_setback(self.waiting(), unit)
        if isinstance(unit.state, Granted | Running):
            return _while_live(unit)
        return NO_REASON if unit.state.reason.name == "None" else unit.state.reason


def _while_live(unit: Unit) -> Reason:
    if isinstance(unit.state, Running) and unit.state.lingering:
        words = f"KILL did not end {', '.join(unit.state.lingering)}"
        return Reason(name="Unkillable", words=words)
    return NO_REASON if unit.cancel is None else _STOPPING
