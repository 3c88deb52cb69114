"""What `tscontrol show job` prints: all that is known of a job, as `Key=Value` pairs.

Source: scontrol(1), show job; keys and order are its own as far as we know their values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tinysched.job.model import Ended, Exit, Granted, Job, Pending, Reason, Running, Unit
from tinysched.job.quantities import format_duration, format_memory, format_time
from tinysched.job.queries import Filter, Selector
from tinysched.job.ranges import Ranges
from tinysched.job.selecting import Chooser, Chosen
from tinysched.job.snapshot import Snapshot
from tinysched.job.states import PENDING, state_name
from tinysched.report import json
from tinysched.report.lines import (
    Reasons,
    array_text,
    cores_of,
    cores_wanted,
    elapsed_s,
    started_at,
    waiting_limit,
)
from tinysched.report.place import Place
from tinysched.report.text import visible
from tinysched.report.tsout import paths

_Pair = tuple[str, object]
_NEVER_STARTED = Exit()


def render_jobs(
    selectors: Sequence[Selector], snapshot: Snapshot, place: Place, *, as_json: bool = False
) -> str:
    """A paragraph for each job and task that was named; of an array, one for all that wait.

    Shape: each paragraph ends with an empty line.
    """
    chooser = Chooser(Filter(selectors=tuple(selectors)))
    chosen = ((job, chooser.choose(job, snapshot.units.get(job.id, ()))) for job in snapshot.jobs)
    if as_json:
        return json.render(chosen, snapshot)
    return "".join(
        paragraph
        for job, part in chosen
        if part
        for paragraph in _paragraphs(job, part, snapshot, place)
    )


def _paragraphs(job: Job, part: Chosen, snapshot: Snapshot, place: Place) -> Iterator[str]:
    reasons = Reasons(job, snapshot)
    for unit in part.units:
        yield _text(_of_unit(job, unit, snapshot, place, reasons.of(unit)))
    if part.todo:
        yield _text(_of_waiting(job, part.todo, snapshot, place, reasons.waiting()))


def _text(lines: Sequence[Sequence[_Pair]]) -> str:
    """Pairs on lines; one without a value shows as `(null)`, as in Slurm."""
    return (
        "\n   ".join(" ".join(f"{key}={_value(value)}" for key, value in line) for line in lines)
        + "\n\n"
    )


def _value(value: object) -> str:
    return "(null)" if value is None else visible(str(value))


def _of_unit(
    job: Job, unit: Unit, snapshot: Snapshot, place: Place, reason: Reason
) -> list[list[_Pair]]:
    state = unit.state
    exit_ = state.exit if isinstance(state, Ended) else _NEVER_STARTED
    ids: list[_Pair] = [("JobId", unit.raw_id)]
    if unit.id.task is not None:
        ids += [("ArrayJobId", job.id), ("ArrayTaskId", unit.id.task)]
    return [
        [*ids, ("JobName", job.request.name)],
        _owner(job),
        [("JobState", state_name(unit)), *_reason(reason)],
        [
            ("Requeue", int(job.request.requeue)),
            ("Restarts", unit.restarts),
            ("BatchFlag", int(not job.request.foreground)),
            ("ExitCode", "unknown" if exit_ is None else exit_),
        ],
        *_setback(unit),
        _run_time(job, elapsed_s(unit, snapshot.now)),
        *_times(job, unit, place),
        *_asked(job, cores_of(job, unit, snapshot.cores_total)),
        [("NodeList", "" if isinstance(state, Pending) else place.host)],
        *_files(job, unit, place),
        *_survivors(state.survivors if isinstance(state, Ended) else ()),
    ]


def _setback(unit: Unit) -> list[list[_Pair]]:
    """Why its former attempt came to nothing, if it did."""
    return [] if unit.setback is None else [[("Setback", unit.setback)]]


def _of_waiting(
    job: Job, tasks: Ranges, snapshot: Snapshot, place: Place, reason: Reason
) -> list[list[_Pair]]:
    cores = cores_wanted(job, snapshot.cores_total)
    waiting = array_text(tasks, waiting_limit(job), longest=None)
    eligible_at = None if isinstance(job.work, Unit) else job.work.eligible_at
    return [
        [
            ("JobId", job.id),
            ("ArrayJobId", job.id),
            ("ArrayTaskId", waiting),
            ("JobName", job.request.name),
        ],
        _owner(job),
        [("JobState", PENDING), *_reason(reason)],
        [
            ("Requeue", int(job.request.requeue)),
            ("Restarts", 0),
            ("BatchFlag", 1),
            ("ExitCode", _NEVER_STARTED),
        ],
        _run_time(job, 0),
        [
            ("SubmitTime", _moment(job.submitted_at, place)),
            ("EligibleTime", _moment(eligible_at, place)),
        ],
        [("StartTime", "Unknown"), ("EndTime", "Unknown")],
        *_asked(job, cores),
        [("NodeList", "")],
        *_files(job, None, place),
    ]


def _owner(job: Job) -> list[_Pair]:
    return [
        ("UserId", f"{job.user}({job.uid})"),
        ("Account", job.request.account),
        ("QOS", job.request.qos),
    ]


def _reason(reason: Reason) -> list[_Pair]:
    """Slurm's one word; the words that we add hold blanks, so they end their line."""
    pairs: list[_Pair] = [("Reason", reason.name or "None")]
    return [*pairs, ("ReasonWords", reason.words)] if reason.words else pairs


