"""One command as a user types it: begun, waited for, and timed."""

from __future__ import annotations

import os
import resource
import select
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.processes import BenchError

# What a shell is given as text, or the words of one command.
Command = Sequence[str] | str
_COMMAND_S = 120.0
_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """How long it took from its spawn to its end, what CPU time, and what it said.

    `began_at`: UTC, seconds, for comparison with what a job writes.
    """

    wall_s: float
    cpu_s: float
    code: int
    out: str
    began_at: float

    def ok(self) -> Timed:
        """Itself. Raises: BenchError if the command failed."""
        if self.code:
            raise BenchError(f"exit code {self.code}: {self.out.strip()[-300:]}")
        return self


def timed(
    command: Command,
    environment: Mapping[str, str],
    limit_s: float = _COMMAND_S,
    *,
    with_errors: bool = True,
) -> Timed:
    """Spawn a command and wait for it. What it says goes to memory.

    posix_spawn and wait4 add some 0.1 ms, as a shell does.
    """
    argv = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
    program = _path_of(argv[0], environment.get("PATH", ""))
    said = os.memfd_create("said")
    try:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, said, 1),
            (os.POSIX_SPAWN_DUP2, said, 2)
            if with_errors
            else (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        began_at, began_ns = time.time(), time.perf_counter_ns()
        pid = os.posix_spawn(program, argv, environment, file_actions=actions)
        _, status, used = _waited(pid, limit_s)
        ended_ns = time.perf_counter_ns()
        out = os.pread(said, min(os.fstat(said).st_size, _LARGEST), 0)
    finally:
        os.close(said)
    return Timed(
        wall_s=(ended_ns - began_ns) / 1e9,
        cpu_s=used.ru_utime + used.ru_stime,
        code=os.waitstatus_to_exitcode(status),
        out=out.decode(errors="replace"),
        began_at=began_at,
    )


def _waited(pid: int, limit_s: float) -> tuple[int, int, resource.struct_rusage]:
    """Its end, by force if it takes too long, and even if this program is told to stop."""
    ended = os.pidfd_open(pid)
    is_over = False
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        is_over = bool(poll.poll(limit_s * 1000))
    finally:
        os.close(ended)
        if not is_over:
            os.kill(pid, signal.SIGKILL)
    return os.wait4(pid, 0)


def _path_of(program: str, path: str) -> str:
    if "/" in program:
        return program
    for folder in path.split(":"):
        if os.access(f"{folder}/{program}", os.X_OK):
            return f"{folder}/{program}"
    raise BenchError(f"{program} is not installed")
