"""What squeue prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from tinysched.job.listing import Listing, Shape
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.job.snapshot import Snapshot
from tinysched.report.slurm import fields, order, rows, squeue_json, squeue_steps
from tinysched.report.slurm.moments import Moments
from tinysched.report.slurm.printed import Printed, Site
from tinysched.report.slurm.rows import Row
from tinysched.report.slurm.seen import Seen
from tinysched.report.slurm.squeue_fields import EVERY, LETTERS, WORDS

_USUAL = {
    Shape.SHORT: "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R",
    Shape.LONG: "%.18i %.9P %.8j %.8u %.8T %.10M %.9l %.6D %R",
    Shape.START: "%.18i %.9P %.8j %.8u %.2t %.19S %.6D %20Y %R",
}
_UNKNOWN_ID = "slurm_load_jobs error: Invalid job id specified\n"


def render(listing: Listing, snapshot: Snapshot, site: Site) -> Printed:
    """The listing that was asked for."""
    moments = Moments(place=site.place, now=snapshot.now, style=listing.time_style)
    if listing.json:  # all that is known, whatever else was asked
        everything = list(rows.of(snapshot))
        return Printed(out=squeue_json.render(_seen(listing, everything, site, moments)))
    if _is_unknown(listing.wanted.selectors, snapshot):
        return Printed(out=_date(listing, moments), err=_UNKNOWN_ID, exit_code=1)
    err = listing.complaints
    if moments.is_wrong:
        err += f"squeue: error: invalid SLURM_TIME_FORMAT = '{listing.time_style}'\n"
    chosen = list(_chosen(listing, snapshot, site.place.host))
    if listing.shape is Shape.STEPS:
        printed = squeue_steps.render(listing, chosen, moments, site.cluster)
        return Printed(out=_date(listing, moments) + printed.out, err=err + printed.err)
    return _jobs(listing, chosen, site, moments, err)


def _jobs(
    listing: Listing, chosen: Sequence[Row], site: Site, moments: Moments, err: str
) -> Printed:
    layout = _layout(listing)
    err += "".join(
        f"squeue: error: Invalid job format specification: {word}\n" for word in layout.mistakes
    )
    kept = order.as_kept(chosen, newest_tasks_first=_is_one(listing.wanted.selectors))
    usual = "S" if listing.shape is Shape.START else order.USUAL
    letters = usual if listing.sort is None else listing.sort
    out = _date(listing, moments)
    try:
        found = order.ordered(kept, letters)
    except order.UnknownLetterError as letter:
        out += layout.header() if listing.header else ""
        return Printed(
            out=out,
            err=f"{err}squeue: error: Invalid sort specification: {letter}\n",
            exit_code=1,
        )
    seen = _seen(listing, found, site, moments)
    return Printed(out=out + "".join(fields.lines(layout, seen, header=listing.header)), err=err)


def _seen(listing: Listing, found: Sequence[Row], site: Site, moments: Moments) -> list[Seen]:
    group_of = cache(site.group_of)
    return [
        Seen(
            row=row,
            moments=moments,
            cluster=site.cluster,
            cut=listing.task_list_cut,
            keeps_units=listing.keeps_units,
            group_of=group_of,
        )
        for row in found
    ]


def _layout(listing: Listing) -> fields.Layout[Seen]:
    if listing.words is not None:
        return fields.words(listing.words, WORDS)
    if listing.letters == "%all":
        return fields.every(LETTERS, EVERY)
    return fields.letters(
        _USUAL[listing.shape] if listing.letters is None else listing.letters, LETTERS
    )


def _date(listing: Listing, moments: Moments) -> str:
    return f"{moments.date_line()}\n" if listing.is_dated else ""


# Which rows


def _is_one(selectors: Sequence[Selector] | None) -> bool:
    return selectors is not None and len(selectors) == 1


def _is_unknown(selectors: Sequence[Selector] | None, snapshot: Snapshot) -> bool:
    """One id alone must be known; of several, those that are known are listed."""
    if selectors is None or len(selectors) != 1:
        return False
    number = selectors[0].number
    if any(job.id == number for job in snapshot.jobs):
        return False
    return not any(unit.raw_id == number for units in snapshot.units.values() for unit in units)


def _chosen(listing: Listing, snapshot: Snapshot, host: str) -> Iterator[Row]:
    wanted = listing.wanted
    jobs = [job for job in snapshot.jobs if wanted.fits(job, snapshot.standing(job))]
    named = None if wanted.selectors is None else _by_number(wanted.selectors)
    if named is not None:
        jobs = [
            job
            for job in jobs
            if job.id in named
            or any(unit.raw_id in named for unit in snapshot.units.get(job.id, ()))
        ]
    for row in rows.of(snapshot, jobs, every_task=listing.every_task):
        if wanted.states is not None and row.state not in wanted.states:
            continue
        if wanted.hosts is not None and not row.has_started:
            continue
        part = row if named is None else _part(row, named)
        if part is not None:
            yield from _by_partition(part) if listing.every_partition else (part,)


def _by_number(selectors: Iterable[Selector]) -> dict[int, Ranges | None]:
    """The tasks that were named of each job; None: all of it."""
    found: dict[int, Ranges | None] = {}
    for selector in selectors:
        before = found.get(selector.number, Ranges())
        found[selector.number] = (
            None if before is None or selector.tasks is None else before | selector.tasks
        )
    return found


def _part(row: Row, named: dict[int, Ranges | None]) -> Row | None:
    """What was named of a row; None if nothing was."""
    if row.unit is not None and row.unit.raw_id != row.job.id and row.unit.raw_id in named:
        return row
    if row.job.id not in named:
        return None
    asked = named[row.job.id]
    if asked is None:
        return row
    if row.unit is not None:
        task = row.unit.id.task
        return row if task is not None and task in asked else None
    tasks = row.tasks & asked
    return replace(row, tasks=tasks, is_alone=len(tasks) == 1) if tasks else None


def _by_partition(row: Row) -> Iterator[Row]:
    """A line for each partition that a waiting job would take."""
    for name in row.standing.partition.split(","):
        yield replace(row, standing=replace(row.standing, partition=name))
