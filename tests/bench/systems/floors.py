"""The same things with no scheduler at all: what the machine itself takes for them."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.bench.systems.system import System
from tests.bench.timing import Command


class Bare(System):
    """An interpreter that starts and ends, the one that our commands run on."""

    name = "bare"
    # Set once it is known what the commands run on.
    interpreter = sys.executable

    def about(self) -> str:
        """What it is."""
        return f"{os.path.basename(os.path.realpath(self.interpreter))} -I -S -c pass"

    def command(self) -> Command:
        """The floor of each command that is written in Python."""
        return [self.interpreter, "-I", "-S", "-c", "pass"]

    def submit(self, script: str, *arguments: object, whole: bool = False) -> Command | None:
        """Instead of a command of ours."""
        return self.command()

    def array(self, script: str, count: int, folder: Path | None = None) -> Command | None:
        """Instead of a command of ours."""
        return self.command()

    def cancel(self, job: str) -> Command | None:
        """Instead of a command of ours."""
        return self.command()

    def listing(self) -> Command | None:
        """Instead of a command of ours."""
        return self.command()


class Spawn(System):
    """A tight loop of posix_spawn; a job in the foreground; a signal to a process group."""

    name = "spawn"
    holds_jobs = False

    def about(self) -> str:
        """What it is."""
        return "posix_spawn of the job itself in a tight loop; kill of a process group"

    def submit(self, script: str, *arguments: object, whole: bool = False) -> Command | None:
        """The job itself, in the foreground."""
        return [script, *map(str, arguments)]

    def many(self, script: str, count: int, folder: Path, limit_s: float) -> tuple[int, float]:
        """The tightest loop that Python can do."""
        began, living = time.perf_counter(), set[int]()
        for number in range(count):
            while len(living) >= self.width:
                living.discard(os.waitpid(-1, 0)[0])
            out = (os.POSIX_SPAWN_OPEN, 1, f"{folder}/{number}", os.O_WRONLY | os.O_CREAT, 0o644)
            both = [out, (os.POSIX_SPAWN_DUP2, 1, 2)]
            living.add(os.posix_spawn(script, [script], self.environment, file_actions=both))
        while living:
            living.discard(os.waitpid(-1, 0)[0])
        return count, time.perf_counter() - began

    def chain(self, gate: str, script: str, count: int) -> bool:
        """A shell loop; it needs no gate."""
        self.do(f"i=0; while [ $i -lt {count} ]; do {script}; i=$((i+1)); done")
        return True


class Xargs(System):
    """xargs -P, with an output file for each job."""

    name = "xargs"
    holds_jobs = False

    def about(self) -> str:
        """What it is."""
        return "seq | xargs -P, a shell and an output file for each job"

    def many(self, script: str, count: int, folder: Path, limit_s: float) -> tuple[int, float]:
        """As many as there are numbers."""
        each = f"sh -c 'exec {script} >{folder}/{{}} 2>&1'"
        done = self.do(f"seq {count} | xargs -P{self.width} -I{{}} {each}", limit_s)
        return count, done.wall_s
