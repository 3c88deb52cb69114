"""How children of an agent have ended, kept until somebody asks.

Among them are orphans of jobs that nobody will ever ask for, and a pid is given again in time: so
what is kept names the process by its start as well.
"""

from __future__ import annotations

from collections.abc import Callable

from tinysched.host import processes
from tinysched.job.model import Exit
from tinysched.spool.runrecords import Started

MOST_STRANGERS = 10_000


class Exits:
    """By pid; the clock ticks tell when the process began. `hear` is told of every pid."""

    def __init__(self, hear: Callable[[int], None]) -> None:
        self._hear = hear
        self._found: dict[int, tuple[int | None, Exit]] = {}

    def collect(self) -> None:
        """Takes every child that has ended by now."""
        processes.reap(self._note)

    def forget_strangers(self) -> None:
        """Keeps within bounds what nobody has asked for, though all had the occasion to."""
        if len(self._found) > MOST_STRANGERS:
            self._found.clear()

    def forget(self, pid: int | None) -> None:
        """This pid is a new child's from now on."""
        self._found.pop(pid or 0, None)

    def take_worker(self, pid: int) -> bool:
        """Whether a forked worker has ended; told once."""
        return self._found.pop(pid, None) is not None

    def take_script(self, started: Started) -> Exit | None:
        """How a script has ended that became a child; told once. None: that is not known."""
        ticks, exit_ = self._found.pop(started.pid, (None, None))
        return exit_ if ticks == started.start_ticks else None

    def _note(self, pid: int, code: int, signum: int) -> None:
        self._hear(pid)
        self._found[pid] = (processes.start_ticks(pid), Exit(code=code, signal=signum))
