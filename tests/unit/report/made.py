"""Jobs for tests of selecting and reporting: everything that matters is an argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tinysched.job.model import (
    Elements,
    Ended,
    Exit,
    Job,
    JobId,
    Outcome,
    Pending,
    Reason,
    Running,
    State,
    Unit,
)
from tinysched.job.ranges import Ranges
from tinysched.job.request import Array, Request
from tinysched.job.snapshot import Snapshot
from tinysched.report.place import Place

MORNING = 1_700_000_000.0  # 2023-11-14T22:13:20 UTC
HERE = Place(host="quant1", utc_offset_s=lambda _moment: 3600)

WAITING = Pending(eligible_at=MORNING)
RUNS = Running(
    granted_at=MORNING + 9,
    cores=2,
    started_at=MORNING + 10,
    pid=77,
    output="/home/alice/own.out",
    error="/home/alice/own.err",
)
DONE = Ended(
    outcome=Outcome.COMPLETED,
    reason=Reason(name="None"),
    ended_at=MORNING + 75,
    exit=Exit(),
    started_at=MORNING + 10,
    elapsed_s=65,
    cores=1,
)
EXIT_3 = replace(
    DONE,
    outcome=Outcome.FAILED,
    reason=Reason(name="NonZeroExitCode", words="exit code 3"),
    exit=Exit(code=3),
)


def plain(number: int = 42, state: State = WAITING, **asked: object) -> Job:
    unit = Unit(id=JobId(number=number), raw_id=number, state=state)
    return job(number, unit, **asked)


def array(number: int = 42, *, tasks: Ranges, todo: Ranges | None = None, **asked: object) -> Job:
    limit = asked.pop("limit", None)
    cancelled = asked.pop("cancelled", Ranges())
    work = Elements(
        todo=tasks if todo is None else todo,
        cancelled=cancelled,
        ended=Ranges(),
        eligible_at=MORNING,
    )
    return job(number, work, array=Array(tasks=tasks, limit=limit), **asked)


def job(number: int, work: Unit | Elements, **asked: object) -> Job:
    user = asked.pop("user", "alice")
    request = Request(**{"name": "testpi", "submit_dir": "/home/alice", **asked})
    return Job(
        id=number,
        uid={"alice": 1000, "bob": 1001}.get(user, 1999),
        user=user,
        token="f00d",
        submitted_at=MORNING,
        request=request,
        work=work,
    )


def task(number: int, index: int, state: State, raw_id: int = 0) -> Unit:
    return Unit(id=JobId(number=number, task=index), raw_id=raw_id or 1000 + index, state=state)


def queue(
    *jobs: Job, units: Mapping[int, Sequence[Unit]] | None = None, now: float = MORNING + 100
) -> Snapshot:
    return Snapshot(
        now=now,
        jobs=jobs,
        units=units or {},
        explain=lambda _job: Reason(name="Resources", words="needs 8 cores, 3 free"),
        cores_total=8,
        line=lambda: sorted(filter(_waits, jobs), key=lambda job: job.rank),
    )


def _waits(job: Job) -> bool:
    if isinstance(job.work, Elements):
        return bool(job.work.todo) and job.hold is None
    return isinstance(job.work.state, Pending) and job.hold is None
