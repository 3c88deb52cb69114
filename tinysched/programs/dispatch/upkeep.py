"""What nobody waits for: done a little at a time; what the disk refused, ever more rarely."""

from __future__ import annotations

from tinysched.errors import SpoolError
from tinysched.host.clock import Clock
from tinysched.programs.dispatch.ledger import Ledger

FIRST_S = 1.0
RAREST_S = 60.0


class Upkeep:
    """Tends the ledger's disk; tries again after 1, 2, 4 ... 60 seconds."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._wait_s = FIRST_S
        self._next_at = clock.boottime()

    def tick(self) -> None:
        """Does what is due."""
        now = self._clock.boottime()
        is_due = self._ledger.owes or self._ledger.tend_s(now) == 0.0
        if not is_due or now < self._next_at:
            return
        try:
            if self._ledger.owes:
                self._ledger.catch_up(self._clock.wall())
            self._ledger.tend(now)
        except SpoolError:  # the ledger has said so
            self._next_at = now + self._wait_s
            self._wait_s = min(RAREST_S, self._wait_s * 2)
        else:
            self._wait_s = FIRST_S

    def due(self) -> list[float]:
        """In how many seconds there is something to do, if at all."""
        now = self._clock.boottime()
        wait_s = 0.0 if self._ledger.owes else self._ledger.tend_s(now)
        return [] if wait_s is None else [max(wait_s, self._next_at - now)]
