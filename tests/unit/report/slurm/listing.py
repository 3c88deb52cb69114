"""Queues and listings for tests of squeue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.unit.report.made import (
    HERE,
    MORNING,
    RUNS,
    array,
    queue,
    task,
)
from tinysched.job.listing import Listing
from tinysched.job.model import Ended, Job, Outcome, Reason
from tinysched.job.ranges import Ranges
from tinysched.job.snapshot import Snapshot
from tinysched.job.standing import Standing
from tinysched.job.wanted import Wanted
from tinysched.report.slurm.printed import Site
from tinysched.report.slurm.squeue import render

SITE = Site(place=HERE, cluster="quant", group_of=lambda _uid: (100, "users"))
HEADER = "             JOBID PARTITION     NAME     USER ST       TIME  NODES NODELIST(REASON)\n"
ANY = Listing(wanted=Wanted(), header=False)
CANCELLED = Ended(outcome=Outcome.CANCELLED, reason=Reason(name="Cancelled"), ended_at=MORNING + 50)


def standing(job: Job) -> Standing:
    request = job.request
    return Standing(
        partition=request.partition or "debug",
        cores=request.cores,
        limit_s=request.limit_s,
        memory_mib=1000,
        is_memory_per_cpu=True,
        priority=0 if job.hold else 4294901760 - job.id,
        eligible_at=request.begin_at or MORNING,
    )


def known(*jobs: Job, units: Mapping[int, list[object]] | None = None, **more: object) -> Snapshot:
    return replace(queue(*jobs, units=units, **more), standing=standing)


def show(snapshot: Snapshot, letters: str = "%i", **asked: object) -> str:
    return render(replace(ANY, letters=letters, **asked), snapshot, SITE).out


def ids(snapshot: Snapshot, **asked: object) -> list[str]:
    return show(snapshot, **asked).split()


def wanted(**asked: object) -> dict[str, Wanted]:
    return {"wanted": Wanted(**asked)}


def some_array(**more: object) -> Snapshot:
    return known(
        array(tasks=Ranges.span(1, 5), todo=Ranges.span(3, 5)),
        units={42: [task(42, 1, RUNS), task(42, 2, RUNS)]},
        **more,
    )
