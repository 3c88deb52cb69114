"""What sacct and sstat were asked to tell, and how."""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.job.queries import Selector
from tinysched.job.wanted import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class PartName:
    """`42`, `42_7.batch`; `step` '': the job and all its steps."""

    selector: Selector
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of time. Moments: UTC, seconds. `is_whole`: nobody asked for a part of time."""

    since: float
    until: float
    is_whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What lines look like.

    `columns`: names of fields between commas, as they were written. `delimiter` None: columns of
    a fixed width. `ends`: a delimiter follows the last one as well. `unit`: all amounts of memory
    are told in it ('': as is best). `keeps_units`: they are told as they are kept.
    """

    columns: str
    header: bool = True
    delimiter: str | None = None
    ends: bool = False
    unit: str = ""
    keeps_units: bool = False
    time_style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounting:
    """`sacct`. `wanted` and the others are filters; None: any.

    `parts`: what was named by id. `states` are Slurm's long names. `cores` and `limits_s` are least
    and most. `duplicates`: attempts that others followed as well. `allocations`: no steps.
    `truncates`: times outside of the window are cut to it. `fields`: the names of all fields are
    asked for, and nothing else. `is_nothing`: no job can fit. `is_silent`: it fails, and says
    nothing. `is_of_what_nobody_keeps`: scripts or environments are asked for, and so nothing is
    said. `remarks`: what is said of it on stderr.
    """

    wanted: Wanted
    window: Window
    style: Style
    parts: tuple[PartName, ...] | None = None
    states: frozenset[str] | None = None
    gids: frozenset[int] | None = None
    constraints: frozenset[str] | None = None
    cores: tuple[int, int] | None = None
    nodes: tuple[int, int] | None = None
    limits_s: tuple[int, int] | None = None
    flags: frozenset[str] | None = None
    reasons: frozenset[str] | None = None
    is_nothing: bool = False
    duplicates: bool = False
    allocations: bool = False
    truncates: bool = False
    json: bool = False
    fields: bool = False
    is_silent: bool = False
    is_of_what_nobody_keeps: bool = False
    remarks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """`sstat`. `every_step`: also the script, and all that run of what srun started."""

    parts: tuple[PartName, ...]
    style: Style
    every_step: bool = False
    fields: bool = False
