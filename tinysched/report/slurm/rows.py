"""What Slurm's commands say of each job, task, or waiting part of an array: one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tinysched.job.model import Elements, Ended, Granted, Job, Pending, Running, Unit
from tinysched.job.ranges import Ranges
from tinysched.job.snapshot import Snapshot
from tinysched.job.standing import Standing
from tinysched.job.states import PENDING, state_name
from tinysched.report.lines import cores_of, cores_wanted, elapsed_s, started_at

SHORT_STATES = {
    "PENDING": "PD",
    "RUNNING": "R",
    "SUSPENDED": "S",
    "STOPPED": "ST",
    "COMPLETING": "CG",
    "COMPLETED": "CD",
    "FAILED": "F",
    "CANCELLED": "CA",
    "TIMEOUT": "TO",
    "NODE_FAIL": "NF",
    "OUT_OF_MEMORY": "OOM",
    "DEADLINE": "DL",
}
# What Slurm calls it; our other names are Slurm's own.
_REASONS = {
    "AgentDown": "None",
    "ClientGone": "None",
    "NoDispatcher": "None",
    "Stopping": "None",
    "Cancelled": "None",
    "WorkerLost": "NodeDown",
    "BashVersion": "None",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A plain job or a started task (`unit`), or the waiting `tasks` of an array.

    `state` is Slurm's long name, `reason` Slurm's, `words` our own. Moments: UTC, seconds.
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

    @property
    def raw_id(self) -> int:
        """The number behind %A, SLURM_JOB_ID and %j."""
        return self.job.id if self.unit is None else self.unit.raw_id

    @property
    def shown_id(self) -> str:
        """`42`, `42_7`, `42_[1-3%2]`."""
        if self.unit is not None:
            return str(self.unit.id)
        array = self.job.request.array
        limit = "" if array is None or array.limit is None else f"%{array.limit}"
        return f"{self.job.id}_[{self.tasks}{limit}]"

    @property
    def short_state(self) -> str:
        """`PD`, `R`."""
        return SHORT_STATES.get(self.state, self.state[:2])

    @property
    def is_pending(self) -> bool:
        """It has not started."""
        return self.state == PENDING

    @property
    def is_live(self) -> bool:
        """Its cores are taken."""
        return self.unit is not None and isinstance(self.unit.state, Granted | Running)

    @property
    def ended(self) -> Ended | None:
        """Its end, if it has one."""
        if self.unit is not None and isinstance(self.unit.state, Ended):
            return self.unit.state
        return None

    @property
    def limit_s(self) -> int | None:
        """Its time limit."""
        return self.standing.limit_s


def of(
    snapshot: Snapshot, jobs: Iterable[Job] | None = None, *, every_task: bool = False
) -> Iterator[Row]:
    """The rows of some jobs, or of all: the waiting part of each array before its started tasks.

    `every_task`: a row for each task that waits.
    """
    for job in snapshot.jobs if jobs is None else jobs:
        if isinstance(job.work, Elements):
            if job.work.todo:
                yield from _waiting(job, job.work, snapshot, every_task=every_task)
            for unit in snapshot.units.get(job.id, ()):
                yield of_unit(job, unit, snapshot)
        else:
            yield of_unit(job, job.work, snapshot)


def of_unit(job: Job, unit: Unit, snapshot: Snapshot) -> Row:
    """The row of a plain job or a started task."""
    state = unit.state
    name, words = "None", ""
    if isinstance(state, Pending):
        reason = snapshot.explain(job)
        name, words = reason.name, reason.words
    elif isinstance(state, Ended):
        name, words = state.reason.name, state.reason.words
    return Row(
        job=job,
        unit=unit,
        tasks=Ranges(),
        standing=snapshot.standing(job),
        state=state_name(unit),
        reason=_REASONS.get(name, name),
        words=words,
        cores=cores_of(job, unit, snapshot.cores_total),
        elapsed_s=elapsed_s(unit, snapshot.now),
        started_at=started_at(unit),
    )


def _waiting(job: Job, work: Elements, snapshot: Snapshot, *, every_task: bool) -> Iterator[Row]:
    reason = snapshot.explain(job)
    parts = (Ranges.of((task,)) for task in work.todo) if every_task else (work.todo,)
    standing = snapshot.standing(job)
    for tasks in parts:
        yield Row(
            job=job,
            unit=None,
            tasks=tasks,
            standing=standing,
            state=PENDING,
            reason=_REASONS.get(reason.name, reason.name),
            words=reason.words,
            cores=cores_wanted(job, snapshot.cores_total),
            elapsed_s=0.0,
            started_at=None,
        )
