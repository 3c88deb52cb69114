"""The part of a record that says how far a plain job, or a task, has come."""

from __future__ import annotations

from tinysched.job.history import History
from tinysched.job.model import (
    Amended,
    Cancel,
    Ended,
    Granted,
    JobId,
    Outcome,
    Pending,
    Reason,
    Running,
    State,
    Unit,
)
from tinysched.spool.decoding import Fields
from tinysched.spool.runrecords import (
    read_exit,
    read_steps,
    read_usage,
    write_exit,
    write_steps,
    write_usage,
)

_PENDING = "pending"
_GRANTED = "granted"
_RUNNING = "running"
_ENDED = "ended"


def write_unit(unit: Unit) -> dict[str, object]:
    """A unit as fields; its id is the record's."""
    cancel = unit.cancel
    return {
        "raw_id": unit.raw_id,
        "attempt": unit.attempt,
        "restarts": unit.restarts,
        "cancel": None if cancel is None else _write_cancel(cancel),
        "state": _write_state(unit.state),
        **_write_setback(unit.setback),
        **_write_amended(unit.amended),
        **write_history(unit.history),
    }


def read_unit(fields: Fields, job_id: JobId) -> Unit:
    """The unit in a record's fields.

    Raises: SpoolError.
    """
    return Unit(
        id=job_id,
        raw_id=fields.integer("raw_id"),
        attempt=fields.integer("attempt"),
        restarts=fields.integer("restarts"),
        cancel=_read_cancel(fields),
        state=_read_state(fields.inside("state")),
        setback=_read_setback(fields),
        amended=_read_amended(fields),
        history=read_history(fields),
    )


def _write_setback(setback: Reason | None) -> dict[str, object]:
    return {} if setback is None else {"setback": {"reason": setback.name, "words": setback.words}}


def _read_setback(fields: Fields) -> Reason | None:
    inner = fields.optional_inside("setback") if fields.present("setback") else None
    return None if inner is None else Reason(name=inner.text("reason"), words=inner.text("words"))


def _write_amended(amended: Amended | None) -> dict[str, object]:
    if amended is None:
        return {}
    fields: dict[str, object] = {
        "suspended_at": amended.suspended_at,
        "paused_s": amended.paused_s,
        "changed_at": amended.changed_at,
        "ran_s": amended.ran_s,
    }
    return {"amended": fields}


def _read_amended(fields: Fields) -> Amended | None:
    inner = fields.optional_inside("amended") if fields.present("amended") else None
    if inner is None:
        return None
    return Amended(
        suspended_at=inner.optional_number("suspended_at"),
        paused_s=inner.number("paused_s"),
        changed_at=inner.optional_number("changed_at"),
        ran_s=inner.number("ran_s") if inner.present("ran_s") else 0.0,
    )


def _write_boot(boot_id: str) -> dict[str, object]:
    return {"boot_id": boot_id} if boot_id else {}


def _read_boot(fields: Fields) -> str:
    """The boot a state belongs to; the first records did not say."""
    return fields.text("boot_id") if fields.present("boot_id") else ""


def write_history(history: History) -> dict[str, object]:
    """A history as fields; one of which nothing is known has none."""
    fields: dict[str, object] = {}
    if history.lines:
        fields["history"] = list(history.lines)
    if history.dropped:
        fields["history_dropped"] = history.dropped
    return fields


def read_history(fields: Fields) -> History:
    """The history in a record's fields; the first records had none.

    Raises: SpoolError.
    """
    return History(
        lines=fields.texts("history") if fields.present("history") else (),
        dropped=fields.optional_integer("history_dropped") or 0,
    )


def _write_cancel(cancel: Cancel) -> dict[str, object]:
    return {
        "by_uid": cancel.by_uid,
        "ordered_at": cancel.ordered_at,
        "kill": cancel.kill,
        "requeue": cancel.requeue,
        **({"pause_s": cancel.pause_s} if cancel.pause_s else {}),
        **({"then_held": True} if cancel.then_held else {}),
    }


def _read_cancel(fields: Fields) -> Cancel | None:
    inner = fields.optional_inside("cancel")
    if inner is None:
        return None
    return Cancel(
        by_uid=inner.integer("by_uid"),
        ordered_at=inner.number("ordered_at"),
        kill=inner.flag("kill"),
        requeue=inner.flag("requeue"),
        pause_s=inner.number("pause_s") if inner.present("pause_s") else 0.0,
        then_held=inner.flag("then_held") if inner.present("then_held") else False,
    )


def _write_state(state: State) -> dict[str, object]:
    match state:
        case Pending():
            return {"is": _PENDING, "eligible_at": state.eligible_at, **_pause(state)}
        case Granted():
            return {
                "is": _GRANTED,
                "granted_at": state.granted_at,
                "cores": state.cores,
                **_write_boot(state.boot_id),
            }
        case Running():
            return {
                "is": _RUNNING,
                "granted_at": state.granted_at,
                "cores": state.cores,
                "started_at": state.started_at,
                "pid": state.pid,
                "output": state.output,
                "error": state.error,
                **_write_boot(state.boot_id),
                **({"lingering": list(state.lingering)} if state.lingering else {}),
            }
        case Ended():
            return _write_ended(state)


def _pause(state: Pending) -> dict[str, object]:
    return {} if state.not_before is None else {"not_before": state.not_before}


def _write_ended(state: Ended) -> dict[str, object]:
    return {
        "is": _ENDED,
        "outcome": state.outcome.value,
        "reason": state.reason.name,
        "words": state.reason.words,
        "ended_at": state.ended_at,
        "exit": write_exit(state.exit),
        "started_at": state.started_at,
        "elapsed_s": state.elapsed_s,
        "cpu_s": state.cpu_s,
        "cores": state.cores,
        "survivors": list(state.survivors),
        "output": state.output,
        "error": state.error,
        **write_steps(state.steps),
        **write_usage(state.usage),
    }


def _read_state(fields: Fields) -> State:
    kind = fields.text("is")
    if kind == _PENDING:
        return Pending(
            eligible_at=fields.number("eligible_at"),
            not_before=fields.optional_number("not_before"),
        )
    if kind == _GRANTED:
        return Granted(
            granted_at=fields.number("granted_at"),
            cores=fields.integer("cores"),
            boot_id=_read_boot(fields),
        )
    if kind == _RUNNING:
        return Running(
            granted_at=fields.number("granted_at"),
            cores=fields.integer("cores"),
            started_at=fields.number("started_at"),
            pid=fields.integer("pid"),
            output=fields.text("output"),
            error=fields.text("error"),
            boot_id=_read_boot(fields),
            lingering=fields.texts("lingering") if fields.present("lingering") else (),
        )
    if kind == _ENDED:
        return _read_ended(fields)
    raise fields.wrong("is", f"is {kind!r}, which is no state")


def _read_ended(fields: Fields) -> Ended:
    return Ended(
        outcome=fields.choice("outcome", Outcome),
        reason=Reason(name=fields.text("reason"), words=fields.text("words")),
        ended_at=fields.number("ended_at"),
        exit=read_exit(fields),
        started_at=fields.optional_number("started_at"),
        elapsed_s=fields.number("elapsed_s"),
        cpu_s=fields.number("cpu_s"),
        cores=fields.integer("cores"),
        survivors=fields.texts("survivors"),
        output=fields.text("output"),
        error=fields.text("error"),
        steps=read_steps(fields),
        usage=read_usage(fields),
    )
