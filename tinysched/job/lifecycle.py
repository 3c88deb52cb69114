"""What happened to a unit of work, and the state and reason that follow from it."""

from __future__ import annotations

from dataclasses import replace

from tinysched.job.model import (
    Cancel,
    Elements,
    Ended,
    Granted,
    Outcome,
    Pending,
    Reason,
    Running,
    Unit,
)
from tinysched.job.quantities import format_duration
from tinysched.job.runs import Cause, Ending

# From the mildest to the gravest: an array is as bad as its worst task.
GRAVITY = (
    Outcome.COMPLETED,
    Outcome.CANCELLED,
    Outcome.FAILED,
    Outcome.TIMEOUT,
    Outcome.OUT_OF_MEMORY,
    Outcome.NODE_FAIL,
)


def granted(unit: Unit, now: float, cores: int) -> Unit:
    """A pending unit is given its cores: the next attempt begins."""
    return replace(unit, attempt=unit.attempt + 1, state=Granted(granted_at=now, cores=cores))


def started(unit: Unit, started_at: float, pid: int, output: str, error: str) -> Unit:
    """Its agent says that a granted unit runs; any other unit is not changed by such news."""
    if not isinstance(unit.state, Granted):
        return unit
    running = Running(
        granted_at=unit.state.granted_at,
        cores=unit.state.cores,
        started_at=started_at,
        pid=pid,
        output=output,
        error=error,
    )
    return replace(unit, state=running)


def ended(unit: Unit, ending: Ending, limit_s: int | None) -> Unit:
    """The exit record of a unit's present attempt has come; a final state stays as it is."""
    if isinstance(unit.state, Ended):
        return unit
    outcome, reason = verdict(ending, unit.cancel, limit_s)
    final = Ended(
        outcome=outcome,
        reason=reason,
        ended_at=ending.ended_at,
        exit=ending.exit,
        started_at=ending.started_at,
        elapsed_s=ending.elapsed_s,
        cpu_s=ending.cpu_s,
        cores=unit.state.cores if isinstance(unit.state, Granted | Running) else 0,
        survivors=ending.survivors,
        output=ending.output,
        error=ending.error,
    )
    return replace(unit, state=final)


def verdict(ending: Ending, cancel: Cancel | None, limit_s: int | None) -> tuple[Outcome, Reason]:
    """Final state and reason of an exit record. Source: FACTS "States and exit codes"."""
    match ending.cause:
        case Cause.CANCEL:
            by = f"by uid {cancel.by_uid}" if cancel else "by its owner"
            return Outcome.CANCELLED, Reason(name="Cancelled", words=by)
        case Cause.LIMIT:
            words = f"ran longer than {format_duration(limit_s)}" if limit_s is not None else ""
            return Outcome.TIMEOUT, Reason(name="TimeLimit", words=words)
        case Cause.LAUNCH:
            return Outcome.FAILED, Reason(name="JobLaunchFailure", words=ending.words)
        case Cause.LOST:
            return Outcome.NODE_FAIL, Reason(name="WorkerLost", words=ending.words)
        case Cause.EXIT:
            return _own_end(ending)


def _own_end(ending: Ending) -> tuple[Outcome, Reason]:
    if ending.exit is None:
        return Outcome.NODE_FAIL, Reason(name="WorkerLost", words="nobody saw the job end")
    if ending.exit.signal:
        words = f"killed by signal {ending.exit.signal}"
        return Outcome.FAILED, Reason(name="NonZeroExitCode", words=words)
    if ending.exit.code:
        words = f"exit code {ending.exit.code}"
        return Outcome.FAILED, Reason(name="NonZeroExitCode", words=words)
    return Outcome.COMPLETED, Reason(name="None")


def cancelled_unstarted(unit: Unit, cancel: Cancel) -> Unit:
    """A unit that never ran is cancelled: final at once."""
    final = Ended(
        outcome=Outcome.CANCELLED,
        reason=Reason(name="Cancelled", words=f"by uid {cancel.by_uid}"),
        ended_at=cancel.ordered_at,
    )
    return replace(unit, state=final, cancel=cancel)


def requeued(unit: Unit, now: float) -> Unit:
    """A unit goes back into the queue; its next attempt is a new one."""
    return replace(unit, state=Pending(eligible_at=now), restarts=unit.restarts + 1, cancel=None)


def worse(one: Outcome, other: Outcome) -> Outcome:
    """The graver of two ends."""
    return max(one, other, key=GRAVITY.index)


def array_settled(work: Elements, live: int, now: float) -> Elements:
    """An array without tasks to start and without live ones has ended."""
    if work.todo or live or work.ended_at is not None:
        return work
    worst = worse(work.worst, Outcome.CANCELLED) if work.cancelled else work.worst
    return replace(work, ended_at=now, worst=worst)
