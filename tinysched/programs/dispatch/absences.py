"""How long agents have been away: after a while the cores of what they run go to others."""

from __future__ import annotations

import logging
from collections.abc import Callable

from tinysched.host.clock import Clock
from tinysched.programs import events
from tinysched.programs.dispatch.books import Books
from tinysched.programs.dispatch.terms import Terms

LOG = logging.getLogger("dispatcher")


class Absences:
    """Since when whose agent is away; at the start, of everybody who has something that runs."""

    def __init__(self, books: Books, clock: Clock, terms: Callable[[], Terms]) -> None:
        self._books = books
        self._clock = clock
        self._terms = terms
        self._since: dict[int, float] = {job.uid: clock.boottime() for job, _ in books.live()}

    def begin(self, uid: int) -> None:
        """The agent of a user has gone."""
        self._since[uid] = self._clock.boottime()

    def prolong(self, uid: int) -> None:
        """It is there and cannot be understood: what it runs goes on."""
        if uid in self._since:
            self.begin(uid)

    def end(self, uid: int) -> None:
        """It is here."""
        self._since.pop(uid, None)

    def tick(self) -> None:
        """Gives back the cores of those who have been away for too long."""
        now, lost_s = self._clock.boottime(), self._terms().agent_lost_s
        for uid, since in list(self._since.items()):
            if now - since < lost_s:
                continue
            del self._since[uid]
            for job, unit in self._books.live(uid):
                LOG.warning(events.CORES_GIVEN_BACK, unit.id, job.user, unit.attempt)
                self._books.surrender(unit.id)

    def due(self) -> list[float]:
        """In how many seconds somebody will have been away for too long."""
        now, lost_s = self._clock.boottime(), self._terms().agent_lost_s
        return [max(0.0, since + lost_s - now) for since in self._since.values()]
