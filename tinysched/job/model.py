"""The words every room uses: who asked for what, how far it has come, how it ended.

Values are frozen; a change makes a new one. A state carries its own data, so that an end without a
start, or a running job without an attempt, cannot be written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tinysched.job.dependencies import NO_DEPENDENCIES, Dependencies
from tinysched.job.history import NOTHING, History
from tinysched.job.ranges import Ranges
from tinysched.job.request import Request
from tinysched.job.usage import UNKNOWN, Usage

_NO_TASKS = Ranges()


def _digits(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ValueError(f"not a number: {text!r}")
    return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobId:
    """Names a job (`42`), or a task of an array (`42_7`)."""

    number: int
    task: int | None = None

    def __str__(self) -> str:
        """The name as printed everywhere."""
        return str(self.number) if self.task is None else f"{self.number}_{self.task}"

    @classmethod
    def parse(cls, text: str) -> JobId:
        """The job that `42` or `42_7` names.

        Raises: ValueError if it names none.
        """
        number, _, task = text.partition("_")
        return cls(number=_digits(number), task=_digits(task) if "_" in text else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunId:
    """Names one attempt at a job or task: `42.1`, `42_7.2`."""

    job: JobId
    attempt: int

    def __str__(self) -> str:
        """The name of the attempt's directory."""
        return f"{self.job}.{self.attempt}"

    @classmethod
    def parse(cls, text: str) -> RunId:
        """The attempt that `42.1` or `42_7.2` names.

        Raises: ValueError if it names none.
        """
        job, _, attempt = text.rpartition(".")
        return cls(job=JobId.parse(job), attempt=_digits(attempt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a job is where it is: a short name as in Slurm, and the rest in words."""

    name: str
    words: str = ""

    def __str__(self) -> str:
        """`Resources: needs 8 cores, 3 free`."""
        return f"{self.name}: {self.words}" if self.words else self.name


class Hold(Enum):
    """Who holds a pending job; only an admin releases what an admin holds.

    DAMAGE: its record was lost, and rebuilt from what its owner submitted: whether it was held, or
    partly cancelled, is not known any more. REQUEUED: as USER, by who ordered its requeue.
    """

    USER = "user"
    ADMIN = "admin"
    DAMAGE = "damage"
    REQUEUED = "requeued"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a process ended: its exit code, and the signal that killed it (0: none)."""

    code: int = 0
    signal: int = 0

    def __str__(self) -> str:
        """`3:0`, `0:9`, as Slurm prints it."""
        return f"{self.code}:{self.signal}"

    @classmethod
    def parse(cls, text: str) -> Exit:
        """The end that `3:0` stands for.

        Raises: ValueError if it stands for none.
        """
        code, _, signal = text.partition(":")
        return cls(code=_digits(code), signal=_digits(signal))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What srun started in a run (job/steps.py); `system_s` of `cpu_s` were in the kernel.

    `srun_pid`, `pids`: of srun itself and of its tasks, while they run.
    """

    number: int
    name: str
    tasks: int
    cores: int
    started_at: float
    ended_at: float | None = None
    exit: Exit | None = None
    cpu_s: float = 0.0
    system_s: float = 0.0
    peak_memory_kib: int = 0
    pids: tuple[int, ...] = ()
    srun_pid: int = 0


class Outcome(Enum):
    """The final states, under Slurm's names."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMEOUT = "TIMEOUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    NODE_FAIL = "NODE_FAIL"
    DEADLINE = "DEADLINE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """An order to end a job: who gave it, when (UTC, seconds), whether to KILL at once.

    `requeue`: its end is not final, it goes back into the queue; `pause_s`: and does not start
    again for so long, or (`then_held`) before it is released.
    """

    by_uid: int
    ordered_at: float
    kill: bool = False
    requeue: bool = False
    pause_s: float = 0.0
    then_held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Waits for its turn. `eligible_at`: since when it could have started (UTC, seconds).

    `not_before`: a pause that a requeue brought it, until then it does not start.
    """

    eligible_at: float
    not_before: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Its cores are taken and its agent was told; not yet known to have started.

    `boot_id`: of the boot it was granted in, which it cannot outlive ('' if that is not known).
    """

    granted_at: float
    cores: int
    boot_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Started. Paths are absolute, as the worker resolved them ('' if there is none).

    `boot_id` as in Granted. `lingering`: processes that have outlived KILL for some seconds.
    `steps`: what srun started, as far as was told; not on the disk, it is told once more.
    """

    granted_at: float
    cores: int
    started_at: float
    pid: int = 0
    output: str = ""
    error: str = ""
    boot_id: str = ""
    lingering: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Final. `started_at` is None if nothing ever ran; `exit` is None if it is not known."""

    outcome: Outcome
    reason: Reason
    ended_at: float
    exit: Exit | None = None
    started_at: float | None = None
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    cores: int = 0
    survivors: tuple[str, ...] = ()
    output: str = ""
    error: str = ""
    steps: tuple[Step, ...] = ()
    usage: Usage = UNKNOWN


State = Pending | Granted | Running | Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """What was changed of an attempt after its grant; its agent is told so at every hello.

    `suspended_at`: since when it is suspended (UTC, seconds; None: it is not). `paused_s`: how long
    it was suspended before. `changed_at`: when it was suspended or resumed last; `ran_s`: how long
    it had run when it was suspended last.
    """

    suspended_at: float | None = None
    paused_s: float = 0.0
    changed_at: float | None = None
    ran_s: float = 0.0

    def pause_s(self, now: float) -> float:
        """How long it has been suspended all together."""
        since = now if self.suspended_at is None else self.suspended_at
        return self.paused_s + max(0.0, now - since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What runs: a plain job, or one task of an array.

    `raw_id` is the unit's number in %j and SLURM_JOB_ID. `attempt` counts grants (0: none yet).
    `restarts` counts requeues. `setback` says why its former attempt came to nothing, if nobody
    wanted that: it was requeued all the same. `history` tells what else became of it since it was
    submitted. `amended`: None if nothing was changed of its attempt.
    """

    id: JobId
    raw_id: int
    state: State
    attempt: int = 0
    restarts: int = 0
    cancel: Cancel | None = None
    setback: Reason | None = None
    history: History = NOTHING
    amended: Amended | None = None

    @property
    def is_suspended(self) -> bool:
        """Its cores are taken or were, and it stands still."""
        return (
            isinstance(self.state, Granted | Running)
            and self.amended is not None
            and self.amended.suspended_at is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """How far an array has come. Its started tasks have records of their own.

    `todo`: not started yet; `cancelled`: taken away before they started; `ended`: started and
    ended. `worst` is the gravest end so far; `ended_at` is None until the last task has ended.
    `history` is that of the array as a whole; each started task has its own. `held`: tasks that are
    held while others may start; `locked`: those of them that an admin holds. `limits`: tasks with
    a time limit of their own (seconds; 0: none).
    """

    todo: Ranges
    cancelled: Ranges
    ended: Ranges
    held: Ranges = _NO_TASKS
    locked: Ranges = _NO_TASKS
    limits: Mapping[int, int] = field(default_factory=dict)
    worst: Outcome = Outcome.COMPLETED
    eligible_at: float = 0.0
    ended_at: float | None = None
    history: History = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One accepted submission: a plain job (`work` is a Unit) or an array (`work` is Elements).

    `token` names the submitter's private copy of script and environment. `revision` grows with
    every save. `unknown` holds fields of a newer release, written back untouched. `place` is its
    place in the queue, the smaller the sooner (None: its id). `dependencies` is how far what it
    waits for has come.
    """

    id: int
    uid: int
    user: str
    token: str
    submitted_at: float
    request: Request
    work: Unit | Elements
    hold: Hold | None = None
    place: int | None = None
    dependencies: Dependencies = NO_DEPENDENCIES
    revision: int = 0
    unknown: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def rank(self) -> int:
        """Where it stands in the queue: the smaller, the sooner."""
        return (self.id if self.place is None else self.place) + self.request.nice

    @property
    def is_final(self) -> bool:
        """Nothing more will happen to it, unless it is requeued."""
        if isinstance(self.work, Unit):
            return isinstance(self.work.state, Ended)
        return self.work.ended_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The record of one started task of an array, kept beside the array's own."""

    job: Job
    unit: Unit
    revision: int = 0
    unknown: Mapping[str, object] = field(default_factory=dict, repr=False)
