"""A line of sacct: an allocation, or one of its steps, as one caller wants to see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinysched.job.accounting import Window
from tinysched.job.model import Exit
from tinysched.job.usage import UNKNOWN, Usage
from tinysched.job.wanted import QOS
from tinysched.report.slurm.allocations import Allocation
from tinysched.report.slurm.amounts import MEBIBYTES, Amounts
from tinysched.report.slurm.moments import Moments
from tinysched.report.slurm.parts import Part

UNKNOWN_MOMENT = "Unknown"
NOWHERE = "None assigned"
_NO_LIMIT = "UNLIMITED"
_LIMIT_OF_PARTITION = "Partition_Limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a caller wants, and what there is to know of the host.

    `cut`: times outside of it are cut to it (None: they are told as they are).
    """

    moments: Moments
    amounts: Amounts
    cluster: str
    group_of: Callable[[int], tuple[int, str]]
    cut: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. `part` None: it is about the whole."""

    allocation: Allocation
    part: Part | None
    view: View

    # Who

    @property
    def shown_id(self) -> str:
        """`42`, `42_7.batch`."""
        return self._with_step(self.allocation.shown_id)

    @property
    def raw_id(self) -> str:
        """`49.batch`."""
        return self._with_step(str(self.allocation.row.raw_id))

    def _with_step(self, name: str) -> str:
        return name if self.part is None else f"{name}.{self.part.step}"

    @property
    def name(self) -> str:
        """Of the job, or of the step."""
        return self.allocation.row.job.request.name if self.part is None else self.part.name

    @property
    def state(self) -> str:
        """`CANCELLED by 1001`."""
        if self.part is not None:
            return self.part.state
        by_uid = self.allocation.by_uid
        return self.allocation.state + ("" if by_uid is None else f" by {by_uid}")

    @property
    def exit(self) -> Exit:
        """How it ended."""
        return self.allocation.exit if self.part is None else self.part.exit

    @property
    def qos(self) -> str:
        """The quality it asked for."""
        return self.allocation.row.job.request.qos or QOS

    # When

    @property
    def submitted_at(self) -> float | None:
        """Into the queue, or as a step."""
        return self.allocation.submitted_at if self.part is None else self.part.started_at

    @property
    def eligible_at(self) -> float | None:
        """When it could have started."""
        return self.allocation.eligible_at if self.part is None else self.part.started_at

    @property
    def started_at(self) -> float | None:
        """When it started."""
        cut, started_at = self.view.cut, self._of(self.allocation.started_at, "started_at")
        if cut is None:
            return started_at
        return cut.until if started_at is None else max(started_at, cut.since)

    @property
    def ended_at(self) -> float | None:
        """When it ended."""
        cut, ended_at = self.view.cut, self._of(self.allocation.ended_at, "ended_at")
        if cut is None:
            return ended_at
        return cut.until if ended_at is None else min(ended_at, cut.until)

    def _of(self, whole: float | None, name: str) -> float | None:
        if self.part is None:
            return whole
        found: float | None = getattr(self.part, name)
        return found

    @property
    def elapsed_s(self) -> int:
        """How long it ran."""
        if self.view.cut is not None and self.has_cores:
            started_at, ended_at = self.started_at or 0.0, self.ended_at or 0.0
            return max(0, int(ended_at - started_at))
        return int(self.allocation.elapsed_s if self.part is None else self.part.elapsed_s)

    @property
    def suspended_s(self) -> float:
        """How long it stood still."""
        return self.allocation.row.pause_s(self.view.moments.now)

    @property
    def start_text(self) -> str:
        """When it started, in words."""
        is_gone = self.started_at is None and self.ended_at is not None
        return self.moment(self.started_at, "None" if is_gone else UNKNOWN_MOMENT)

    def moment(self, at: float | None, missing: str = UNKNOWN_MOMENT) -> str:
        """A moment in words."""
        return self.view.moments.text(at, missing)

    def limit(self, text: Callable[[int], str]) -> str:
        """The time limit; `text` writes one in seconds."""
        row = self.allocation.row
        if row.limit_s is not None:
            return text(row.limit_s)
        return _NO_LIMIT if self.has_cores else _LIMIT_OF_PARTITION

    @property
    def waited_s(self) -> int | None:
        """How long it waited since it could have started; None: it cannot yet."""
        allocation = self.allocation
        if allocation.eligible_at is None:
            return 0
        until = allocation.started_at
        until = self.view.moments.now if until is None else until
        since_s = int(until) - int(allocation.eligible_at)
        return since_s if since_s >= 0 else None

    # How much

    @property
    def cores(self) -> int:
        """Cores it has, had, or wants."""
        return self.allocation.row.cores if self.part is None else self.part.cores

    @property
    def cores_asked(self) -> int:
        """Cores it asked for."""
        return self.allocation.row.job.request.cores if self.part is None else self.part.cores

    @property
    def has_cores(self) -> bool:
        """It has started, and so has something of the host."""
        return self.allocation.has_cores

    @property
    def hosts(self) -> int:
        """How many hosts it asked for."""
        return self.allocation.row.job.request.nodes or 1

    @property
    def host(self) -> str:
        """Where it runs or ran."""
        return self.view.moments.place.host if self.has_cores else NOWHERE

    @property
    def memory_mib(self) -> int:
        """What it asked for, of the host."""
        return self.allocation.row.memory_taken_mib

    @property
    def memory(self) -> str:
        """The same in words."""
        return self.view.amounts.text(self.memory_mib, MEBIBYTES)

    @property
    def tres(self) -> str:
        """`billing=2,cpu=2,mem=300M,node=1`; of a step without what it would cost."""
        memory = f"mem={self.memory}," if self.memory_mib else ""
        found = f"cpu={self.cores},{memory}node={self.hosts}"
        return f"billing={self.cores},{found}" if self.part is None else found

    @property
    def user_s(self) -> float:
        """CPU time outside of the kernel."""
        return self.allocation.user_s if self.part is None else self.part.user_s

    @property
    def system_s(self) -> float:
        """CPU time in the kernel."""
        return self.allocation.system_s if self.part is None else self.part.system_s

    @property
    def usage(self) -> Usage:
        """What was measured of a step."""
        return UNKNOWN if self.part is None else self.part.usage

    @property
    def is_measured(self) -> bool:
        """It was looked at while it ran, or was large enough to be known all the same."""
        return self.usage.peak_memory_kib > 0
