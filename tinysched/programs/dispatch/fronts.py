"""Foreground clients: each waits for, and then runs, one job on a connection of its own."""

from __future__ import annotations

import logging

from tinysched.errors import SpoolError
from tinysched.host.clock import Clock
from tinysched.job.model import Cancel, Pending, Unit
from tinysched.programs.dispatch.ledger import Ledger
from tinysched.wire.channel import Channel

# So long after a start of the dispatcher, foreground clients have found it again or are gone.
BACK_S = 20.0
RETRY_S = 1.0

LOG = logging.getLogger("dispatcher")


class Fronts:
    """Who sits where; a job whose client has gone does not wait any longer."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._books = ledger.books
        self._clock = clock
        self._channels: dict[int, Channel] = {}
        self._due_at = clock.boottime() + BACK_S
        for number, job in self._books.jobs.items():
            if job.request.foreground and not job.is_final:
                self._books.absent.add(number)
                self._books.file(number)

    def get(self, number: int) -> Channel | None:
        """The connection of the client that a job belongs to, if it is there."""
        return self._channels.get(number)

    def seat(self, number: int, channel: Channel) -> None:
        """A client waits for its job on this connection."""
        self._channels[number] = channel
        self._books.absent.discard(number)
        self._books.file(number)

    def lost(self, channel: Channel) -> list[Unit]:
        """A connection has ended; returns what ran on it and must be watched by the agent now."""
        running: list[Unit] = []
        for number in [n for n, seat in self._channels.items() if seat is channel]:
            del self._channels[number]
            job = self._books.jobs.get(number)
            if job is None or not isinstance(job.work, Unit) or job.is_final:
                continue
            if self._books.is_live(job.work.id):
                running.append(job.work)
            else:
                self._cancel(number)
        return running

    def tick(self) -> None:
        """Cancels what waits for clients that have not come back."""
        if self._clock.boottime() >= self._due_at:
            for number in sorted(self._books.absent):
                self._cancel(number)

    def next_tick_s(self) -> float | None:
        """In how many seconds something is due."""
        if not self._books.absent:
            return None
        return max(0.0, self._due_at - self._clock.boottime())

    def _cancel(self, number: int) -> None:
        job = self._books.jobs[number]
        if not isinstance(job.work, Unit) or not isinstance(job.work.state, Pending):
            self._books.absent.discard(number)
            return
        LOG.info("Client gone: cancelled job=%s user=%s", number, job.user)
        cancel = Cancel(by_uid=job.uid, ordered_at=self._clock.wall())
        try:
            self._ledger.order_cancel(job.work, cancel)
        except SpoolError as error:
            LOG.error("Cancel not recorded job=%s: %s", number, error.sentence)
            self._books.absent.add(number)
            self._books.file(number)
            self._due_at = self._clock.boottime() + RETRY_S
        else:
            self._books.absent.discard(number)
