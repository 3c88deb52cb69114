"""What the tests of sacct ask, and of which jobs."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.report.made import DONE, HERE, MORNING, plain
from tests.unit.report.slurm.listing import CANCELLED
from tinysched.job.accounting import Accounting, PartName, Style, Window
from tinysched.job.model import Cancel, Exit, Job, Step
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.job.snapshot import Snapshot
from tinysched.job.usage import Usage
from tinysched.job.wanted import Wanted
from tinysched.report.slurm import sacct
from tinysched.report.slurm.printed import Site

SITE = Site(place=HERE, cluster="quant", group_of=lambda _uid: (100, "users"))
ALL_TIME = Window(since=0.0, until=MORNING + 1000, is_whole=True)
TODAY = Window(since=MORNING - 1000, until=MORNING + 1000)
BARS = Style(columns="jobid,state,exitcode", delimiter="|", header=False)
USED = Usage(
    system_ms=365, peak_memory_kib=264156, peak_virtual_kib=300 * 1024, read_bytes=11087,
    written_bytes=50 * 2**20,
)  # fmt: skip
MEASURED = replace(
    DONE,
    cpu_s=2.371,
    usage=USED,
    steps=(
        Step(
            number=0, name="sh", tasks=1, cores=2, started_at=MORNING + 11, ended_at=MORNING + 12,
            exit=Exit(code=3), cpu_s=0.009, system_s=0.003,
        ),
        Step(
            number=1, name="sleep", tasks=2, cores=2, started_at=MORNING + 12,
            ended_at=MORNING + 14, exit=Exit(), peak_memory_kib=1676,
        ),
    ),
)  # fmt: skip


def show(snapshot: Snapshot, columns: str = BARS.columns, **asked: object) -> str:
    style = asked.pop("style", replace(BARS, columns=columns))
    wanted = Accounting(**{"wanted": Wanted(), "window": ALL_TIME, "style": style, **asked})
    said = sacct.check(wanted)
    if said is not None:
        return said.out + said.err
    lines = sacct.render(wanted, snapshot, snapshot.jobs, SITE, is_first=True)
    return sacct.begin(wanted) + lines + sacct.end(wanted, is_any=bool(lines))


def rows(snapshot: Snapshot, columns: str = BARS.columns, **asked: object) -> list[str]:
    return show(snapshot, columns, **asked).splitlines()


def named(*ids: str) -> tuple[PartName, ...]:
    found = []
    for name in ids:
        job, _, step = name.partition(".")
        number, _, index = job.partition("_")
        tasks = Ranges.of((int(index),)) if index else None
        found.append(PartName(selector=Selector(number=int(number), tasks=tasks), step=step))
    return tuple(found)


def cancelled(state=CANCELLED, **more: object) -> Job:
    job = plain(state=state, **more)
    return replace(job, work=replace(job.work, cancel=Cancel(by_uid=1001, ordered_at=MORNING)))
