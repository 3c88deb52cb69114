"""Everything about jobs, as `scontrol show job` prints it.

Source: scontrol(1); what that leaves open was looked up in Slurm 22.05. What has no meaning on one
host says what Slurm says where it is not set up.
"""

from __future__ import annotations

from collections.abc import Iterator

from tinysched.job import filenames
from tinysched.job.model import Elements, JobId, Step
from tinysched.job.quantities import format_duration
from tinysched.job.request import Request
from tinysched.job.wanted import QOS
from tinysched.report.slurm.amounts import memory_text
from tinysched.report.slurm.fields import NULL
from tinysched.report.slurm.moments import NO_LIMIT, Moments
from tinysched.report.slurm.records import Line, Plain, text
from tinysched.report.slurm.rows import Row
from tinysched.report.slurm.seen import Seen
from tinysched.report.text import visible

_UNKNOWN = "Unknown"
# Slurm puts these into a path before the job starts; others only where it runs.


def render(seen: Seen, *, details: bool, one_line: bool, mark: str = "") -> str:
    """One job, task, or the waiting tasks of an array, and the empty line behind it.

    `mark`: what stands for the arguments of its script.
    """
    lines = [
        *_who(seen, details=details),
        *_when(seen),
        *_where(seen),
        *_how_much(seen, details=details),
        *_what(seen, mark),
    ]
    return text(lines, one_line=one_line)


def _who(seen: Seen, *, details: bool) -> Iterator[Line]:
    row, request = seen.row, seen.row.job.request
    group, group_name = seen.group_of(row.job.uid)
    unit = row.unit
    yield [("JobId", row.raw_id), *_array(seen), ("JobName", request.name)]
    yield [
        ("UserId", f"{row.job.user}({row.job.uid})"),
        ("GroupId", f"{group_name}({group})"),
        ("MCS_label", "N/A"),
    ]
    yield [
        ("Priority", row.standing.priority),
        ("Nice", request.nice),
        ("Account", request.account or NULL),
        ("QOS", request.qos or QOS),
    ]
    yield [
        ("JobState", row.state),
        ("Reason", row.reason.replace(" ", "_")),
        ("Dependency", row.dependency or NULL),
    ]
    yield [
        ("Requeue", int(request.requeue or request.foreground)),
        ("Restarts", 0 if unit is None else unit.restarts),
        ("BatchFlag", int(not request.foreground)),
        ("Reboot", 0),
        ("ExitCode", seen.exit),
    ]
    if details:
        yield [("DerivedExitCode", "0:0")]


def _array(seen: Seen) -> Line:
    row, array = seen.row, seen.row.job.request.array
    if array is None:
        return []
    tasks = seen.task_list
    if row.unit is None and not row.tasks and isinstance(row.job.work, Elements):
        tasks = str(row.job.work.cancelled)
    limit = [] if array.limit is None else [("ArrayTaskThrottle", array.limit)]
    return [("ArrayJobId", row.job.id), ("ArrayTaskId", tasks), *limit]


def _when(seen: Seen) -> Iterator[Line]:
    row, request, moments = seen.row, seen.row.job.request, seen.moments
    least = request.stored.get("time-min")
    eligible = moments.text(row.standing.eligible_at, _UNKNOWN)
    accrues = row.planned_at is not None or (row.is_pending and row.job.hold is None)
    yield [
        ("RunTime", format_duration(row.elapsed_s)),
        ("TimeLimit", NO_LIMIT if row.limit_s is None else format_duration(row.limit_s)),
        ("TimeMin", format_duration(int(least)) if least else "N/A"),
    ]
    yield [("SubmitTime", moments.text(row.job.submitted_at)), ("EligibleTime", eligible)]
    yield [("AccrueTime", eligible if accrues else _UNKNOWN)]
    yield [
        ("StartTime", moments.text(row.planned_at, _UNKNOWN)),
        ("EndTime", moments.text(seen.end_at, _UNKNOWN)),
        ("Deadline", moments.text(request.deadline_at)),
    ]
    amended = row.amended
    yield [
        ("SuspendTime", moments.text(amended.changed_at, "None")),
        ("SecsPreSuspend", int(amended.ran_s)),
        ("LastSchedEval", moments.text(row.planned_at if row.has_started else moments.now)),
        ("Scheduler", "Main"),
    ]


def _where(seen: Seen) -> Iterator[Line]:
    stored = seen.row.job.request.stored
    yield [
        ("Partition", seen.row.standing.partition or NULL),
        ("AllocNode:Sid", f"{seen.moments.place.host}:0"),
    ]
    yield [
        ("ReqNodeList", stored.get("nodelist") or NULL),
        ("ExcNodeList", stored.get("exclude") or NULL),
    ]
    yield [("NodeList", seen.host)]
    if seen.host:
        yield [("BatchHost", seen.host)]


