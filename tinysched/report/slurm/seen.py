"""A job as one caller of squeue wants to see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinysched.job.model import Exit
from tinysched.job.quantities import format_elapsed
from tinysched.report.slurm import tasklists
from tinysched.report.slurm.amounts import memory_text
from tinysched.report.slurm.fields import NOT_KNOWN
from tinysched.report.slurm.moments import NO_LIMIT, Moments
from tinysched.report.slurm.rows import Row

# Room in Slurm's column of ids, unless SLURM_BITSTR_LEN is set.
_ID_LENGTH = 31
_WITH_REASON = frozenset({"PENDING", "TIMEOUT", "OUT_OF_MEMORY", "DEADLINE", "FAILED"})
_MOST_PRIORITY = 2**32 - 1
# Of what never ran, by the reason.
_WITHOUT_ONE = {"JobLaunchFailure": Exit(signal=53), "DeadLine": Exit(signal=1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A row as one caller wants to see it."""

    row: Row
    moments: Moments
    cluster: str
    cut: int | None
    keeps_units: bool
    group_of: Callable[[int], tuple[int, str]]

    # Who and where

    @property
    def host(self) -> str:
        """The host it runs or ran on; '' if it never started."""
        return self.moments.place.host if self.row.has_started else ""

    @property
    def shown_id(self) -> str:
        """`42_[1-3%2]`."""
        if not self.row.tasks or self.row.is_alone:
            return self.row.shown_id
        text = f"{self.row.job.id}_[{self.task_list}]"
        return text if self.cut is not None else text[:_ID_LENGTH]

    @property
    def task_list(self) -> str:
        """`1-3%2`, or the task's own number."""
        row = self.row
        if not row.tasks:
            task = None if row.unit is None else row.unit.id.task
            return NOT_KNOWN if task is None else str(task)
        if row.is_alone:
            return str(row.tasks)
        return tasklists.text(row.tasks, self.cut) + row.task_limit

    @property
    def place_or_reason(self) -> str:
        """What the last column shows."""
        return f"({self.row.reason})" if self.row.state in _WITH_REASON else self.host

    # When

    @property
    def end_at(self) -> float | None:
        """When it ended, or will end at the latest; None: nobody knows."""
        row = self.row
        if row.ended is not None:
            return row.ended.ended_at
        if row.planned_at is None or row.limit_s is None:
            return None
        return row.planned_at + row.limit_s + row.pause_s(self.moments.now)

    @property
    def end_text(self) -> str:
        """The same in words."""
        return self.moments.text(self.end_at, NOT_KNOWN if self.row.planned_at is None else "NONE")

    @property
    def time_left(self) -> str:
        """What is left of its limit."""
        if self.row.limit_s is None:
            return NO_LIMIT
        return format_elapsed(self.row.limit_s - self.row.elapsed_s)

    @property
    def pending_s(self) -> int:
        """How long it has waited."""
        until = self.row.planned_at if self.row.has_started else None
        submitted = self.row.job.submitted_at
        return max(int((self.moments.now if until is None else until) - submitted), 0)

    # How much

    @property
    def cores(self) -> int:
        """Cores it has, had, or asked for."""
        return self.row.cores if self.row.has_started else self.row.job.request.cores

    @property
    def min_cores(self) -> int:
        """Cores that it needs on its host at least."""
        request = self.row.job.request
        asked = int(request.stored.get("mincpus", "1"))
        return max(asked, (request.cpus_per_task or 1) * (request.tasks_per_node or 1))

    @property
    def memory(self) -> str:
        """What it asked for: of each core, or of the host."""
        is_all = self.row.job.request.memory_mib == 0
        mib = 0 if is_all else self.row.standing.memory_mib
        return f"{mib}M" if self.keeps_units and mib else memory_text(mib)

    @property
    def priority_share(self) -> str:
        """Its priority between 0 and 1."""
        return f"{self.row.standing.priority / _MOST_PRIORITY:.14f}"

    @property
    def sharing(self) -> str:
        """Whether others may be on its cores, or on its host, as it asked."""
        request = self.row.job.request
        if request.exclusive:
            return (request.stored.get("exclusive") or "NO").upper()
        return "YES" if "oversubscribe" in request.stored else "OK"

    @property
    def min_disk(self) -> str:
        """The temporary disk that it needs."""
        return memory_text(int(self.row.job.request.stored.get("tmp", "0")))

    # Paths

    def path(self, asked: str | None, default: str) -> str:
        """Where a stream goes, as it was asked for."""
        name = default if asked is None else asked
        return name if name.startswith("/") else f"{self.row.job.request.work_dir}/{name}"

    @property
    def output(self) -> str:
        """Where stdout goes."""
        return self.path(self.row.job.request.output, f"slurm-{self.row.raw_id}.out")

    @property
    def error(self) -> str:
        """Where stderr goes."""
        request = self.row.job.request
        return self.output if request.error is None else self.path(request.error, "")

    @property
    def exit(self) -> Exit:
        """How its script ended; one that could not be started has a number of Slurm's for that."""
        ended = self.row.ended
        if ended is None:
            return Exit()
        return ended.exit or _WITHOUT_ONE.get(ended.reason.name, Exit())

    @property
    def wait_status(self) -> int:
        """What wait(2) said of its end."""
        return self.exit.code << 8 | self.exit.signal
