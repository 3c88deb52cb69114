"""What a user asked for, as parsed from script, environment and command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tinysched.job.dependencies import Dependencies
from tinysched.job.ranges import Ranges
from tinysched.job.signals import LimitSignal


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """The tasks of an array and how many of them may run at once (None: no limit)."""

    tasks: Ranges
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Which of the submitter's variables a job sees.

    `everything`: the whole environment; else a fresh login environment and `names` out of the
    submitter's. `values` are set in any case and never shown: they may hold secrets.
    Source: sbatch(1) --export.
    """

    everything: bool = True
    names: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


class OpenMode(Enum):
    """What happens to an output file that exists already."""

    TRUNCATE = "truncate"
    APPEND = "append"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a user asked for, as parsed from script, environment and command line.

    None means "not asked for". Patterns and paths are as the user wrote them. `memory_mib` 0 asks
    for all memory. `limit_s` None is no limit. `exclusive` asks for every core that the queue has.
    `foreground` jobs are run by their own client (run_job.sh). `joined`: stderr goes where stdout
    goes unless `error` says otherwise. `command` is the path of the script (None: there is none).
    `overcommit`: one core a host will do for all tasks. `cores_asked`: so many, whatever the tasks.
    `nice` is taken off its priority.
    `begin_at`, `deadline_at`: UTC, seconds. `stored`: options that are kept and shown and have no
    effect, by their long names.
    """

    name: str
    submit_dir: str
    ntasks: int | None = None
    cpus_per_task: int | None = None
    exclusive: bool = False
    foreground: bool = False
    memory_mib: int | None = None
    limit_s: int | None = None
    limit_signal: LimitSignal | None = None
    array: Array | None = None
    output: str | None = None
    error: str | None = None
    input: str | None = None
    open_mode: OpenMode = OpenMode.TRUNCATE
    chdir: str | None = None
    export: Export = field(default_factory=Export)
    held: bool = False
    requeue: bool = True
    partition: str | None = None
    qos: str | None = None
    account: str | None = None
    comment: str | None = None
    mail_type: str | None = None
    mail_user: str | None = None
    joined: bool = False
    command: str | None = None
    nodes: int | None = None
    tasks_per_node: int | None = None
    memory_per_cpu_mib: int | None = None
    begin_at: float | None = None
    deadline_at: float | None = None
    dependency: Dependencies | None = None
    kill_on_invalid_dependency: bool = False
    nice: int = 0
    overcommit: bool = False
    cores_asked: int | None = None
    stored: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = field(default=(), repr=False)

    @property
    def cores(self) -> int:
        """Cores one task of the job takes (an exclusive job takes all: the dispatcher knows)."""
        if self.cores_asked is not None:
            return self.cores_asked
        if self.overcommit:
            return (self.nodes or 1) * (self.cpus_per_task or 1)
        return self.tasks * (self.cpus_per_task or 1)

    @property
    def tasks(self) -> int:
        """Processes that a step of the job starts unless it says otherwise."""
        if self.ntasks is not None:
            return self.ntasks
        return (self.tasks_per_node or 1) * (self.nodes or 1)

    @property
    def is_unlimited(self) -> bool:
        """It asks in so many words for no time limit, and not for that of its partition."""
        return self.limit_s is None and "time" in self.stored

    @property
    def work_dir(self) -> str:
        """The directory the job runs in."""
        if self.chdir is None:
            return self.submit_dir
        return self.chdir if self.chdir.startswith("/") else f"{self.submit_dir}/{self.chdir}"
