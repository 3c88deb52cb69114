"""What was measured of steps, in the fields that sacct and sstat share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tinysched.job.quantities import format_duration
from tinysched.job.usage import Usage
from tinysched.report.slurm.amounts import Amounts, passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One step. `usage` is of its largest task, and `tasks` are alike as far as is known."""

    usage: Usage
    cpu_s: float
    tasks: int
    host: str
    amounts: Amounts

    @property
    def largest(self) -> str:
        """Which task took most: one of several is not told from the others."""
        return "0"

    def memory(self, kib: int) -> str:
        """An amount of memory."""
        return self.amounts.text(kib * 1024)

    def each_s(self) -> str:
        """CPU time of one task."""
        return format_duration(self.cpu_s / max(1, self.tasks))

    def taken(self, cpu_s: float) -> str:
        """`cpu=00:00:04,energy=0,fs/disk=11087,mem=3172K,pages=0,vmem=5512K`."""
        usage = self.usage
        return (
            f"cpu={format_duration(cpu_s)},energy=0,fs/disk={self.amounts.text(usage.read_bytes)},"
            f"mem={self.memory(usage.peak_memory_kib)},pages=0,"
            f"vmem={self.memory(usage.peak_virtual_kib)}"
        )

    @property
    def given(self) -> str:
        """`energy=0,fs/disk=1079`."""
        return f"energy=0,fs/disk={self.amounts.text(self.usage.written_bytes)}"


Figure = Callable[[Figures], str]
# Its width in a column, and what stands in it.
_MEASURES: Mapping[str, tuple[int, Figure]] = MappingProxyType(
    {
        "AveCPU": (10, Figures.each_s),
        "AveDiskRead": (14, lambda f: passed(f.usage.read_bytes)),
        "AveDiskWrite": (14, lambda f: passed(f.usage.written_bytes)),
        "AvePages": (10, lambda _f: "0"),
        "AveRSS": (10, lambda f: f.memory(f.usage.peak_memory_kib)),
        "AveVMSize": (10, lambda f: f.memory(f.usage.peak_virtual_kib)),
        "MaxDiskRead": (12, lambda f: passed(f.usage.read_bytes)),
        "MaxDiskReadNode": (15, lambda f: f.host),
        "MaxDiskReadTask": (15, lambda f: f.largest),
        "MaxDiskWrite": (12, lambda f: passed(f.usage.written_bytes)),
        "MaxDiskWriteNode": (16, lambda f: f.host),
        "MaxDiskWriteTask": (16, lambda f: f.largest),
        "MaxPages": (8, lambda _f: "0"),
        "MaxPagesNode": (12, lambda f: f.host),
        "MaxPagesTask": (14, lambda f: f.largest),
        "MaxRSS": (10, lambda f: f.memory(f.usage.peak_memory_kib)),
        "MaxRSSNode": (10, lambda f: f.host),
        "MaxRSSTask": (10, lambda f: f.largest),
        "MaxVMSize": (10, lambda f: f.memory(f.usage.peak_virtual_kib)),
        "MaxVMSizeNode": (14, lambda f: f.host),
        "MaxVMSizeTask": (14, lambda f: f.largest),
        "MinCPU": (10, Figures.each_s),
        "MinCPUNode": (10, lambda f: f.host),
        "MinCPUTask": (10, lambda f: f.largest),
    }
)
_PLACES = ("cpu", "energy", "fs/disk", "mem", "pages", "vmem")


def _hosts(names: tuple[str, ...]) -> Figure:
    return lambda f: ",".join(f"{name}={f.host}" for name in names)


def _tasks(names: tuple[str, ...]) -> Figure:
    return lambda f: ",".join(f"{name}={f.largest}" for name in names if name != "energy")


_OUT = ("energy", "fs/disk")
_TRES: Mapping[str, tuple[int, Figure]] = MappingProxyType(
    {
        "TRESUsageInAve": (14, lambda f: f.taken(f.cpu_s / max(1, f.tasks))),
        "TRESUsageInMax": (14, lambda f: f.taken(f.cpu_s / max(1, f.tasks))),
        "TRESUsageInMaxNode": (18, _hosts(_PLACES)),
        "TRESUsageInMaxTask": (18, _tasks(_PLACES)),
        "TRESUsageInMin": (14, lambda f: f.taken(f.cpu_s / max(1, f.tasks))),
        "TRESUsageInMinNode": (18, _hosts(_PLACES)),
        "TRESUsageInMinTask": (18, _tasks(_PLACES)),
        "TRESUsageInTot": (14, lambda f: f.taken(f.cpu_s)),
        "TRESUsageOutAve": (15, lambda f: f.given),
        "TRESUsageOutMax": (15, lambda f: f.given),
        "TRESUsageOutMaxNode": (19, _hosts(_OUT)),
        "TRESUsageOutMaxTask": (19, _tasks(_OUT)),
        "TRESUsageOutMin": (15, lambda f: f.given),
        "TRESUsageOutMinNode": (19, _hosts(_OUT)),
        "TRESUsageOutMinTask": (19, _tasks(_OUT)),
        "TRESUsageOutTot": (15, lambda f: f.given),
    }
)
FIGURES: Mapping[str, tuple[int, Figure]] = MappingProxyType({**_MEASURES, **_TRES})
# What is told of a step that was never looked at.
UNMEASURED = frozenset({"TRESUsageInAve", "TRESUsageInTot", "TRESUsageOutAve", "TRESUsageOutTot"})
