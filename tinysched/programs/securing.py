"""Ends told before they are on the disk: the dispatcher puts them on its own, and says so.

An agent waits for its own disk only if that takes long, or if there is no dispatcher.
"""

from __future__ import annotations

import logging

from tinysched.errors import SpoolError
from tinysched.host.clock import Clock
from tinysched.job.model import RunId
from tinysched.programs import events
from tinysched.spool.runs import RunDir

LOG = logging.getLogger("agent")
SAFE_AFTER_S = 0.2
RETRY_S = 1.0


class Securing:
    """By run; an end that is found when an agent begins may be one of these as well."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: dict[RunId, tuple[float, RunDir]] = {}

    def add(self, run: RunDir) -> None:
        """Its end has just been seen."""
        self._due[run.run] = self._clock.boottime() + SAFE_AFTER_S, run

    def settled(self, run: RunId) -> None:
        """The dispatcher has it on its disk."""
        self._due.pop(run, None)

    def look(self) -> None:
        """Waits for the disk, if it is time."""
        now = self._clock.boottime()
        for run_id, (due_at, run) in list(self._due.items()):
            if due_at > now:
                return  # those behind it are younger
            del self._due[run_id]
            try:
                run.secure_ending()
            except SpoolError as error:
                LOG.error(events.TROUBLE, run_id.job, run_id.attempt, error.sentence)
                self._due[run_id] = now + RETRY_S, run

    def next_s(self) -> float | None:
        """In how many seconds it is time; None: all are safe."""
        for due_at, _ in self._due.values():
            return max(0.0, due_at - self._clock.boottime())
        return None
