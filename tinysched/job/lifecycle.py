"""What happened to a unit of work, and the state and reason that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tinysched.job import history
from tinysched.job.model import (
    Cancel,
    Elements,
    Ended,
    Granted,
    Job,
    Outcome,
    Pending,
    Reason,
    Running,
    Step,
    Unit,
)
from tinysched.job.quantities import format_duration
from tinysched.job.ranges import Ranges
from tinysched.job.request import Request
from tinysched.job.runs import Cause, Ending

# Those that run may be more than those that are kept; that many at once are not looked at.
MOST_TOLD = 400
_LOST_WITH_HOST = "NodeDown"
# What a shell adds to the number of a signal that killed its command.
_BY_SIGNAL = 128
# From the mildest to the gravest: an array is as bad as its worst task.
GRAVITY = (
    Outcome.COMPLETED,
    Outcome.CANCELLED,
    Outcome.DEADLINE,
    Outcome.FAILED,
    Outcome.TIMEOUT,
    Outcome.OUT_OF_MEMORY,
    Outcome.NODE_FAIL,
)


def granted(
    unit: Unit, now: float, cores: int, launcher_pid: int | None = None, boot_id: str = ""
) -> Unit:
    """A pending unit is given its cores: the next attempt begins.

    `launcher_pid`: the agent, or the foreground client, that is told. `boot_id`: of this boot.
    """
    attempt = unit.attempt + 1
    told = unit.history.with_event(
        now, history.GRANTED, attempt=attempt, cores=cores, agent=launcher_pid
    )
    state = Granted(granted_at=now, cores=cores, boot_id=boot_id)
    return replace(unit, attempt=attempt, state=state, history=told, amended=None)


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
        boot_id=unit.state.boot_id,
    )
    told = unit.history.with_event(started_at, history.STARTED, attempt=unit.attempt, pid=pid)
    return replace(unit, state=running, history=told)


def cancel_ordered(unit: Unit, cancel: Cancel) -> Unit:
    """Somebody has ordered the end of a live unit; it ends when its agent says so."""
    name = history.REQUEUE_ORDERED if cancel.requeue else history.CANCEL_ORDERED
    return replace(unit, cancel=cancel, history=_ordered(unit, cancel, name))


def lingers(unit: Unit, names: tuple[str, ...]) -> Unit:
    """Its agent says what of it has outlived KILL; a unit that does not run is not changed."""
    if not isinstance(unit.state, Running):
        return unit
    return replace(unit, state=replace(unit.state, lingering=names))


def stepped(unit: Unit, told: Iterable[Step], gone: Iterable[int]) -> Unit:
    """Its agent says how steps of it are, and which are not kept any more."""
    if not isinstance(unit.state, Running):
        return unit
    known = {step.number: step for step in unit.state.steps}
    known.update((step.number, step) for step in told)
    for number in gone:
        known.pop(number, None)
    kept = sorted(known)[:MOST_TOLD]
    return replace(unit, state=replace(unit.state, steps=tuple(known[number] for number in kept)))


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
        steps=ending.steps,
        usage=ending.usage,
    )
    return replace(unit, state=final, history=_end_told(unit, final, ending, limit_s))


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
        case Cause.BOOT if cancel is not None and not cancel.requeue:
            return Outcome.CANCELLED, Reason(name="Cancelled", words=f"by uid {cancel.by_uid}")
        case Cause.BOOT:
            return Outcome.NODE_FAIL, Reason(name="NodeDown", words=ending.words)
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
    told = _ordered(unit, cancel, history.CANCEL_ORDERED).with_event(
        cancel.ordered_at, history.ENDED, state=final.outcome.value, reason=final.reason.name
    )
    return replace(unit, state=final, cancel=cancel, history=told)


def requeued(
    unit: Unit, now: float, by_uid: int | None = None, setback: Reason | None = None
) -> Unit:
    """A unit goes back into the queue; its next attempt is a new one.

    `setback`: what brought it there, if nobody (`by_uid`) ordered it. Then it is as old as it was
    when its turn had come.
    """
    why = None if setback is None else setback.name
    since = unit.state.started_at if isinstance(unit.state, Ended) and setback else None
    pause_s = 0.0 if unit.cancel is None else unit.cancel.pause_s
    return replace(
        unit,
        state=Pending(
            eligible_at=now if since is None else min(since, now),
            not_before=now + pause_s if pause_s else None,
        ),
        amended=None,
        restarts=unit.restarts + 1,
        cancel=None,
        setback=setback,
        history=unit.history.with_event(now, history.REQUEUED, by=by_uid, why=why),
    )


def setback(over: Unit, request: Request) -> Reason | None:
    """Why a unit whose attempt is over gets another one, if nobody ordered that; else None."""
    if not isinstance(over.state, Ended) or over.state.reason.name != _LOST_WITH_HOST:
        return None
    return over.state.reason if request.requeue and not request.foreground else None


def corrected(unit: Unit, ending: Ending, limit_s: int | None) -> Unit:
    """A unit taken for lost with the host, if its attempt turns out to have ended before.

    A death by a signal proves nothing: a host that goes down ends its processes so. Neither does
    anything once the next attempt was granted.
    """
    match unit.state:
        case Pending() if unit.setback is not None and unit.setback.name == _LOST_WITH_HOST:
            before = replace(unit, restarts=unit.restarts - 1, setback=None)
        case Ended() if unit.state.reason.name == _LOST_WITH_HOST:
            before = unit
        case _:
            return unit
    if not _is_own_end(ending):
        return unit
    return ended(replace(before, state=Pending(eligible_at=0.0)), ending, limit_s)


def _is_own_end(ending: Ending) -> bool:
    """Whether an exit record is that of a run which a restart of the host did not cut short."""
    if ending.cause is not Cause.EXIT:
        return ending.cause in (Cause.LIMIT, Cause.LAUNCH)
    exit_ = ending.exit
    return exit_ is not None and not exit_.signal and exit_.code <= _BY_SIGNAL


def given_up(job: Job, outcome: Outcome, reason: Reason, now: float, live: int) -> Job:
    """What of a job has not started yet never will; `live`: tasks of it that run."""
    if isinstance(job.work, Elements):
        work = job.work
        left = replace(work, todo=Ranges(), cancelled=work.cancelled | work.todo)
        worst = worse(work.worst, outcome)
        return replace(job, work=array_settled(replace(left, worst=worst), live, now))
    told = job.work.history.with_event(now, history.ENDED, state=outcome.value, why=reason.name)
    final = Ended(outcome=outcome, reason=reason, ended_at=now)
    return replace(job, work=replace(job.work, state=final, history=told))


def worse(one: Outcome, other: Outcome) -> Outcome:
    """The graver of two ends."""
    return max(one, other, key=GRAVITY.index)


def array_settled(work: Elements, live: int, now: float) -> Elements:
    """An array without tasks to start and without live ones has ended."""
    if work.todo or live or work.ended_at is not None:
        return work
    worst = worse(work.worst, Outcome.CANCELLED) if work.cancelled else work.worst
    told = work.history.with_event(now, history.ENDED, state=worst.value)
    return replace(work, ended_at=now, worst=worst, history=told)


def _ordered(unit: Unit, cancel: Cancel, name: str) -> history.History:
    return unit.history.with_event(
        cancel.ordered_at, name, by=cancel.by_uid, signal="KILL" if cancel.kill else "TERM"
    )


def _end_told(unit: Unit, final: Ended, ending: Ending, limit_s: int | None) -> history.History:
    told = unit.history
    if isinstance(unit.state, Granted) and ending.started_at is not None:  # news that got lost
        told = told.with_event(ending.started_at, history.STARTED, attempt=unit.attempt)
    if ending.cause is Cause.LIMIT and limit_s is not None and ending.started_at is not None:
        reached_at = min(ending.started_at + limit_s, ending.ended_at)
        told = told.with_event(
            reached_at, history.LIMIT_REACHED, attempt=unit.attempt, limit_s=limit_s
        )
    return told.with_event(
        final.ended_at,
        history.ENDED,
        attempt=unit.attempt,
        state=final.outcome.value,
        reason=final.reason.name,
        exit=final.exit,
        elapsed_s=f"{final.elapsed_s:.1f}",
        cpu_s=f"{final.cpu_s:.1f}",
        survivors=len(final.survivors) or None,
    )
