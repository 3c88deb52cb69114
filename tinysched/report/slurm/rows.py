"""What Slurm's commands say of each job, task, or waiting part of an array: one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tinysched.job import slurmstates
from tinysched.job.model import (
    Amended,
    Elements,
    Ended,
    Granted,
    Hold,
    Job,
    Outcome,
    Pending,
    Running,
    Unit,
)
from tinysched.job.ranges import Ranges
from tinysched.job.selecting import unstarted
from tinysched.job.snapshot import Snapshot
from tinysched.job.standing import Standing
from tinysched.job.states import PENDING, state_name
from tinysched.report.lines import cores_of, cores_wanted, elapsed_s, started_at
from tinysched.report.slurm import reasons, tasklists
from tinysched.report.slurm.amounts import memory_text
from tinysched.report.slurm.reasons import REQUEUED_AND_HELD, Reasons

_UNCHANGED = Amended()
# Of what runs, as Slurm shows it: it starts no more if it is requeued.
_HELD = {Hold.USER: "JobHeldUser", Hold.ADMIN: "JobHeldAdmin"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A plain job or a started task (`unit`), or the waiting `tasks` of an array.

    `state` is Slurm's long name, `reason` Slurm's, `words` our own. `is_alone`: all other tasks of
    the array have started, and so the last one goes by its own name. Moments: UTC, seconds.
    """

    job: Job
    unit: Unit | None
    tasks: Ranges
    standing: Standing
    state: str
    reason: str
    words: str
    cores: int
    elapsed_s: float
    started_at: float | None
    is_alone: bool = False

    @property
    def raw_id(self) -> int:
        """The number behind %A, SLURM_JOB_ID and %j."""
        return self.job.id if self.unit is None else self.unit.raw_id

    @property
    def shown_id(self) -> str:
        """`42`, `42_7`, `42_[1-3%2]`."""
        if self.unit is not None:
            return str(self.unit.id)
        if not self.tasks:
            return str(self.job.id)
        if self.is_alone:
            return f"{self.job.id}_{self.tasks}"
        return f"{self.job.id}_[{tasklists.text(self.tasks)}{self.task_limit}]"

    @property
    def task_limit(self) -> str:
        """`%2` if so many tasks of its array may run at once."""
        array = self.job.request.array
        return "" if array is None or array.limit is None else f"%{array.limit}"

    @property
    def short_state(self) -> str:
        """`PD`, `R`."""
        return slurmstates.SHORT.get(self.state, self.state[:2])

    @property
    def is_pending(self) -> bool:
        """It has not started."""
        return self.state == PENDING

    @property
    def is_live(self) -> bool:
        """Its cores are taken."""
        return self.unit is not None and isinstance(self.unit.state, Granted | Running)

    @property
    def dependency(self) -> str:
        """What still stands in its way; nothing once it has started."""
        return "" if self.has_started else str(self.job.dependencies)

    @property
    def has_started(self) -> bool:
        """It runs or ran."""
        return self.is_live or self.started_at is not None

    @property
    def planned_at(self) -> float | None:
        """When it started, or will; when it was cancelled if it never did. None: nobody knows."""
        if self.unit is not None and isinstance(self.unit.state, Granted):
            return self.unit.state.granted_at
        if self.started_at is not None:
            return self.started_at
        if self.ended is not None:
            return self.ended.ended_at
        begin_at, eligible_at = self.job.request.begin_at, self.standing.eligible_at
        if self.reason in ("BeginTime", REQUEUED_AND_HELD):
            return eligible_at or begin_at
        return None if begin_at is None or begin_at != eligible_at else begin_at

    @property
    def memory_taken_mib(self) -> int:
        """What it takes of the host's memory."""
        return self.standing.memory_mib * (self.cores if self.standing.is_memory_per_cpu else 1)

    @property
    def tres(self) -> str:
        """`cpu=2,mem=2000M,node=1,billing=2`."""
        mib = self.memory_taken_mib
        memory = f"mem={memory_text(mib)}," if mib else ""
        nodes = self.job.request.nodes or 1
        return f"cpu={self.cores},{memory}node={nodes},billing={self.cores}"

    @property
    def ended(self) -> Ended | None:
        """Its end, if it has one."""
        if self.unit is not None and isinstance(self.unit.state, Ended):
            return self.unit.state
        return None

    @property
    def amended(self) -> Amended:
        """What was changed of it while it ran."""
        return _UNCHANGED if self.unit is None else self.unit.amended or _UNCHANGED

    def pause_s(self, now: float) -> float:
        """How long it has been suspended all together."""
        return self.amended.pause_s(now)

    @property
    def limit_s(self) -> int | None:
        """Its time limit."""
        return self.standing.limit_s