def _run_time(job: Job, seconds: float) -> list[_Pair]:
    limit_s = job.request.limit_s
    limit = "UNLIMITED" if limit_s is None else format_duration(limit_s)
    return [("RunTime", format_duration(int(seconds))), ("TimeLimit", limit)]


def _times(job: Job, unit: Unit, place: Place) -> list[list[_Pair]]:
    state = unit.state
    eligible_at = state.eligible_at if isinstance(state, Pending) else None
    ended_at = state.ended_at if isinstance(state, Ended) else None
    began_at = started_at(unit)
    if ended_at is None and began_at is not None and job.request.limit_s is not None:
        ended_at = began_at + job.request.limit_s  # the latest end there can be, as in Slurm
    submitted: list[_Pair] = [("SubmitTime", _moment(job.submitted_at, place))]
    if eligible_at is not None:
        submitted.append(("EligibleTime", _moment(eligible_at, place)))
    granted: list[_Pair] = []
    if isinstance(state, Granted | Running):
        granted.append(("GrantTime", _moment(state.granted_at, place)))
    return [
        submitted + granted,
        [("StartTime", _moment(began_at, place)), ("EndTime", _moment(ended_at, place))],
    ]


def _moment(moment: float | None, place: Place) -> str:
    return "Unknown" if moment is None else format_time(moment, place.utc_offset_s(moment))


def _asked(job: Job, cores: int) -> list[list[_Pair]]:
    request = job.request
    memory = None if request.memory_mib is None else format_memory(request.memory_mib)
    mail: list[_Pair] = [("MailUser", request.mail_user), ("MailType", request.mail_type)]
    signal: list[_Pair] = [("Signal", request.limit_signal)]
    return [
        [("Partition", request.partition)],
        [
            ("NumNodes", 1),
            ("NumCPUs", cores),
            ("NumTasks", request.ntasks or 1),
            ("CPUs/Task", request.cpus_per_task or 1),
        ],
        [("MinMemoryNode", memory), ("Exclusive", int(request.exclusive))],
        *([signal] if request.limit_signal is not None else []),
        *([mail] if request.mail_user or request.mail_type else []),
    ]


def _files(job: Job, unit: Unit | None, place: Place) -> list[list[_Pair]]:
    request = job.request
    lines: list[list[_Pair]] = [
        [("SubmitDir", request.submit_dir)],
        [("WorkDir", request.work_dir)],
    ]
    if request.comment is not None:
        lines.append([("Comment", request.comment)])
    if request.foreground:
        return lines
    output, error = paths(job, unit, place)
    stdin = request.input or "/dev/null"
    return [*lines, [("StdErr", error)], [("StdIn", stdin)], [("StdOut", output)]]


def _survivors(survivors: Sequence[str]) -> list[list[_Pair]]:
    return [[("Survivors", ", ".join(survivors))]] if survivors else []
