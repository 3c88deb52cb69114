"""The steps of an attempt, as sacct tells of them: the script, and what srun started."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tinysched.job.model import Ended, Exit, Outcome, Running, Step
from tinysched.job.states import RUNNING
from tinysched.job.usage import UNKNOWN, Usage
from tinysched.report.slurm.rows import Row

BATCH = "batch"
NO_EXIT = Exit()
OUT_OF_MEMORY = Exit(signal=125)
_LAUNCH_FAILED = Exit(signal=53)
_LAUNCH_FAILURE = "JobLaunchFailure"
_CANCELLED = str(Outcome.CANCELLED.value)
_COMPLETED = str(Outcome.COMPLETED.value)
_FAILED = str(Outcome.FAILED.value)
_OUT_OF_MEMORY = str(Outcome.OUT_OF_MEMORY.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A step. `step` is what follows the dot. Moments: UTC, seconds.

    `user_s`, `system_s`: CPU time. `usage`: what else was measured.
    """

    step: str
    name: str
    state: str
    exit: Exit
    tasks: int
    cores: int
    started_at: float | None
    ended_at: float | None
    elapsed_s: float
    user_s: float = 0.0
    system_s: float = 0.0
    usage: Usage = UNKNOWN


def of(row: Row, now: float) -> Iterator[Part]:
    """The steps of a row. `now`: UTC, seconds."""
    unit = row.unit
    if unit is None:
        return
    state = unit.state
    if isinstance(state, Running):
        if not row.job.request.foreground:
            yield _running(row, BATCH, BATCH, 1)
        yield from (_step(step, now) for step in state.steps)
    elif isinstance(state, Ended):
        if _had_script(row, state):
            yield _batch(row, state)
        yield from (_step(step, state.ended_at) for step in state.steps)


def _had_script(row: Row, ended: Ended) -> bool:
    is_tried = ended.started_at is not None or ended.reason.name == _LAUNCH_FAILURE
    return is_tried and not row.job.request.foreground


def _running(row: Row, step: str, name: str, tasks: int) -> Part:
    return Part(
        step=step,
        name=name,
        state=RUNNING,
        exit=NO_EXIT,
        tasks=tasks,
        cores=row.cores,
        started_at=row.started_at,
        ended_at=None,
        elapsed_s=row.elapsed_s,
    )


def _batch(row: Row, ended: Ended) -> Part:
    """The script: what all took but the steps."""
    exit_ = exit_of_script(ended)
    steps_s = sum(step.cpu_s - step.system_s for step in ended.steps)
    steps_system_s = sum(step.system_s for step in ended.steps)
    user_s = ended.cpu_s - ended.usage.system_s
    return Part(
        step=BATCH,
        name=BATCH,
        state=_state_of(ended, exit_),
        exit=OUT_OF_MEMORY if ended.outcome is Outcome.OUT_OF_MEMORY else exit_,
        tasks=1,
        cores=row.cores,
        started_at=ended.ended_at if ended.started_at is None else ended.started_at,
        ended_at=ended.ended_at,
        elapsed_s=row.elapsed_s,
        user_s=max(0.0, user_s - steps_s),
        system_s=max(0.0, ended.usage.system_s - steps_system_s),
        usage=ended.usage,
    )


def _state_of(ended: Ended, exit_: Exit) -> str:
    """The state of a script, whatever was made of its job."""
    if ended.outcome is Outcome.OUT_OF_MEMORY:
        return _OUT_OF_MEMORY
    return state_by(exit_, is_unknown=ended.exit is None)


def state_by(exit_: Exit, *, is_unknown: bool = False) -> str:
    """The state of a step that has ended so, whatever was made of its job."""
    if is_unknown or exit_.signal:
        return _CANCELLED
    return _FAILED if exit_.code else _COMPLETED


def _step(step: Step, now: float) -> Part:
    exit_ = step.exit or NO_EXIT
    is_over = step.ended_at is not None
    return Part(
        step=str(step.number),
        name=step.name,
        state=state_by(exit_) if is_over else RUNNING,
        exit=exit_,
        tasks=step.tasks,
        cores=step.cores,
        started_at=step.started_at,
        ended_at=step.ended_at,
        elapsed_s=max(0.0, (now if step.ended_at is None else step.ended_at) - step.started_at),
        user_s=max(0.0, step.cpu_s - step.system_s),
        system_s=step.system_s,
        usage=Usage(peak_memory_kib=step.peak_memory_kib),
    )


def exit_of_script(ended: Ended) -> Exit:
    """How the script itself ended."""
    if ended.exit is not None:
        return ended.exit
    return _LAUNCH_FAILED if ended.reason.name == _LAUNCH_FAILURE else NO_EXIT
