"""What has become of a job that a mail can tell: from two states of it, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from tinysched.job import history
from tinysched.job.dependencies import Verdict
from tinysched.job.mails import Event, span
from tinysched.job.model import Ended, Exit, Granted, Job, Outcome, Pending, Running, Unit

Tiding = tuple[Event, tuple[str, ...]]
"""An event, and what its subject says besides."""

_GOOD = (Outcome.COMPLETED, Outcome.CANCELLED)
# Their scripts were ended, and how is told by the state; Slurm says 0.
_ENDED_BY_US = (Outcome.CANCELLED, Outcome.TIMEOUT, Outcome.DEADLINE)
# A task that was cancelled before it started counts as killed.
_NEVER_RAN = Exit(signal=9)
_MIXED = "Mixed"


def of_unit(before: Unit, after: Unit, submitted_at: float) -> tuple[Tiding, ...]:
    """What a unit's next state means; nothing if nothing of note."""
    was, now = before.state, after.state
    match now:
        case Running(started_at=at) if not isinstance(was, Running):
            return (_began(before, at, submitted_at),)
        case Ended() if not isinstance(was, Ended):
            unseen = isinstance(was, Granted) and now.outcome is not Outcome.CANCELLED
            at = now.ended_at if now.started_at is None else now.started_at
            began = (_began(before, at, submitted_at),) if unseen else ()
            return (*began, *_ended(now))
        case Pending() if after.restarts > before.restarts:
            return ((Event.REQUEUE, (span("Run time", _lasted(before, now)),)),)
        case _:
            return ()


def of_array(units: Sequence[Unit], withdrawn: int, worst: Outcome) -> Tiding:
    """How an array ended as a whole; `withdrawn`: tasks of it that never ran."""
    exits = [_exit(unit.state) or Exit() for unit in units if isinstance(unit.state, Ended)]
    exits += [_NEVER_RAN] if withdrawn else []
    statuses = sorted(one.code << 8 | one.signal for one in exits) or [0]
    low, high = statuses[0], statuses[-1]
    event = Event.FAIL if high >> 8 else Event.END
    if not low & 0xFF and not high & 0xFF:
        state = _MIXED if not low and high else worst.value
        return event, (state, f"ExitCode [{low >> 8}-{high >> 8}]")
    if high & 0xFF:
        return event, (_MIXED, f"MaxSignal [{high & 0xFF}]")
    return event, (_MIXED, f"MaxExitCode [{high >> 8}]")


def is_hopeless(before: Job, after: Job) -> bool:
    """What it waits for can never come, as is known only now."""
    return (
        after.dependencies.verdict is Verdict.FAILED
        and before.dependencies.verdict is not Verdict.FAILED
    )


def _began(unit: Unit, at: float, submitted_at: float) -> Tiding:
    since = submitted_at
    if unit.restarts:
        told = [one.at for one in unit.history.events() if one.name == history.REQUEUED]
        since = max(told, default=submitted_at)
    return Event.BEGIN, (span("Queued time", at - since),)


def _ended(state: Ended) -> tuple[Tiding, ...]:
    lasted = span("Run time", state.elapsed_s)
    exit_ = _exit(state)
    code = () if exit_ is None or exit_.signal else (f"ExitCode {exit_.code}",)
    event = Event.END if state.outcome in _GOOD else Event.FAIL
    over: Tiding = (event, (lasted, state.outcome.value, *code))
    if state.outcome is Outcome.TIMEOUT:
        return (Event.TIME_LIMIT, (lasted,)), over
    return (over,)


def _exit(state: Ended) -> Exit | None:
    return Exit() if state.outcome in _ENDED_BY_US else state.exit


def _lasted(unit: Unit, now: Pending) -> float:
    """How long the attempt ran that is over. Units: seconds."""
    match unit.state:
        case Ended(elapsed_s=elapsed_s):
            return elapsed_s
        case Running(started_at=at):
            return now.eligible_at - at
        case _:
            return 0.0
