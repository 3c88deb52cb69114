"""Runs that are over, and on the dispatcher's disk: removed with others, with one wait for ours."""

from __future__ import annotations

import logging

from tinysched.errors import SpoolError
from tinysched.host.clock import Clock
from tinysched.programs import events
from tinysched.spool.private import Private
from tinysched.spool.runs import RunDir

LOG = logging.getLogger("agent")
SOON_S = 0.1
MOST = 64
# So long after the last one the directories of runs are kept for others.
KEPT_S = 2.0


class Retiring:
    """Whatever is not removed when this process is killed is found, and told of, by the next."""

    def __init__(self, private: Private, clock: Clock) -> None:
        self._private = private
        self._clock = clock
        self._runs: dict[str, list[RunDir]] = {}
        self._due_at = 0.0
        self._drop_at: float | None = None

    def add(self, run: RunDir, token: str) -> None:
        """Removes a run of this request, soon."""
        if not self._runs:
            self._due_at = self._clock.boottime() + SOON_S
        self._runs.setdefault(token, []).append(run)

    def now(self) -> None:
        """Removes all there are."""
        due, self._runs = self._runs, {}
        if due:
            self._drop_at = self._clock.boottime() + KEPT_S
        for token, runs in due.items():
            try:
                self._private.retire(runs, token)
            except SpoolError as error:
                run = runs[0].run
                LOG.warning(events.RECORD_STAYS, run.job, run.attempt, error.sentence)

    def look(self) -> None:
        """Removes them if it is time."""
        is_time = self._clock.boottime() >= self._due_at
        if self._runs and (is_time or sum(map(len, self._runs.values())) >= MOST):
            self.now()
        elif self._drop_at is not None and self._clock.boottime() >= self._drop_at:
            self.end()

    def end(self) -> None:
        """Nothing is kept for others any more."""
        self._drop_at = None
        self._private.beside.spares.drop()

    def next_s(self) -> float | None:
        """In how many seconds it is time for something; None: there is nothing."""
        due_at = self._due_at if self._runs else self._drop_at
        return None if due_at is None else max(0.0, due_at - self._clock.boottime())
