"""What `tsctl why` prints: why a job is where it is, what to expect, and what would help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from tinysched.job.model import Ended, Granted, Job, Pending, Reason, Running, Unit
from tinysched.job.quantities import format_duration, format_elapsed
from tinysched.job.queries import Selector
from tinysched.job.reasons import REASONS
from tinysched.job.snapshot import Snapshot
from tinysched.job.states import MEANINGS, PENDING
from tinysched.report.history import CANCELLED, Piece, moment, pieces, shares, standing
from tinysched.report.lines import array_text, cores_of, cores_wanted, elapsed_s
from tinysched.report.phrases import some_cores
from tinysched.report.place import Place
from tinysched.report.text import visible

_Line = tuple[str, str]

_OUTPUT = "tsout --cat {id} shows what it wrote"
# What to do, by reason; nothing where only patience helps.
CURES: Mapping[str, str] = MappingProxyType(
    {
        "Resources": "patience; or cancel it and submit it with fewer cores or less memory",
        "Priority": "patience: the older one starts first, then those behind it",
        "Dependency": "patience; or cancel it and submit it without --dependency",
        "DependencyNeverSatisfied": "tscancel {id}, and submit it anew",
        "PartitionConfig": "tscancel {id}, and submit it with less",
        "PartitionTimeLimit": "tscancel {id}, and submit it with a shorter --time",
        "PartitionDown": "tscancel {id}, and submit it to a partition that exists and is open",
        "NodeDrained": "patience: the queue's admin opens it again",
        "AccountNotAllowed": "tscancel {id}, and submit it to another partition",
        "AgentDown": "any ts command of {user}, such as tsqueue, starts the agent",
        "JobHeldUser": "tscontrol release {id}, by {user} or an admin",
        "JobHeldAdmin": "ask the queue's admin: tscontrol release {id}",
        "JobArrayTaskLimit": "patience: the next starts when one of its tasks ends",
        "ClientGone": "if its run_job.sh does not come back within seconds it is cancelled",
        "NoDispatcher": "tsdaemon start, by the queue's admin",
        "Stopping": "patience: what ignores TERM gets KILL after kill_wait_s",
        "TimeLimit": "submit it with a longer --time; " + _OUTPUT,
        "NonZeroExitCode": _OUTPUT,
        "JobLaunchFailure": "mend what the reason names, and submit it again",
        "WorkerLost": "look whether its work is complete: " + _OUTPUT,
        "NodeDown": "look whether its work is complete: " + _OUTPUT,
    }
)


def render(selectors: Sequence[Selector], snapshot: Snapshot, place: Place) -> str:
    """A paragraph for each job and task that was named."""
    return "\n".join(_paragraph(piece, snapshot, place) for piece in pieces(selectors, snapshot))


def _paragraph(piece: Piece, snapshot: Snapshot, place: Place) -> str:
    job = piece.job
    state, reason = standing(piece, snapshot)
    title = f"Job {piece.name} of {job.user} ({job.request.name}): {state}"
    lines = [*_state(state), *_reason(reason)]
    if piece.unit is None and not isinstance(job.work, Unit):
        lines += _array(job, snapshot)
    if state == PENDING:
        lines += _waiting(piece, snapshot, reason, place)
    elif piece.unit is not None:
        lines += _begun(job, piece.unit, snapshot, place)
    lines += _help(piece, reason)
    body = "".join(f"  {label:<8}  {visible(words)}\n" for label, words in lines)
    return f"{visible(title)}\n{body}"


def _state(state: str) -> Iterator[_Line]:
    if state in MEANINGS:
        yield "state", MEANINGS[state]


def _reason(reason: Reason) -> Iterator[_Line]:
    if reason.name:
        yield "reason", str(reason)
    if reason.name in REASONS:
        yield "that is", REASONS[reason.name]


def _array(job: Job, snapshot: Snapshot) -> Iterator[_Line]:
    for name, tasks in shares(job, snapshot):
        if not tasks:
            continue
        how = ", cancelled before they started" if name == CANCELLED else ""
        label = "gone" if name == CANCELLED else name
        yield label, f"{len(tasks)} of its tasks{how}: {array_text(tasks)}"


def _waiting(piece: Piece, snapshot: Snapshot, reason: Reason, place: Place) -> Iterator[_Line]:
    job = piece.job
    unit = piece.unit if piece.unit is not None else job.work
    if isinstance(unit, Unit):
        since = unit.state.eligible_at if isinstance(unit.state, Pending) else job.submitted_at
    else:
        since = unit.eligible_at
    if since > 0:
        waited = format_elapsed(max(0.0, snapshot.now - since))
        yield "waits", f"since {moment(since, place)}, {waited} by now"
    cores = cores_wanted(job, snapshot.cores_total)
    yield "needs", f"{cores} of the {snapshot.cores_total} cores that this queue has"
    prospect = snapshot.prospect(job)
    if prospect is None:
        return
    yield "free", some_cores(prospect.cores_free)
    yield "ahead", f"{prospect.ahead or 'no'} {'job' if prospect.ahead == 1 else 'jobs'}"
    if prospect.enough_at is not None and reason.name in ("Resources", "Priority"):
        at = moment(prospect.enough_at, place)
        yield "enough", f"at {at}, if all that runs now uses up its time limit"


def _begun(job: Job, unit: Unit, snapshot: Snapshot, place: Place) -> Iterator[_Line]:
    state, cores = unit.state, some_cores(cores_of(job, unit, snapshot.cores_total))
    spent = format_elapsed(elapsed_s(unit, snapshot.now))
    if isinstance(state, Granted):
        yield "granted", f"at {moment(state.granted_at, place)}, on {cores}; it starts now"
    if isinstance(state, Running):
        yield "runs", f"since {moment(state.started_at, place)}, {spent} by now, on {cores}"
        yield "limit", _limit(job, unit, state, place)
        yield "process", f"its script has pid {state.pid}"
    if isinstance(state, Ended):
        yield from _over(state, spent, cores, place)
    if unit.cancel is not None:
        what = "stopped and requeued" if unit.cancel.requeue else "cancelled"
        yield (
            "order",
            f"{what} by uid {unit.cancel.by_uid} at " + moment(unit.cancel.ordered_at, place),
        )
    if unit.attempt > 1:
        yield "attempt", f"{unit.attempt}, requeued {unit.restarts} times"


def _over(state: Ended, spent: str, cores: str, place: Place) -> Iterator[_Line]:
    ended_at = moment(state.ended_at, place)
    if state.started_at is None:
        yield "ended", f"at {ended_at}, before it started"
    else:
        began_at = moment(state.started_at, place)
        yield "ran", f"from {began_at} to {ended_at}, {spent} on {cores}"
        yield "used", f"{state.cpu_s:.1f} s of CPU"
    if state.survivors:
        yield "left", f"processes that it left behind were stopped: {', '.join(state.survivors)}"


def _limit(job: Job, unit: Unit, state: Running, place: Place) -> str:
    limit_s = job.request.limit_s
    if limit_s is None:
        return "none"
    if unit.is_suspended:
        return f"{format_duration(limit_s)}, which do not run while it is suspended"
    paused_s = 0.0 if unit.amended is None else unit.amended.paused_s
    reached_at = moment(state.started_at + limit_s + paused_s, place)
    return f"{format_duration(limit_s)}, reached at {reached_at}"


def _help(piece: Piece, reason: Reason) -> Iterator[_Line]:
    cure = CURES.get(reason.name)
    if cure is not None and not (piece.job.request.foreground and "tsout" in cure):
        number = piece.job.id if "tscontrol release" in cure else piece.name
        yield "helps", cure.format(id=number, user=piece.job.user)
    yield "more", f"tsctl history {piece.name}"
