"""Foreground clients: each waits for, and then runs, one job on a connection of its own."""

from __future__ import annotations

import logging
from collections import defaultdict

from tinysched.errors import SpoolError
from tinysched.host.clock import Clock
from tinysched.job.model import Cancel, Job, Pending, Unit
from tinysched.programs import events
from tinysched.programs.dispatch import journal
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
        self._seats: defaultdict[Channel, set[int]] = defaultdict(set)
        self._seated: list[int] = []
        self._due_at = clock.boottime() + BACK_S
        for number, job in self._books.jobs.items():
            if job.request.foreground and not job.is_final:
                self._books.absent.add(number)
                self._books.file(number)

    def get(self, number: int) -> Channel | None:
        """The connection of the client that a job belongs to, if it is there."""
        return self._channels.get(number)

    def has_seat(self, channel: Channel) -> bool:
        """A client waits, or runs its job, on this connection."""
        return channel in self._seats

    def seat(self, number: int, channel: Channel) -> None:
        """A client waits for its job on this connection."""
        self._leave(number)
        self._channels[number] = channel
        self._seats[channel].add(number)
        self._seated.append(number)
        self._books.absent.discard(number)
        self._books.file(number)

    def take_seated(self) -> list[int]:
        """The jobs whose clients have come, or come back, since this was asked last."""
        seated, self._seated = self._seated, []
        return [number for number in seated if number in self._channels]

    def lost(self, channel: Channel) -> list[Unit]:
        """A connection has ended; returns what ran on it and must be watched by the agent now."""
        numbers = sorted(self._seats.get(channel, ()))
        for number in numbers:
            self._leave(number)
        return self._give_up(numbers)

    def _leave(self, number: int) -> None:
        """Nobody sits there for a job any more."""
        channel = self._channels.pop(number, None)
        if channel is not None:
            self._seats[channel].discard(number)
            if not self._seats[channel]:
                del self._seats[channel]

    def tick(self) -> list[Unit]:
        """Cancels what waits for clients that have not come back; returns what runs without."""
        if self._clock.boottime() < self._due_at:
            return []
        return self._give_up(sorted(self._books.absent))

    def _give_up(self, numbers: list[int]) -> list[Unit]:
        """Cancels what waits; returns what has its cores already."""
        live: list[Unit] = []
        for number in numbers:
            job = self._books.jobs.get(number)
            if job is None or not isinstance(job.work, Unit):
                continue
            if isinstance(job.work.state, Pending):
                self._cancel(job, job.work)
                continue
            self._books.absent.discard(number)
            if self._books.is_live(job.work.id):
                live.append(job.work)
        return live

    def next_tick_s(self) -> float | None:
        """In how many seconds something is due."""
        if not self._books.absent:
            return None
        return max(0.0, self._due_at - self._clock.boottime())

    def _cancel(self, job: Job, unit: Unit) -> None:
        cancel = Cancel(by_uid=job.uid, ordered_at=self._clock.wall())
        try:
            self._ledger.order_cancel(unit, cancel)
        except SpoolError as error:
            LOG.error(events.CANCEL_NOT_RECORDED, job.id, job.user, error.sentence)
            self._books.absent.add(job.id)
            self._books.file(job.id)
            self._due_at = self._clock.boottime() + RETRY_S
        else:
            self._books.absent.discard(job.id)
            LOG.info(events.CLIENT_GONE, job.id, job.user)
            journal.say_cancelled(job, self._books.unit(unit.id) or unit)
