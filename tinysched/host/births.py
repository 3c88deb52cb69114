"""When a process began: what tells it from a later one of the same pid.

Imported on the start-up path of srun: imports nothing heavy.
"""

from __future__ import annotations

import posix

_READ = posix.O_RDONLY | posix.O_CLOEXEC
# One read takes all that the kernel has to say of a process in a line.
_LINE = 4096
_DEAD = (b"Z", b"X")


def start_ticks(pid: int) -> int | None:
    """Tell when a process started; with its pid that names it for the whole boot.

    Units: clock ticks since boot. None if there is no such process.
    """
    found = _stat(pid)
    return None if found is None else int(found[19])


def name(pid: int) -> str:
    """The process as our records name it; one that is gone cannot be told from others."""
    return f"{pid}:{start_ticks(pid) or 0}"


def lives(process: str) -> bool:
    """Whether the process that `name` named is there still, and no zombie."""
    pid, _, ticks = process.partition(":")
    found = _stat(int(pid)) if pid.isdigit() else None
    return found is not None and found[19] == ticks.encode() and found[0] not in _DEAD


def _stat(pid: int) -> list[bytes] | None:
    try:
        fd = posix.open(f"/proc/{pid}/stat", _READ)
        try:
            text = posix.read(fd, _LINE)
        finally:
            posix.close(fd)
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold anything, so count from its end.
    return text[text.rindex(b")") + 1 :].split()
