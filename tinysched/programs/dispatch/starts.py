"""Starts that are known and not on the disk: hardly any job runs so long that it matters.

Only who lists the queue is told of a start, and after a dispatcher's death its agent tells it once
more. So a start is written when the run is still alive after a while, with others that are due.
"""

from __future__ import annotations

import logging

from tinysched.errors import SpoolError
from tinysched.host.clock import Clock
from tinysched.job.model import JobId
from tinysched.programs import events
from tinysched.programs.dispatch.ledger import Ledger

# Who runs for longer than this has its start on record.
WRITTEN_AFTER_S = 0.75
RETRY_S = 1.0

LOG = logging.getLogger("dispatcher")


class Starts:
    """Has them written when it is time; a disk that refuses is asked again."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._due: dict[JobId, float] = {}
        self._refused: set[JobId] = set()

    def note(self, job: JobId, *, is_said_once: bool) -> None:
        """It has started now; a foreground client does not say it to another dispatcher."""
        wait_s = 0.0 if is_said_once else WRITTEN_AFTER_S
        self._due[job] = self._clock.boottime() + wait_s

    def tick(self) -> None:
        """Writes what is due, all at once; what an end or an order has written is done."""
        now = self._clock.boottime()
        due = [job for job, due_at in self._due.items() if due_at <= now]
        if not due:
            return
        for job in due:
            del self._due[job]
        try:
            self._ledger.write_starts(due)
        except SpoolError as error:
            self._try_again(due, error)
        else:
            self._refused.difference_update(due)

    def _try_again(self, jobs: list[JobId], error: SpoolError) -> None:
        for job_id in jobs:
            job = self._ledger.books.jobs.get(job_id.number)
            if job is not None and job_id not in self._refused:
                LOG.warning(events.START_NOT_RECORDED, job_id, job.user, error.sentence)
                self._refused.add(job_id)
            self._due[job_id] = self._clock.boottime() + RETRY_S

    def due(self) -> list[float]:
        """In how many seconds the next one is."""
        return [max(0.0, min(self._due.values()) - self._clock.boottime())] if self._due else []
