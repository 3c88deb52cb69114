"""What sacct prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from tinysched.job.accounting import Accounting, PartName, Window
from tinysched.job.model import Job
from tinysched.job.snapshot import Snapshot
from tinysched.job.states import PENDING, RUNNING
from tinysched.report.slurm import allocations, columns, sacct_json
from tinysched.report.slurm.allocations import Allocation
from tinysched.report.slurm.amounts import Amounts
from tinysched.report.slurm.entries import Entry, View
from tinysched.report.slurm.moments import Moments
from tinysched.report.slurm.parts import Part
from tinysched.report.slurm.printed import Printed, Site
from tinysched.report.slurm.sacct_fields import FIELDS

_LAST = float("inf")


def check(asked: Accounting) -> Printed | None:
    """What is to be said before anybody looks at jobs, if that is all."""
    if asked.fields:
        return Printed(out=columns.help_text(FIELDS))
    try:
        columns.chosen(asked.style.columns, FIELDS)
    except columns.UnknownFieldError as word:
        return Printed(err=f'sacct: error: Invalid field requested: "{word}"\n', exit_code=1)
    if asked.is_of_what_nobody_keeps:
        return Printed()
    return Printed(exit_code=1) if asked.is_silent else None


def begin(asked: Accounting) -> str:
    """What stands above all lines."""
    if asked.json or not asked.style.header:
        return ""
    return columns.header(columns.chosen(asked.style.columns, FIELDS), asked.style)


def end(asked: Accounting, *, is_any: bool) -> str:
    """What stands below all lines; `is_any`: there were some."""
    if asked.json:
        return sacct_json.TAIL if is_any else sacct_json.NOTHING
    return ""


def render(
    asked: Accounting, snapshot: Snapshot, jobs: Iterable[Job], site: Site, *, is_first: bool
) -> str:
    """The lines of some jobs; `is_first`: there were none before."""
    style = asked.style
    view = View(
        moments=Moments(place=site.place, now=snapshot.now, style=style.time_style),
        amounts=Amounts(unit=style.unit, keeps_units=style.keeps_units),
        cluster=site.cluster,
        group_of=cache(site.group_of),
        cut=asked.window if asked.truncates else None,
    )
    found = sorted(_chosen(asked, snapshot, jobs, site), key=_age)
    if asked.json:
        return sacct_json.render((_entries(asked, one, view) for one in found), is_first=is_first)
    entries = (entry for one in found for entry in _entries(asked, one, view))
    fields = columns.chosen(style.columns, FIELDS)
    return "".join(columns.lines(fields, entries, style))


def _age(one: Allocation) -> tuple[float, ...]:
    """The oldest first; of one second the tasks of arrays last, in their order."""
    row = one.row
    if row.job.request.array is None:
        return int(one.submitted_at), 0, 0, row.raw_id
    task = _LAST if row.unit is None else row.unit.id.task or 0
    return int(one.submitted_at), row.job.id, task, row.raw_id


# Which of them


def _chosen(
    asked: Accounting, snapshot: Snapshot, jobs: Iterable[Job], site: Site
) -> Iterator[Allocation]:
    for job in jobs:
        if not asked.wanted.fits(job, snapshot.standing(job)) or not _owner_fits(asked, job, site):
            continue
        fitting = [one for one in allocations.of(snapshot, [job]) if _fits(asked, one, site)]
        if asked.duplicates or asked.json:
            yield from fitting
            continue
        latest = {one.shown_id: one for one in fitting}
        yield from latest.values()


def _owner_fits(asked: Accounting, job: Job, site: Site) -> bool:
    if asked.gids is not None and site.group_of(job.uid)[0] not in asked.gids:
        return False
    features = asked.constraints
    return features is None or job.request.stored.get("constraint", "") in features


def _fits(asked: Accounting, one: Allocation, site: Site) -> bool:
    hosts, flags = asked.wanted.hosts, {"startrecieved"}
    if one.has_cores:
        flags.add("schedmain")
    if hosts is not None and not (one.has_cores and site.place.host in hosts):
        return False
    if asked.flags is not None and not flags & set(map(str.lower, asked.flags)):
        return False
    if asked.reasons is not None and one.reason not in asked.reasons:
        return False
    return _measures_fit(asked, one) and _is_named(asked.parts, one) and _when_fits(asked, one)


def _measures_fit(asked: Accounting, one: Allocation) -> bool:
    row = one.row
    return (
        _within(asked.cores, row.cores if one.has_cores else 0)
        and _within(asked.nodes, (row.job.request.nodes or 1) if one.has_cores else 0)
        and _within(asked.limits_s, row.limit_s or 0)
    )


def _within(bounds: tuple[int, int] | None, value: int) -> bool:
    return bounds is None or bounds == (0, 0) or bounds[0] <= value <= bounds[1]


def _is_named(names: Sequence[PartName] | None, one: Allocation) -> bool:
    return names is None or any(_names(name, one) for name in names)


def _names(name: PartName, one: Allocation) -> bool:
    """What has not started of an array goes by the array's name alone."""
    row, selector = one.row, name.selector
    if selector.tasks is None:
        return selector.number in (row.job.id, row.raw_id)
    task = None if row.unit is None else row.unit.id.task
    return selector.number == row.job.id and task is not None and task in selector.tasks


def _when_fits(asked: Accounting, one: Allocation) -> bool:
    window = asked.window
    if asked.states is not None:
        return any(_was(state, one, window) for state in asked.states)
    if window.is_whole:
        return True
    since = one.submitted_at if asked.parts is not None else one.eligible_at
    return since is not None and int(since) <= window.until and _is_open_at(one, window.since)


def _is_open_at(one: Allocation, moment: float) -> bool:
    """It had not ended before a moment."""
    return one.ended_at is None or int(one.ended_at) >= moment


def _was(state: str, one: Allocation, window: Window) -> bool:
    """It was in a state at some time within a window."""
    if state == PENDING:
        eligible, started = one.eligible_at, _start(one)
        return (
            eligible is not None
            and int(eligible) <= window.until
            and (started is None or int(started) >= window.since)
            and _is_open_at(one, window.since)
        )
    if state == RUNNING:
        started = _start(one)
        return (
            started is not None and int(started) <= window.until and _is_open_at(one, window.since)
        )
    if one.state != state or one.ended_at is None:
        return one.state == state and one.ended_at is None
    return window.since <= int(one.ended_at) <= window.until


def _start(one: Allocation) -> float | None:
    """When it began to run; None: it never did."""
    return one.started_at if one.has_cores else None


# Lines


def _entries(asked: Accounting, one: Allocation, view: View) -> Iterator[Entry]:
    steps = _steps_named(asked.parts, one)
    if asked.allocations:
        yield Entry(allocation=one, part=None, view=view)
        return
    if steps is None or steps[:1] == [""]:
        yield Entry(allocation=one, part=None, view=view)
    for part in one.parts:
        if steps is None or _step_of(part) in steps:
            yield Entry(allocation=one, part=part, view=view)


def _step_of(part: Part) -> str:
    return part.step


def _steps_named(names: Sequence[PartName] | None, one: Allocation) -> list[str] | None:
    """The steps that were named of an allocation; None: all of it is meant.

    Who names it as a whole and a step before that gets it without its other steps, as Slurm has it.
    """
    if names is None:
        return None
    named = [name.step for name in names if _names(name, one)]
    if named[:1] == [""]:
        return None
    return ["", *named] if "" in named else named
