"""The queue for programs: JSON whose fields stay.

Fields may be added in a later release; none is renamed, and none changes its meaning. Text is
escaped to ASCII, so that no name can steer a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from json import dumps
from types import MappingProxyType

from tinysched import __version__
from tinysched.job.model import Ended, Job, Outcome, Pending, Reason, Running, Unit
from tinysched.job.ranges import Ranges
from tinysched.job.selecting import Chosen
from tinysched.job.snapshot import Snapshot
from tinysched.job.states import PENDING, state_name
from tinysched.report.lines import (
    TAKEN_AWAY,
    Reasons,
    array_text,
    cores_of,
    cores_wanted,
    elapsed_s,
    singly_and_rest,
    started_at,
)

FORMAT = 1

ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "format": "1; grows only if a field changes its meaning",
        "version": "the release that wrote this",
        "now": "the moment it speaks of (UTC, seconds)",
        "offline": "true if no dispatcher ran and the spool was read instead",
        "others": "other people's jobs, where they are private: `running` on `cores`, `waiting`,"
        " each a number; else null",
        "jobs": "one object for each line of the listing",
    }
)

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "id": "as printed everywhere: `42`, `42_7`, or `42_[24-10000]` for tasks that share a line",
        "job": "number of the job, or of the array",
        "task": "index in the array; null if it is no array, or several tasks",
        "tasks": "the indices of several tasks that have not started (`24-10000`); else null",
        "raw_id": "what `%j` and SLURM_JOB_ID stand for; null for tasks that have not started",
        "name": "name of the job",
        "user": "who submitted it",
        "uid": "the same as a number",
        "state": "one of the states of tsqueue",
        "reason": "why it is there, in one word; empty if there is nothing to explain",
        "reason_words": "the rest of the reason, in words",
        "held_by": "`user`, `admin`, `damage` (its record was lost, and rebuilt), or null",
        "cpus": "cores it has, had, or waits for",
        "memory_mib": "memory asked for (0: all); null if none was",
        "limit_s": "time limit in seconds; null if there is none",
        "limit_signal": "signal before the time limit, as in B:USR1@60; null if there is none",
        "array_limit": "how many tasks of the array may run at once; null if all",
        "submitted_at": "UTC, seconds, as all moments here",
        "eligible_at": "since when it could have started; null once it has",
        "started_at": "null if nothing ever ran",
        "ended_at": "null if it has not ended",
        "elapsed_s": "how long it has run, suspended time included",
        "exit_code": "null if it is not known",
        "exit_signal": "the signal that ended it, 0 for none; null if it is not known",
        "attempt": "how often it was given cores",
        "restarts": "how often it was requeued",
        "setback": "why its former attempt came to nothing and it was requeued, in one word, as"
        " `NodeDown`; null if it was not, or somebody had ordered it",
        "partition": "as asked for, or null",
        "qos": "as asked for, or null",
        "account": "as asked for, or null",
        "comment": "as asked for, or null",
        "submit_dir": "where it was submitted",
        "work_dir": "where it runs",
        "output": "the file its output goes to; null before the start (ask tsout)",
        "error": "the same for its errors",
        "survivors": "processes it left behind, which were stopped",
    }
)


def render(
    chosen: Iterable[tuple[Job, Chosen]], snapshot: Snapshot, *, every_task: bool = False
) -> str:
    """One object for each line of a listing, each on a line of its own."""
    others = snapshot.others
    about = {
        "format": FORMAT,
        "version": __version__,
        "now": snapshot.now,
        "offline": snapshot.offline,
        "others": None if others is None else asdict(others),
    }
    objects = [
        _ascii(line)
        for job, part in chosen
        if part
        for line in _objects(job, part, snapshot, every_task)
    ]
    jobs = "[\n" + ",\n".join(objects) + "\n]" if objects else "[]"
    return f'{_ascii(about)[:-1]}, "jobs": {jobs}}}\n'


def _ascii(values: Mapping[str, object]) -> str:
    return dumps(values).replace("\x7f", "\\u007f")


def _objects(
    job: Job, part: Chosen, snapshot: Snapshot, every_task: bool
) -> Iterator[dict[str, object]]:
    same = _same(job)
    reasons = Reasons(job, snapshot)
    for unit in part.units:
        yield same | _of_unit(job, unit, snapshot) | _reason(reasons.of(unit))
    cores = cores_wanted(job, snapshot.cores_total)
    if part.todo:
        waits = same | {"state": PENDING, "cpus": cores} | _reason(reasons.waiting())
        yield from _unstarted(job, waits, part.todo, every_task)
    if part.cancelled:
        cancelled = Outcome.CANCELLED.value
        gone = same | {"state": cancelled, "cpus": cores, "eligible_at": None}
        yield from _unstarted(job, gone | _reason(TAKEN_AWAY), part.cancelled, every_task)


def _same(job: Job) -> dict[str, object]:
    """Every field, in its order; what the tasks of a job do not share is filled in later."""
    request = job.request
    values = dict.fromkeys(FIELDS) | {
        "job": job.id,
        "name": request.name,
        "user": job.user,
        "uid": job.uid,
        "held_by": None if job.hold is None else job.hold.value,
        "memory_mib": request.memory_mib,
        "limit_s": request.limit_s,
        "limit_signal": None if request.limit_signal is None else str(request.limit_signal),
        "array_limit": None if request.array is None else request.array.limit,
        "submitted_at": job.submitted_at,
        "elapsed_s": 0.0,
        "attempt": 0,
        "restarts": 0,
        "partition": request.partition,
        "qos": request.qos,
        "account": request.account,
        "comment": request.comment,
        "submit_dir": request.submit_dir,
        "work_dir": request.work_dir,
        "survivors": [],
    }
    if not isinstance(job.work, Unit):
        values["eligible_at"] = job.work.eligible_at
    return values


def _of_unit(job: Job, unit: Unit, snapshot: Snapshot) -> dict[str, object]:
    state = unit.state
    values: dict[str, object] = {
        "id": str(unit.id),
        "task": unit.id.task,
        "raw_id": unit.raw_id,
        "state": state_name(unit),
        "cpus": cores_of(job, unit, snapshot.cores_total),
        "eligible_at": state.eligible_at if isinstance(state, Pending) else None,
        "started_at": started_at(unit),
        "elapsed_s": round(elapsed_s(unit, snapshot.now), 3),
        "attempt": unit.attempt,
        "restarts": unit.restarts,
        "setback": None if unit.setback is None else unit.setback.name,
    }
    if isinstance(state, Running | Ended):
        values |= {"output": state.output or None, "error": state.error or None}
    if isinstance(state, Ended):
        values["ended_at"] = state.ended_at
        values["survivors"] = list(state.survivors)
        if state.exit is not None:
            values |= {"exit_code": state.exit.code, "exit_signal": state.exit.signal}
    return values


def _unstarted(
    job: Job, same: dict[str, object], tasks: Ranges, every_task: bool
) -> Iterator[dict[str, object]]:
    singly, rest = singly_and_rest(tasks, every_task)
    for task in singly:
        yield same | {"id": f"{job.id}_{task}", "task": task}
    if rest:
        text = array_text(rest, longest=None)
        yield same | {"id": f"{job.id}_[{text}]", "tasks": text}


def _reason(reason: Reason) -> dict[str, object]:
    return {"reason": reason.name, "reason_words": reason.words}
