"""What squeue prints of steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tinysched.job.listing import Listing, StepName
from tinysched.job.model import Running
from tinysched.job.quantities import format_elapsed
from tinysched.report.slurm import fields
from tinysched.report.slurm.fields import NOT_KNOWN, NULL, Field
from tinysched.report.slurm.moments import NO_LIMIT, Moments
from tinysched.report.slurm.printed import Printed
from tinysched.report.slurm.rows import Row

_USUAL = "%.15i %.8j %.9P %.8u %.9M %N"
_BATCH = "batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step that runs: the script itself, or what srun started. Moments: UTC, seconds."""

    row: Row
    name: str
    step: str
    tasks: int
    cores: int
    started_at: float | None
    moments: Moments
    cluster: str

    @property
    def shown_id(self) -> str:
        """`42_7.batch`."""
        return f"{self.row.shown_id}.{self.step}"

    @property
    def elapsed_s(self) -> float:
        """How long it has run."""
        began = self.started_at
        return self.row.elapsed_s if began is None else max(self.moments.now - began, 0.0)

    @property
    def task(self) -> str:
        """The index of its task."""
        unit = self.row.unit
        return NOT_KNOWN if unit is None or unit.id.task is None else str(unit.id.task)

    @property
    def array(self) -> int:
        """The number of its array; 0 if there is none."""
        return 0 if self.row.job.request.array is None else self.row.job.id


_WORDS: Mapping[str, Field[Step]] = MappingProxyType(
    {
        "stepid": Field("STEPID", lambda step: step.shown_id),
        "stepname": Field("NAME", lambda step: step.name),
        "stepstate": Field("STATE", lambda _step: "RUNNING"),
        "numtasks": Field("TASKS", lambda step: str(step.tasks)),
        "numcpus": Field("NUM_CPUS", lambda step: str(step.cores)),
        "timeused": Field("TIME", lambda step: format_elapsed(step.elapsed_s)),
        "timelimit": Field("TIME_LIMIT", lambda _step: NO_LIMIT),
        "starttime": Field("START_TIME", lambda step: step.moments.text(step.started_at)),
        "username": Field("USER", lambda step: step.row.job.user),
        "userid": Field("UID", lambda step: str(step.row.job.uid)),
        "nodes": Field("NODELIST", lambda step: step.moments.place.host),
        "network": Field("NETWORK", lambda _step: NULL),
        "arrayjobid": Field("ARRAY_JOB_ID", lambda step: str(step.array)),
        "arraytaskid": Field("ARRAY_TASK_ID", lambda step: step.task),
        "cpufreq": Field("CPU_FREQ", lambda _step: "0-0:0"),
        "cluster": Field("CLUSTER", lambda step: step.cluster),
        "jobid": Field("JOB_ID", lambda step: str(step.row.raw_id)),
        "partition": Field("PARTITION", lambda step: step.row.standing.partition),
        "resvports": Field("RESERVED_PORTS", lambda _step: NULL),
        "tres-per-step": Field("TRES_PER_STEP", lambda _step: NULL),
    }
)
_BY_LETTER = {
    "A": "numtasks",
    "M": "timeused",
    "N": "nodes",
    "P": "partition",
    "S": "starttime",
    "U": "userid",
    "i": "stepid",
    "j": "stepname",
    "l": "timelimit",
    "u": "username",
}
_LETTERS: Mapping[str, Field[Step]] = MappingProxyType(
    {
        **{letter: _WORDS[word] for letter, word in _BY_LETTER.items()},
        "b": Field("TRES_PER_JOB", lambda _step: NULL),
    }
)
_EVERY = "bijluAMNPSU"


def render(listing: Listing, chosen: Sequence[Row], moments: Moments, cluster: str) -> Printed:
    """The steps of what runs."""
    layout = _layout(listing)
    err = "".join(
        f"squeue: error: Invalid job step format specification: {word}\n"
        for word in layout.mistakes
    )
    steps = [
        step
        for row in sorted(chosen, key=lambda row: row.raw_id)
        if row.is_live
        for step in _steps(row, moments, cluster)
        if listing.steps is None or any(_is_named(step, name) for name in listing.steps)
    ]
    return Printed(out="".join(fields.lines(layout, steps, header=listing.header)), err=err)


def _layout(listing: Listing) -> fields.Layout[Step]:
    if listing.words is not None:
        return fields.words(listing.words, _WORDS)
    if listing.letters == "%all":
        return fields.every(_LETTERS, _EVERY, ends=True)
    return fields.letters(_USUAL if listing.letters is None else listing.letters, _LETTERS)


def _steps(row: Row, moments: Moments, cluster: str) -> Iterator[Step]:
    state = None if row.unit is None else row.unit.state
    for ran in state.steps if isinstance(state, Running) else ():
        if ran.ended_at is None:
            yield Step(
                row=row,
                name=ran.name,
                step=str(ran.number),
                tasks=ran.tasks,
                cores=ran.cores,
                started_at=ran.started_at,
                moments=moments,
                cluster=cluster,
            )
    if not row.job.request.foreground:
        yield Step(
            row=row,
            name=_BATCH,
            step=_BATCH,
            tasks=1,
            cores=row.cores,
            started_at=row.started_at,
            moments=moments,
            cluster=cluster,
        )


def _is_named(step: Step, name: StepName) -> bool:
    row, selector = step.row, name.selector
    if name.step not in ("", step.step):
        return False
    if selector.tasks is None:
        return selector.number in (row.job.id, row.raw_id)
    task = None if row.unit is None else row.unit.id.task
    return selector.number == row.job.id and task is not None and task in selector.tasks
