"""Every process that a run starts, however it hides: found, weighed, and ended with the run.

The benchmark is a subreaper: whatever loses its parent below it becomes its child. So all that it
ever started is below it, and it ends children of its own only, whose pids nobody else can get.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.wait import until

_PR_SET_CHILD_SUBREAPER = 36
_END_S = 20.0
_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Something could not be measured; the sentence says what."""


def adopt_orphans() -> None:
    """From now on what loses its parent below this process becomes its child."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise BenchError("cannot become a subreaper: this needs Linux 3.4")


def start(argv: Sequence[object], environment: Mapping[str, str], log: Path) -> int:
    """A daemon, in a session of its own; what it says goes to a file. Answers its pid."""
    words = [str(word) for word in argv]
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawnp(
        words[0],
        words,
        environment,
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )


def descendants(pid: int | None = None) -> list[int]:
    """Everything below a process (below this one if none is named), the dead not counted."""
    below = dict[int, list[int]]()
    for one, parent, state in _everybody():
        if state != "Z":
            below.setdefault(parent, []).append(one)
    found, new = list[int](), [os.getpid() if pid is None else pid]
    while new:
        new = [child for parent in new for child in below.get(parent, ())]
        found += new
    return found


def _everybody() -> Iterable[tuple[int, int, str]]:
    """Pid, parent and state of each process of the host."""
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := _stat(int(name))):
            yield int(name), int(fields[1]), fields[0]


def _stat(pid: int) -> list[str]:
    """What follows the name in /proc/PID/stat; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def called(pid: int) -> str:
    """The name of its program, as the kernel has it ('' once it is gone)."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def cpu_ns(pids: Iterable[int]) -> int:
    """CPU time that these processes have taken, with that of children they have waited for."""
    return sum(_own_ns(pid) + _children_ns(pid) for pid in pids)


def _own_ns(pid: int) -> int:
    total = 0
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            total += int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])
    return total


def _children_ns(pid: int) -> int:
    fields = _stat(pid)
    return (int(fields[13]) + int(fields[14])) * _TICK_NS if fields else 0


def pss_kib(pids: Iterable[int]) -> int:
    """Memory of these processes; what several share counts for each in part."""
    return sum(map(_pss_kib, pids))


def _pss_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def bury() -> None:
    """Takes leave of children that have ended and that nobody waits for."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def kill(pids: Iterable[int], signum: int = signal.SIGKILL) -> None:
    """Signals processes below this one, and no others."""
    mine = set(descendants())
    for pid in mine.intersection(pids):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signum)


def end(pids: Sequence[int], signum: int = signal.SIGTERM, patience_s: float = 10.0) -> None:
    """Signals processes below this one and waits until they are gone; KILL if they take long."""
    kill(pids, signum)
    with contextlib.suppress(AssertionError):
        until(lambda: not any(map(is_alive, pids)), "they end", patience_s)
    kill(pids)
    bury()


def end_all() -> None:
    """Ends everything below this process. A child keeps its pid until it is buried here."""
    limit = time.monotonic() + _END_S
    while descendants():
        for pid, parent, state in _everybody():
            if parent == os.getpid() and state != "Z":
                os.kill(pid, signal.SIGKILL)
        bury()
        if time.monotonic() > limit:
            raise BenchError(f"cannot end processes {descendants()}")
        time.sleep(0.01)
    bury()
