"""What a system that is measured has to offer.

A system times nothing: it says which command a user would type, and the measures run and time it.
What it has no notion of it answers with None; its cell then stays empty. Verbs that set something
up may do as they like, since they are not timed.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import processes, scripts
from tests.bench.processes import BenchError
from tests.bench.timing import Command, Timed, timed

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# How often is looked whether many jobs are done: so seldom that it costs them nothing.
LOOK_S = 0.05
_FILL_S = 1800.0


def installed(program: str) -> bool:
    """Whether there is such a command on this host."""
    return shutil.which(program, path=SYSTEM_PATH) is not None


class System:
    """One instance of a scheduler, with a directory of its own. `label` tells instances apart."""

    name = ""
    # Whether it has a queue of waiting jobs, how many it is asked to hold, and how many
    # submissions it gets in a loop.
    holds_jobs = True
    most_pending = 10_000
    loops = 1000
    # How long to pause at random before a dispatch is timed: longer for what works in ticks.
    tick_s = 0.1
    # Whether its listings are to be without what has ended, where that is a setting.
    forgets_at_once = False
    # Programs of it that are not below its daemons.
    programs: tuple[str, ...] = ()

    def __init__(self, place: Path, label: str = "") -> None:
        self.place = place / (f"{self.name}.{label}" if label else self.name)
        self.place.mkdir(mode=0o755)
        self.jobs = scripts.write(self.place / "jobs")
        self.slots = self.width = 1
        home = os.path.expanduser("~")
        user = os.environ.get("USER") or "root"
        self.environment = {
            "PATH": SYSTEM_PATH,
            "HOME": home,
            "USER": user,
            "LOGNAME": user,
            "SHELL": "/bin/sh",
            "LC_ALL": "C",
        }

    @classmethod
    def missing(cls) -> str:
        """Why it cannot be measured here; '' if it can."""
        return ""

    def about(self) -> str:
        """Version and settings, for whoever reads the figures."""
        return ""

    # Its life

    def start(self, slots: int) -> None:
        """Bring it up with so many slots and an empty queue."""
        self.slots = self.width = slots

    def stop(self) -> None:
        """Take it down; what is left of it is ended by the caller."""

    def narrow(self, width: int) -> None:
        """From now on so many (a divisor of the slots) jobs run at once."""
        self.width = width

    def daemons(self) -> list[int]:
        """Its programs, without what runs jobs."""
        return []

    def family(self) -> list[int]:
        """Its programs and what they started."""
        found = {pid for one in self.daemons() for pid in (one, *processes.descendants(one))}
        if self.programs:
            others = processes.descendants()
            found |= {pid for pid in others if processes.called(pid) in self.programs}
        return sorted(found)

    def standing(self) -> list[int]:
        """What of that is there without any running job."""
        return self.family()

    def kill_daemons(self) -> None:
        """As a power cut would for them; the jobs are left alone."""
        processes.end(self.daemons(), 9)

    def restart(self) -> None:
        """Bring it up again on what `kill_daemons` left; does not wait until it is up."""
        raise BenchError("it has nothing to restart")

    # Jobs

    def submit(self, script: str, *arguments: object, whole: bool = False) -> Command | None:
        """Hands in one job; `whole`: which takes all slots."""
        return None

    def job_id(self, out: str) -> str:
        """The job that such a command said it has made."""
        words = out.split()
        return words[-1] if words else ""

    def array(self, script: str, count: int, folder: Path | None = None) -> Command | None:
        """ONE command for so many tasks, each with an output file in a directory."""
        return None

    def loop(self, script: str, count: int) -> str | None:
        """So many submissions by a shell loop."""
        command = self.submit(script)
        if command is None:
            return None
        text = command if isinstance(command, str) else " ".join(command)
        return f"i=0; while [ $i -lt {count} ]; do {text} >/dev/null 2>&1; i=$((i+1)); done"

    def many(
        self, script: str, count: int, folder: Path, limit_s: float
    ) -> tuple[int, float] | None:
        """Run so many tasks; how many are done after how long."""
        return None

    def chain(self, gate: str, script: str, count: int) -> bool:
        """Queue a gate, then so many jobs; each takes all slots."""
        for one in (gate, *[script] * count):
            command = self.submit(one, whole=True)
            if command is None:
                return False
            self.do(command)
        return True

    # A queue that stands still

    def block(self) -> None:
        """Take all slots."""
        command = self.submit(self.jobs["long"], whole=True)
        if command is None:
            raise BenchError("it holds no waiting jobs")
        self.do(command)
        time.sleep(1.5)

    def fill(self, count: int) -> None:
        """Hand in so many separate jobs."""
        text = self.loop(self.jobs["noop"], count)
        if text is not None:
            self.do(text, _FILL_S)

    def fill_numbered(self, first: int, last: int) -> None:
        """Hand in jobs of the recovery, each with its number."""
        command = self.submit(self.jobs["waiting"], "$i")
        if command is not None:
            text = command if isinstance(command, str) else " ".join(command)
            loop = f"i={first}; while [ $i -le {last} ]; do {text} >/dev/null; i=$((i+1)); done"
            self.do(loop, _FILL_S)

    def listing(self) -> Command | None:
        """Lists the queue, a line for each job and task."""
        return None

    def pending(self) -> int | None:
        """How many jobs wait, on its own word; None: it does not say."""
        return None

    def unfinished(self) -> int | None:
        """How many jobs wait or run, on its own word."""
        return None

    def cancel(self, job: str) -> Command | None:
        """Ends a running job, or one that waits."""
        return None

    def withdraw(self, job: str) -> Command | None:
        """Takes away one that waits, where that is another command."""
        return self.cancel(job)

    def cancel_all(self) -> Command | None:
        """Ends all of the user's jobs."""
        return None

    def is_idle(self) -> bool:
        """Whether nothing waits or runs, on its own word."""
        return not self.unfinished()

    def records(self) -> int:
        """How many records of waiting jobs it keeps on the disk."""
        return 0

    def exit_code(self, job: str) -> int | None:
        """The exit code of an ended job as it has recorded it; None: it has not."""
        return None

    # What all of them do

    def do(self, command: Command, limit_s: float = 120.0) -> Timed:
        """A command that has to go well. Raises: BenchError."""
        return timed(command, self.environment, limit_s).ok()

    def until_idle(self, limit_s: float = 60.0, every_s: float = LOOK_S) -> bool:
        """Whether it became idle in time."""
        return waits(self.is_idle, limit_s, every_s)

    def spawn(self, *argv: object) -> int:
        """A daemon of it; what it says is in its directory."""
        return processes.start(argv, self.environment, self.place / "daemon.log")


def waits(condition: Callable[[], object], limit_s: float, every_s: float = 0.02) -> bool:
    """Whether something came true in time; `condition` is asked again and again."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(every_s)
    return True


def files_in(folder: Path) -> int:
    """How many there are."""
    try:
        return sum(1 for _ in os.scandir(folder))
    except FileNotFoundError:
        return 0
