"""What sstat prints: figures of steps that run, as they are at this moment.

The dispatcher names the steps and their processes; who asks looks at these with his own rights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tinysched.job.accounting import Statistics
from tinysched.job.usage import Usage
from tinysched.report.slurm import columns
from tinysched.report.slurm.amounts import Amounts
from tinysched.report.slurm.columns import Field
from tinysched.report.slurm.figures import FIGURES, Figure, Figures
from tinysched.report.slurm.parts import BATCH

_ERROR = "error"
_NARROW = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A step that runs. `pids`: what its tasks were started as; of a script its own.

    `spared`: processes below it that are of other steps.
    """

    job: int
    step: str
    tasks: int
    pids: tuple[int, ...]
    spared: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A step as it was looked at: its largest task, the average of all, and who they are."""

    live: Live
    largest: Usage
    average: Usage
    cpu_s: float
    pids: tuple[int, ...]
    host: str
    amounts: Amounts


def pack(found: Iterable[Live | str]) -> bytes:
    """Steps, and what is to be said instead, as lines for the wire."""
    return "\n".join(map(_line, found)).encode("utf-8", "replace")


def unpack(packed: bytes) -> list[Live | str]:
    """What `pack` made these lines of.

    Raises: ValueError if it did not.
    """
    return [_read(line) for line in packed.decode().split("\n") if line]


def _line(one: Live | str) -> str:
    if isinstance(one, str):
        return f"{_ERROR}\t{one}"
    return f"{one.job}\t{one.step}\t{one.tasks}\t{_listed(one.pids)}\t{_listed(one.spared)}"


def _read(line: str) -> Live | str:
    kind, *rest = line.split("\t")
    if kind == _ERROR:
        return rest[0] if rest else ""
    step, tasks, pids, spared = rest
    return Live(
        job=int(kind), step=step, tasks=int(tasks), pids=_numbers(pids), spared=_numbers(spared)
    )


def _listed(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(",") if word)


def check(asked: Statistics) -> tuple[int, str, str] | None:
    """Exit code and both streams, if there is nothing to look at."""
    if asked.fields:
        return 0, columns.help_text(FIELDS), ""
    try:
        columns.chosen(asked.style.columns, FIELDS)
    except columns.UnknownFieldError as word:
        return 1, "", f'sstat: error: Invalid field requested: "{word}"\n'
    return None


def render(asked: Statistics, found: Sequence[Seen]) -> str:
    """The lines, below their titles."""
    chosen = columns.chosen(asked.style.columns, FIELDS)
    head = columns.header(chosen, asked.style) if asked.style.header else ""
    return head + "".join(columns.lines(chosen, found, asked.style))


def _figure(name: str, width: int, figure: Figure) -> Field[Seen]:
    def value(seen: Seen) -> str:
        figures = Figures(
            usage=seen.average if name.startswith("Ave") else seen.largest,
            cpu_s=seen.cpu_s,
            tasks=seen.live.tasks,
            host=seen.host,
            amounts=seen.amounts,
        )
        return figure(figures)

    return Field(_NARROW if name in ("AveDiskRead", "AveDiskWrite") else width, value)


def _frequency(seen: Seen) -> str:
    return "0" if seen.live.step == BATCH else "Unknown"


def _of(width: int, value: Callable[[Seen], str]) -> Field[Seen]:
    return Field(width, value)


_OTHERS = {
    "AveCPUFreq": _of(10, lambda _seen: "0"),
    "ConsumedEnergy": _of(14, lambda _seen: "0"),
    "ConsumedEnergyRaw": _of(17, lambda _seen: "0"),
    "JobID": _of(-12, lambda seen: f"{seen.live.job}.{seen.live.step}"),
    "Nodelist": _of(20, lambda seen: seen.host),
    "NTasks": _of(8, lambda seen: str(seen.live.tasks)),
    "Pids": _of(20, lambda seen: _listed(seen.pids)),
    "ReqCPUFreq": _of(10, _frequency),
    "ReqCPUFreqMin": _of(13, _frequency),
    "ReqCPUFreqMax": _of(13, _frequency),
    "ReqCPUFreqGov": _of(13, _frequency),
}
# Where sacct rounds these to MiB, sstat treats them as any amount.
_DISK: dict[str, Figure] = {
    **dict.fromkeys(("AveDiskRead", "MaxDiskRead"), lambda f: f.amounts.text(f.usage.read_bytes)),
    **dict.fromkeys(
        ("AveDiskWrite", "MaxDiskWrite"), lambda f: f.amounts.text(f.usage.written_bytes)
    ),
}
_ALL = {
    **_OTHERS,
    **{
        name: _figure(name, width, _DISK.get(name, figure))
        for name, (width, figure) in FIGURES.items()
    },
}
_ORDER = """
AveCPU AveCPUFreq AveDiskRead AveDiskWrite AvePages AveRSS AveVMSize ConsumedEnergy
ConsumedEnergyRaw JobID MaxDiskRead MaxDiskReadNode MaxDiskReadTask MaxDiskWrite MaxDiskWriteNode
MaxDiskWriteTask MaxPages MaxPagesNode MaxPagesTask MaxRSS MaxRSSNode MaxRSSTask MaxVMSize
MaxVMSizeNode MaxVMSizeTask MinCPU MinCPUNode MinCPUTask Nodelist NTasks Pids ReqCPUFreq
ReqCPUFreqMin ReqCPUFreqMax ReqCPUFreqGov TRESUsageInAve TRESUsageInMax TRESUsageInMaxNode
TRESUsageInMaxTask TRESUsageInMin TRESUsageInMinNode TRESUsageInMinTask TRESUsageInTot
TRESUsageOutAve TRESUsageOutMax TRESUsageOutMaxNode TRESUsageOutMaxTask TRESUsageOutMin
TRESUsageOutMinNode TRESUsageOutMinTask TRESUsageOutTot
"""
FIELDS: Mapping[str, Field[Seen]] = MappingProxyType({name: _ALL[name] for name in _ORDER.split()})
