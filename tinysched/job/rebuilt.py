"""Arrays of which a record was lost, as far as their tasks and their owner's agent tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tinysched.job import lifecycle
from tinysched.job.model import (
    Elements,
    Ended,
    Hold,
    Job,
    JobId,
    Outcome,
    Pending,
    Reason,
    RunId,
    Task,
    Unit,
)
from tinysched.job.ranges import Ranges

END_LOST = Reason(name="RecordLost", words="its record was damaged; how it ended is not known")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an agent knows of a job: its runs with their raw ids, and the last attempts over."""

    runs: Mapping[JobId, tuple[RunId, int]] = field(default_factory=dict)
    over: Mapping[JobId, int] = field(default_factory=dict)

    def __contains__(self, job: JobId) -> bool:
        """Whether it was started."""
        return job in self.runs or job in self.over


Maker = Callable[[JobId, Told], Unit]


def array_anew(
    job: Job, work: Elements, told: Told, found: Sequence[Task], make: Maker
) -> tuple[Job, list[Task]]:
    """An array without a record of its own; `found`: its tasks that have one.

    Returns it and the records that its other tasks need. What waits is held.
    """
    indices = Ranges.of(task.unit.id.task or 0 for task in found)
    everything = job.request.array.tasks if job.request.array is not None else Ranges()
    started = {job_id for job_id in (*told.runs, *told.over) if job_id.task is not None}
    made = [
        Task(job=job, unit=_over(make, job_id, told))
        for job_id in sorted(started, key=str)
        if job_id.task in everything and job_id.task not in indices
    ]
    todo = everything - indices - _indices(made)
    work = _with(replace(work, todo=todo), [*found, *made])
    job = replace(job, work=work, hold=Hold.DAMAGE if work.todo else None)
    return job, [replace(task, job=job) for task in made]


def array_completed(
    job: Job, work: Elements, told: Told | None, lost: Ranges, make: Maker
) -> tuple[Job, list[Task]]:
    """An array of which records of tasks are lost; `told` None: nobody knows of them.

    Returns it and the new records. What waits once more holds the array.
    """
    made: list[Task] = []
    waits = Ranges()
    for index in lost:
        job_id = JobId(number=job.id, task=index)
        if told is None:
            made.append(Task(job=job, unit=_over(make, job_id, Told(over={job_id: 1}))))
        elif job_id in told:
            made.append(Task(job=job, unit=make(job_id, told)))
        else:
            waits = waits.add(index)
    work = _with(replace(work, todo=work.todo | waits), made)
    is_held = bool(waits) or any(isinstance(task.unit.state, Pending) for task in made)
    job = replace(job, work=work, hold=Hold.DAMAGE if is_held and job.hold is None else job.hold)
    return job, [replace(task, job=job) for task in made]


def _over(make: Maker, job_id: JobId, told: Told) -> Unit:
    """What is over, and has no record, has ended as nobody knows."""
    unit = make(job_id, told)
    if job_id in told.runs or not isinstance(unit.state, Pending):
        return unit
    ended = Ended(outcome=Outcome.NODE_FAIL, reason=END_LOST, ended_at=unit.state.eligible_at)
    return replace(unit, state=ended)


def _with(work: Elements, tasks: Sequence[Task]) -> Elements:
    """The array as these tasks say."""
    states = {task.unit.id.task or 0: task.unit.state for task in tasks}
    over = {index: state for index, state in states.items() if isinstance(state, Ended)}
    worst = work.worst
    for state in over.values():
        worst = lifecycle.worse(worst, state.outcome)
    again = Ranges.of(index for index, state in states.items() if isinstance(state, Pending))
    todo = (work.todo - Ranges.of(states)) | again
    return replace(work, todo=todo, ended=work.ended | Ranges.of(over), worst=worst)


def _indices(tasks: Sequence[Task]) -> Ranges:
    return Ranges.of(task.unit.id.task or 0 for task in tasks)
