"""What can be changed of a job: one function each, from a job to the job as it shall be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from tinysched.errors import VerbatimError
from tinysched.job import dependencies, moments
from tinysched.job.alterations import applied
from tinysched.job.dependencies import NO_DEPENDENCIES
from tinysched.job.model import Elements, Hold, Job, Pending, Running, Unit
from tinysched.job.request import Request
from tinysched.job.snapshot import FIRST_PRIORITY
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.rights import DENIED
from tinysched.programs.dispatch.slurm.naming import HELD, Named, NoDeedError
from tinysched.script.slurm import sbatch_forms
from tinysched.script.slurm import scontrol_updates as script
from tinysched.script.slurm.scontrol_updates import Change

NOT_PENDING = "Job is no longer pending execution"
# Words and paths: nobody gives them to others.
OWNERS = frozenset(("name", "comment", "output", "work_dir", "mail_type", "mail_user"))
# Of what all share Slurm lets nobody but admins say more.
ADMINS = frozenset(("contiguous", "core_spec", "deadline", "oversubscribe", "tasks_per_node"))
# What is looked at when a job starts cannot be changed once it has.
BEFORE_THE_START = frozenset(
    (
        *("account", "begin", "contiguous", "cores", "cpus_per_task", "dependency", "exclude"),
        *("features", "gres", "memory", "memory_per_cpu", "mincpus", "nodelist", "output"),
        *("oversubscribe", "partition", "tasks", "tasks_per_node", "work_dir"),
    )
)
_NOT_LASTING = "Changes to job priority are not persistent, change nice instead"
_DEPENDENCY = "Job dependency problem"
_MOST_PRIORITY = 2**32 - 2


@dataclass(slots=True, kw_only=True)
class Altering:
    """One job on its way. `own`: what its owner's own copy must say as well."""

    parts: Parts
    uid: int
    named: Named
    is_admin: bool
    own: dict[str, str] = field(default_factory=dict)
    changes_limit: bool = False

    @property
    def is_owner(self) -> bool:
        """Who calls has submitted it."""
        return self.uid == self.named.job.uid


Alter = Callable[[Altering, Job, Change], Job]


def alter(altering: Altering, job: Job, change: Change) -> Job:
    """The job with one change. Raises: NoDeedError; VerbatimError for a value that is none."""
    if change.key in OWNERS and not altering.is_owner:
        raise NoDeedError(DENIED)
    if change.key in ADMINS and not altering.is_admin:
        raise NoDeedError(DENIED)
    if change.key in BEFORE_THE_START and not _waits(altering.named):
        raise NoDeedError(NOT_PENDING)
    if altering.named.tasks is not None and change.key not in ("limit", "priority"):
        words = f"Update of a single task is not supported: {change.written}\nRequest aborted\n"
        raise VerbatimError(words)
    return _ALTER[change.key](altering, job, change)


def _waits(named: Named) -> bool:
    return bool(named.todo) or any(isinstance(unit.state, Pending) for unit in named.units)


def _with(job: Job, request: Request) -> Job:
    return replace(job, request=request)


def _own(altering: Altering, job: Job, change: Change) -> Job:
    """What the owner's own copy must say, too."""
    value = change.value
    if change.key == "mail_type":
        try:
            value = sbatch_forms.mail_events(value) or ""
        except VerbatimError:
            raise VerbatimError(f"Invalid MailType: {change.value}\n") from None
    altering.own[change.key] = value
    return _with(job, applied(job.request, {change.key: value}))


def _requeue(altering: Altering, job: Job, change: Change) -> Job:
    is_wanted = script.whole(change) > 0
    if is_wanted and not altering.is_owner:
        raise NoDeedError(DENIED)
    if altering.is_owner:
        altering.own["requeue"] = str(int(is_wanted))
    return _with(job, replace(job.request, requeue=is_wanted))


def _limit(altering: Altering, job: Job, change: Change) -> Job:
    capacity, named = altering.parts.ledger.books.capacity, altering.named
    tasks = named.tasks
    before_s = capacity.limit_s(job, None if tasks is None else tasks.first)
    limit_s = script.limit_s(change, before_s)
    is_more = before_s is not None and (limit_s is None or limit_s > before_s)
    if not altering.is_admin and ((named.live and is_more) or _is_too_long(altering, job, limit_s)):
        raise NoDeedError(DENIED)
    return _with_limit(altering, job, limit_s)


