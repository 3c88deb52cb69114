"""An agent's workers: those at work, and those that have done one run and wait for another.

To fork one takes longer than a short job runs.
"""

from __future__ import annotations

import _socket

from tinysched.host.clock import Clock
from tinysched.programs.shift import Handed, hand_over
from tinysched.spool.private import Private
from tinysched.spool.runs import RunDir

# More than this do not wait, and not for longer: each takes memory.
MOST_IDLE = 8
IDLE_S = 2.0


class Crew:
    """By pid; whoever waits longest is asked last: the others are warmer."""

    def __init__(self, private: Private, clock: Clock) -> None:
        self._private = private
        self._clock = clock
        self._lines: dict[int, _socket.socket] = {}
        self._ears: dict[int, str] = {}
        self._idle: list[int] = []
        self._leave_at = 0.0

    @property
    def idle(self) -> frozenset[int]:
        """Those that wait."""
        return frozenset(self._idle)

    def join(self, pid: int, line: _socket.socket, ear: str) -> None:
        """A new worker is at work. `ear`: the name under which it listens."""
        self._lines[pid] = line
        self._ears[pid] = ear

    def rest(self, pid: int) -> None:
        """A worker has said that it is free."""
        if pid not in self._lines or pid in self._idle:
            return
        if len(self._idle) >= MOST_IDLE:
            self.lose(pid)
            return
        self._idle.append(pid)
        self._leave_at = self._clock.boottime() + IDLE_S

    def lose(self, pid: int) -> None:
        """Hang up: it has ended, or is to end."""
        line = self._lines.pop(pid, None)
        if line is not None:
            line.close()
            self._private.beside.drop_ear(self._ears.pop(pid))
        if pid in self._idle:
            self._idle.remove(pid)

    def hand_over(self, handed: Handed, run: RunDir) -> int | None:
        """Give a run to somebody who waits; returns who took it (None: nobody).

        Raises: SpoolError.
        """
        while self._idle:
            pid = self._idle.pop()
            run.show_socket(self._ears[pid])
            if hand_over(self._lines[pid], handed):
                return pid
            self.lose(pid)
        return None

    def look(self) -> None:
        """Send home who was not needed for a while."""
        if self._idle and self._clock.boottime() >= self._leave_at:
            for pid in list(self._idle):
                self.lose(pid)

    def next_s(self) -> float | None:
        """In how many seconds somebody is sent home; None: nobody waits."""
        return max(0.0, self._leave_at - self._clock.boottime()) if self._idle else None
