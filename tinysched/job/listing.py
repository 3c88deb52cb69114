"""What squeue was asked to list, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tinysched.job.queries import Selector
from tinysched.job.wanted import Wanted


class Shape(Enum):
    """What lines a listing has, unless a format says so: of jobs, of jobs to come, of steps."""

    SHORT = "short"
    LONG = "long"
    START = "start"
    STEPS = "steps"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepName:
    """`42.0`, `42_7.batch`; `step` empty: all steps."""

    selector: Selector
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """`squeue`. `letters` is a format of letters, `words` one of names (None: the usual columns).

    `wanted.states` None lists jobs in any state. `steps` None: all steps. `is_dated`: the date
    stands above.
    `complaints` go to stderr and stop nothing. `time_style`: SLURM_TIME_FORMAT. `task_list_cut`:
    lists of tasks are cut to fewer characters than this (0: never; None: to Slurm's own length).
    """

    wanted: Wanted
    shape: Shape = Shape.SHORT
    letters: str | None = None
    words: str | None = None
    header: bool = True
    is_dated: bool = False
    every_task: bool = False
    every_partition: bool = False
    sort: str | None = None
    steps: tuple[StepName, ...] | None = None
    json: bool = False
    complaints: str = ""
    time_style: str = ""
    task_list_cut: int | None = None
    keeps_units: bool = False
