"""What the disk refused, and nobody waits for: done when it takes it, asked ever more rarely."""

from __future__ import annotations

from tinysched.errors import SpoolError
from tinysched.host.clock import Clock
from tinysched.programs.dispatch.ledger import Ledger

FIRST_S = 1.0
RAREST_S = 60.0


class Debts:
    """Tries again, after 1, 2, 4 ... 60 seconds."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._wait_s = FIRST_S
        self._next_at = clock.boottime()

    def tick(self) -> None:
        """Does what is due."""
        if not self._ledger.owes:
            self._wait_s = FIRST_S
            return
        now = self._clock.boottime()
        if now < self._next_at:
            return
        try:
            self._ledger.catch_up(self._clock.wall())
        except SpoolError:  # the ledger has said so
            self._next_at = now + self._wait_s
            self._wait_s = min(RAREST_S, self._wait_s * 2)

    def due(self) -> list[float]:
        """In how many seconds to try again, if at all."""
        if not self._ledger.owes:
            return []
        return [max(0.0, self._next_at - self._clock.boottime())]
