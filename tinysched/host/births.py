"""When a process began: what tells it from a later one of the same pid.

Imported on the start-up path of srun: imports nothing heavy.
"""

from __future__ import annotations


def start_ticks(pid: int) -> int | None:
    """Tell when a process started; with its pid that names it for the whole boot.

    Units: clock ticks since boot. None if there is no such process.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold anything, so count from its end.
    return int(text[text.rindex(b")") + 1 :].split()[19])


def name(pid: int) -> str:
    """The process as our records name it; one that is gone cannot be told from others."""
    return f"{pid}:{start_ticks(pid) or 0}"


def lives(process: str) -> bool:
    """Whether the process that `name` named is there still (it may be a zombie)."""
    pid, _, ticks = process.partition(":")
    return pid.isdigit() and str(start_ticks(int(pid))) == ticks