def _end(altering: Altering, job: Job, change: Change) -> Job:
    """A limit that is reached at that moment."""
    states = [unit.state for unit in altering.named.live]
    starts = [state.started_at for state in states if isinstance(state, Running)]
    moment = _moment(altering, change)
    if not starts:
        raise NoDeedError("Job is not running")
    minutes = max(int(-(-(moment - starts[0]) // 60)), 1)
    return _limit(altering, job, replace(change, value=str(minutes), sign=""))


def _is_too_long(altering: Altering, job: Job, limit_s: int | None) -> bool:
    """No partition that it names lets it run for so long."""
    named = altering.parts.ledger.books.capacity.named(job.request)
    if limit_s is None:
        return False
    return bool(named) and all((one.max_time_s or limit_s) < limit_s for one in named)


def _with_limit(altering: Altering, job: Job, limit_s: int | None) -> Job:
    tasks = altering.named.tasks
    altering.changes_limit = True
    if tasks is None:
        stored = {key: text for key, text in job.request.stored.items() if key != "time"}
        stored |= {} if limit_s is not None else {"time": "UNLIMITED"}  # not its partition's, too
        job = _with(job, replace(job.request, limit_s=limit_s, stored=stored))
        return replace(job, work=_without_limits(job.work))
    if not isinstance(job.work, Elements):
        return job
    limits = {**job.work.limits, **dict.fromkeys(tasks, limit_s or 0)}
    return replace(job, work=replace(job.work, limits=limits))


def _without_limits(work: Unit | Elements) -> Unit | Elements:
    return replace(work, limits={}) if isinstance(work, Elements) and work.limits else work


def _priority(altering: Altering, job: Job, change: Change) -> Job:
    value = script.whole(change)
    if not value:
        return _held(altering, job)
    if not altering.is_admin:
        is_held = job.hold is not None
        raise NoDeedError(HELD if is_held else _NOT_LASTING)
    first = altering.parts.ledger.books.first_rank
    rank = FIRST_PRIORITY + first - min(value, _MOST_PRIORITY)
    return replace(job, place=rank - job.request.nice, hold=None)


def _held(altering: Altering, job: Job) -> Job:
    tasks, work = altering.named.tasks, job.work
    if tasks is not None and isinstance(work, Elements):
        return replace(job, work=replace(work, held=work.held | (tasks & work.todo)))
    if job.hold is Hold.ADMIN:
        return job
    return replace(job, hold=Hold.USER if altering.is_owner else Hold.ADMIN)


def _nice(altering: Altering, job: Job, change: Change) -> Job:
    value = script.nice(change)
    if value < min(job.request.nice, 0) and not altering.is_admin:
        raise NoDeedError(DENIED)
    return _with(job, replace(job.request, nice=value))


def _throttle(_altering: Altering, job: Job, change: Change) -> Job:
    array = job.request.array
    if array is None:
        return job
    limit = script.leading(change) or None
    return _with(job, replace(job.request, array=replace(array, limit=limit)))


def _begin(altering: Altering, job: Job, change: Change) -> Job:
    job = _with(job, replace(job.request, begin_at=_moment(altering, change)))
    if isinstance(job.work, Unit) and isinstance(job.work.state, Pending):
        state = replace(job.work.state, not_before=None)
        return replace(job, work=replace(job.work, state=state))
    return job


def _deadline(altering: Altering, job: Job, change: Change) -> Job:
    return _with(job, replace(job.request, deadline_at=_moment(altering, change)))


def _moment(altering: Altering, change: Change) -> float:
    clock = altering.parts.clock
    try:
        return moments.parse_moment(change.value, clock.wall(), clock.utc_offset_s)
    except moments.MomentError as error:
        words = f"Invalid time specification (pos={error.position}): {change.value}\n"
        raise VerbatimError(f"{words}No changes specified\n") from None


def _dependency(altering: Altering, job: Job, change: Change) -> Job:
    if not change.value:
        cleared = replace(job.request, dependency=None)
        return replace(job, request=cleared, dependencies=NO_DEPENDENCIES)
    try:
        found = dependencies.parse(change.value)
    except ValueError:
        raise NoDeedError(_DEPENDENCY) from None
    if job.id in found.parents:
        raise NoDeedError(_DEPENDENCY)
    jobs, seen, to_see = altering.parts.ledger.books.jobs, set[int](), list(found.parents)
    while to_see:
        number = to_see.pop()
        other = jobs.get(number)
        if number == job.id:
            raise NoDeedError("Circular job dependency")
        if other is not None and number not in seen:
            seen.add(number)
            to_see += other.dependencies.parents
    return replace(job, request=replace(job.request, dependency=found), dependencies=found)


def _partition(altering: Altering, job: Job, change: Change) -> Job:
    known = {one.name for one in altering.parts.ledger.books.capacity.partitions}
    if not change.value or (known and not set(change.value.split(",")) <= known):
        raise NoDeedError("Invalid partition name specified")
    return _with(job, replace(job.request, partition=change.value))


def _nodelist(altering: Altering, job: Job, change: Change) -> Job:
    if change.value not in ("", altering.parts.place.host, "localhost"):
        raise NoDeedError("Invalid node name specified")
    return _stored(change.key)(altering, job, change)


def _cores(altering: Altering, job: Job, change: Change) -> Job:
    count = script.whole(change, 1)
    if count > altering.parts.ledger.books.cores_total:
        raise NoDeedError("Requested partition configuration not available now")
    return _with(job, replace(job.request, cores_asked=count))


def _unchanged(_altering: Altering, job: Job, _change: Change) -> Job:
    """What has no meaning here, and does no harm."""
    return job


def _nodes(altering: Altering, job: Job, change: Change) -> Job:
    job = _stored("nodes")(altering, job, change)
    return _with(job, replace(job.request, nodes=script.whole(change, 1)))


def _least(altering: Altering, job: Job, change: Change) -> Job:
    least_s = script.limit_s(change, None) or 0
    limit_s = altering.parts.ledger.books.capacity.limit_s(job)
    if limit_s is not None and least_s > limit_s:
        raise NoDeedError("Invalid time-min specification (exceeds job's time or other limits)")
    seconds = str(least_s)
    return _stored("time-min")(altering, job, replace(change, value=seconds))


def _flagged(option: str) -> Alter:
    def alter_flag(_altering: Altering, job: Job, change: Change) -> Job:
        stored = {key: text for key, text in job.request.stored.items() if key != option}
        stored |= {option: ""} if script.flag(change) else {}
        return _with(job, replace(job.request, stored=stored))

    return alter_flag


def _stored(option: str) -> Alter:
    """What is shown, and has no effect."""

    def alter_stored(_altering: Altering, job: Job, change: Change) -> Job:
        stored = {key: text for key, text in job.request.stored.items() if key != option}
        stored |= {option: change.value} if change.value else {}
        return _with(job, replace(job.request, stored=stored))

    return alter_stored


def _stored_memory(option: str) -> Alter:
    def alter_memory(altering: Altering, job: Job, change: Change) -> Job:
        mib = str(script.memory_mib(change))
        return _stored(option)(altering, job, replace(change, value=mib))

    return alter_memory


def _refused(words: str) -> Alter:
    """What this host has none of; nothing may be asked for."""

    def alter_nothing(_altering: Altering, job: Job, change: Change) -> Job:
        if change.value:
            raise NoDeedError(words)
        return job

    return alter_nothing


def _asked(name: str, read: Callable[[Change], object], **others: object) -> Alter:
    """A field of the request, and what it makes void."""

    def alter_asked(_altering: Altering, job: Job, change: Change) -> Job:
        asked = {name: read(change), **others}
        return _with(job, replace(job.request, **asked))  # type: ignore[arg-type]  # of its type

    return alter_asked


def _number(change: Change) -> int:
    return script.whole(change, 1)


def _text(change: Change) -> str | None:
    return change.value or None


_ALTER: Mapping[str, Alter] = MappingProxyType(
    {
        **dict.fromkeys(OWNERS, _own),
        "account": _asked("account", _text),
        "begin": _begin,
        "comment": _asked("comment", _text),
        "contiguous": _flagged("contiguous"),
        "burst_buffer": _refused("Requested operation not supported on this system"),
        "core_spec": _refused(DENIED),
        "cores": _cores,
        "cpus_per_task": _asked("cpus_per_task", _number, cores_asked=None),
        "deadline": _deadline,
        "delay": _stored("delay-boot"),
        "dependency": _dependency,
        "end": _end,
        "exclude": _nodelist,
        "features": _refused("Invalid feature specification"),
        "gres": _refused("Invalid generic resource (gres) specification"),
        "least": _least,
        "licenses": _refused("Invalid license specification"),
        "limit": _limit,
        "memory": _asked("memory_mib", script.memory_mib, memory_per_cpu_mib=None),
        "memory_per_cpu": _asked("memory_per_cpu_mib", script.memory_mib, memory_mib=None),
        "mincpus": _stored("mincpus"),
        "nice": _nice,
        "nodelist": _nodelist,
        "nodes": _nodes,
        "oversubscribe": _flagged("oversubscribe"),
        "partition": _partition,
        "priority": _priority,
        "qos": _asked("qos", _text),
        "requeue": _requeue,
        "reset": _unchanged,
        "reservation": _refused("Requested reservation is invalid"),
        "switches": _stored("switches"),
        "tasks": _asked("ntasks", _number, cores_asked=None),
        "tasks_per_node": _asked("tasks_per_node", _number),
        "throttle": _throttle,
        "tmp": _stored_memory("tmp"),
        "wckey": _stored("wckey"),
    }
)
