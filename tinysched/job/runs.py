"""What an agent is granted for one attempt, and what it reports of its end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tinysched.job.model import Exit, RunId, Step
from tinysched.job.usage import UNKNOWN, Usage


class Cause(Enum):
    """What brought a run to its end; BOOT: a restart of the host."""

    EXIT = "exit"
    CANCEL = "cancel"
    LIMIT = "limit"
    LAUNCH = "launch"
    LOST = "lost"
    BOOT = "boot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The exit record of a run, as its worker wrote it.

    `words` says why a launch failed. `exit` is None if nothing ran or nobody saw the end.
    """

    run: RunId
    cause: Cause
    exit: Exit | None
    started_at: float | None
    ended_at: float
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    survivors: tuple[str, ...] = ()
    output: str = ""
    error: str = ""
    words: str = ""
    steps: tuple[Step, ...] = ()
    usage: Usage = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A run is to be ended: by KILL at once or TERM first; `requeue`: to have it run once more."""

    kill: bool
    requeue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What holds for a run from now on: its time limit (None: none), whether it stands still."""

    limit_s: int | None
    is_suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Leave to run one attempt: names what was submitted, never code or a path.

    `cluster` and all names from the admin match [A-Za-z0-9_.-]+. `boot_id`: of the boot in which it
    was made, and in which alone it is good ('' if that is not known). `memory_per_cpu_mib`: if
    `memory_mib` is so much for each core; else 0. `partition`: where it runs ('': there is none).
    """

    run: RunId
    raw_id: int
    token: str
    cores: int
    memory_mib: int
    limit_s: int | None
    kill_wait_s: float
    restarts: int = 0
    cluster: str = "tinysched"
    boot_id: str = ""
    memory_per_cpu_mib: int = 0
    partition: str = ""