def _how_much(seen: Seen, *, details: bool) -> Iterator[Line]:
    row, request = seen.row, seen.row.job.request
    stored = request.stored
    yield [
        ("NumNodes", _nodes(row)),
        ("NumCPUs", _cores(seen)),
        ("NumTasks", request.tasks),
        ("CPUs/Task", request.cpus_per_task or 1),
        ("ReqB:S:C:T", "0:0:*:*"),
    ]
    yield [("TRES", row.tres)]
    yield [
        ("Socks/Node", stored.get("sockets-per-node", "*")),
        ("NtasksPerN:B:S:C", f"{request.tasks_per_node or 0}:0:*:*"),
        ("CoreSpec", "*"),
    ]
    if details and row.has_started:
        yield [("JOB_GRES", NULL)]
        yield [
            ("  Nodes", seen.host),
            ("CPU_IDs", f"0-{row.cores - 1}" if row.cores > 1 else "0"),
            ("Mem", row.memory_taken_mib),
            ("GRES", ""),
        ]
    kind = "MinMemoryCPU" if row.standing.is_memory_per_cpu else "MinMemoryNode"
    yield [
        ("MinCPUsNode", seen.min_cores),
        (kind, seen.memory),
        ("MinTmpDiskNode", seen.min_disk),
    ]
    yield [
        ("Features", stored.get("constraint") or NULL),
        ("DelayBoot", _delay(stored.get("delay-boot", ""))),
    ]
    yield [
        ("OverSubscribe", seen.sharing),
        ("Contiguous", int("contiguous" in stored)),
        ("Licenses", stored.get("licenses") or NULL),
        ("Network", stored.get("network") or NULL),
    ]


def _delay(minutes: str) -> str:
    return format_duration(int(minutes) * 60 if minutes.isdigit() else 0)


def _cores(seen: Seen) -> str:
    """Of one that waits as it was asked for last: `2-2`."""
    asked = seen.row.job.request.cores_asked
    return f"{asked}-{asked}" if asked is not None and seen.row.is_pending else str(seen.cores)


def _nodes(row: Row) -> str:
    """Of one that waits as it was asked for: `1-2`."""
    asked = row.job.request.stored.get("nodes", "")
    count = row.job.request.nodes or 1
    if not row.is_pending or not asked:
        return str(count)
    return asked if "-" in asked else f"{asked}-{asked}"


def _what(seen: Seen, mark: str) -> Iterator[Line]:
    row, request = seen.row, seen.row.job.request
    yield [("Command", _command(request, mark))]
    yield [("WorkDir", request.work_dir)]
    if request.comment:
        yield [("Comment", f"{request.comment} ")]
    if not request.foreground:
        error = request.output if request.error is None else request.error
        yield [("StdErr", _path(row, error, is_error=True))]
        yield [("StdIn", _path(row, request.input or filenames.NOWHERE))]
        yield [("StdOut", _path(row, request.output))]
    switches = request.stored.get("switches")
    if switches:
        count, _, minutes = switches.partition("@")
        yield [("Switches", f"{count}@{_delay(minutes)}")]
    yield [("Power", "")]
    if request.mail_type:
        yield [("MailUser", request.mail_user or row.job.user), ("MailType", request.mail_type)]
    yield []


def step(row: Row, ran: Step | None, host: str, moments: Moments, *, one_line: bool) -> str:
    """A step of a job that runs, or (`ran` None) its script, as `scontrol show step` prints it."""
    cores, tasks = (0, 1) if ran is None else (ran.cores, ran.tasks)
    started_at = row.started_at if ran is None else ran.started_at
    lines: list[Line] = [
        [
            ("StepId", step_id(row, ran)),
            ("UserId", row.job.uid),
            ("StartTime", moments.text(started_at, _UNKNOWN)),
            ("TimeLimit", NO_LIMIT),
        ],
        [
            ("State", "RUNNING"),
            ("Partition", row.standing.partition),
            ("NodeList", host),
        ],
        [
            ("Nodes", 1),
            ("CPUs", cores),
            ("Tasks", tasks),
            ("Name", "batch" if ran is None else ran.name),
            ("Network", NULL),
        ],
        [("TRES", _tres(row, ran))],
        [("ResvPorts", NULL)],
        [("CPUFreqReq", "Default"), *([] if ran is None else [("Dist", "Block")])],
        [("SrunHost:Pid", f"{NULL if ran is None else host}:{0 if ran is None else ran.srun_pid}")],
    ]
    return text(lines, one_line=one_line)


def _tres(row: Row, ran: Step | None) -> str:
    if ran is None:
        return NULL
    mib = row.memory_taken_mib * ran.cores // max(row.cores, 1)
    return f"cpu={ran.cores},{f'mem={memory_text(mib)},' if mib else ''}node=1"


def step_id(row: Row, ran: Step | None) -> str:
    """`42.0`, `42_7.batch`."""
    is_task = row.unit is not None and row.unit.id.task is not None
    name = "batch" if ran is None else str(ran.number)
    return f"{row.shown_id if is_task else row.raw_id}.{name}"


def _command(request: Request, mark: str) -> str:
    return NULL if request.command is None else Plain(f"{visible(request.command)}{mark}")


def _path(row: Row, pattern: str | None, *, is_error: bool = False) -> str:
    """Where a stream goes, as far as that is known before the start."""
    request = row.job.request
    if pattern is None:
        is_own = is_error and not request.joined
        plain = filenames.DEFAULT_ERROR if is_own else filenames.DEFAULT_OUTPUT
        array = filenames.DEFAULT_ARRAY_ERROR if is_own else filenames.DEFAULT_ARRAY_OUTPUT
        pattern = plain if request.array is None else array
    task = row.tasks.first if row.is_alone and row.tasks else None
    names = filenames.Names(
        id=JobId(number=row.job.id, task=task if row.unit is None else row.unit.id.task),
        raw_id=row.raw_id,
        name=request.name,
        user=row.job.user,
        node="%N",
    )
    return filenames.foretold(pattern, request.work_dir, names)