def of(
    snapshot: Snapshot,
    jobs: Iterable[Job] | None = None,
    *,
    every_task: bool = False,
    apart: bool = False,
) -> Iterator[Row]:
    """The rows of some jobs, or of all: the waiting part of each array before its started tasks.

    `every_task`: a row for each task that waits. `apart`: one for those that are held, or have a
    limit of their own, while others have not.
    """
    why = Reasons(snapshot)
    for job in snapshot.jobs if jobs is None else jobs:
        if isinstance(job.work, Elements):
            yield from _array(job, job.work, snapshot, why, every_task=every_task, apart=apart)
        else:
            yield of_unit(job, job.work, snapshot, why)


def of_unit(job: Job, unit: Unit, snapshot: Snapshot, why: Reasons | None = None) -> Row:
    """The row of a plain job or a started task; `why`: where there are many of them."""
    state = unit.state
    name, words = "None", ""
    if isinstance(state, Pending):
        name, words = _own_reason(job, unit, snapshot.now) or (why or Reasons(snapshot)).waiting(
            job
        )
    elif isinstance(state, Ended):
        name, words = reasons.ended(job, state), state.reason.words
    elif job.hold in _HELD:
        name = _HELD[job.hold]
    return Row(
        job=job,
        unit=unit,
        tasks=Ranges(),
        standing=_standing(job, unit.id.task, snapshot, is_suspended=unit.is_suspended),
        state=state_name(unit),
        reason=name,
        words=words,
        cores=cores_of(job, unit, snapshot.cores_total),
        elapsed_s=elapsed_s(unit, snapshot.now),
        started_at=started_at(unit),
    )


def _own_reason(job: Job, unit: Unit, now: float) -> tuple[str, str] | None:
    """Why a task waits while others of its array may not."""
    task, state = unit.id.task, unit.state
    held = None if task is None else _held(job, task)
    if held is not None:
        return held, ""
    if task is not None and isinstance(state, Pending) and (state.not_before or 0.0) > now:
        return "BeginTime", ""
    return None


def _held(job: Job, task: int) -> str | None:
    work = job.work
    if not isinstance(work, Elements) or task not in work.held or job.hold is not None:
        return None
    return "JobHeldAdmin" if task in work.locked else "JobHeldUser"


def _standing(
    job: Job, task: int | None, snapshot: Snapshot, *, is_suspended: bool = False
) -> Standing:
    """What holds for a task that has something of its own, and for what stands still."""
    standing, work = snapshot.standing(job), job.work
    if is_suspended:
        standing = replace(standing, priority=0)
    if task is None or not isinstance(work, Elements):
        return standing
    if task in work.limits:
        standing = replace(standing, limit_s=work.limits[task] or None)
    return replace(standing, priority=0) if task in work.held else standing


def _parts_of(work: Elements, todo: Ranges) -> Iterator[Ranges]:
    """The tasks that wait: those with nothing of their own first, then each kind of the others."""
    kinds: dict[tuple[bool, bool, int | None], list[int]] = {}
    others = todo & (work.held | Ranges.of(work.limits))
    for task in others:
        kind = (task in work.held, task in work.locked, work.limits.get(task))
        kinds.setdefault(kind, []).append(task)
    if todo != others:
        yield todo - others
    yield from map(Ranges.of, kinds.values())


def _array(
    job: Job, work: Elements, snapshot: Snapshot, why: Reasons, *, every_task: bool, apart: bool
) -> Iterator[Row]:
    units = snapshot.units.get(job.id, ())
    todo = unstarted(work, units)
    every_task = every_task or job.dependencies.is_task_by_task
    if todo:
        name, words = why.waiting(job)
        same = _part(job, snapshot, PENDING, name, words)
        parts: Iterable[Ranges] = (todo,)
        if every_task:
            parts = (Ranges.of((task,)) for task in todo)
        elif apart and (work.held or work.limits):
            parts = _parts_of(work, todo)
        for tasks in parts:
            held = None
            if tasks != todo or not tasks - work.held:
                held = _held(job, tasks.first) if work.held else None
            has_own = bool(work.held or work.limits) and (tasks != todo or len(tasks) == 1)
            yield replace(
                same,
                tasks=tasks,
                is_alone=len(tasks) == 1 and (every_task or bool(units) or has_own),
                reason=held or same.reason,
                standing=_standing(job, tasks.first, snapshot) if has_own else same.standing,
            )
    elif work.cancelled and not any(unit.raw_id == job.id for unit in units):
        # What was cancelled before it started is one record of Slurm's, under the array's own name.
        name = reasons.waited(job, work.ended_at or snapshot.now)
        yield _part(job, snapshot, Outcome.CANCELLED.value, name, "")
    for unit in units:
        yield of_unit(job, unit, snapshot, why)


def _part(job: Job, snapshot: Snapshot, state: str, reason: str, words: str) -> Row:
    return Row(
        job=job,
        unit=None,
        tasks=Ranges(),
        standing=snapshot.standing(job),
        state=state,
        reason=reason,
        words=words,
        cores=cores_wanted(job, snapshot.cores_total),
        elapsed_s=0.0,
        started_at=None,
    )
