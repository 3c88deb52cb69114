"""Plain jobs that wait and are cancelled: however many, they go to the disk in one go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tinysched.host.clock import Clock
from tinysched.job import lifecycle
from tinysched.job.history import History
from tinysched.job.model import Cancel, Unit
from tinysched.programs.dispatch import journal
from tinysched.programs.dispatch.agents import Agents
from tinysched.programs.dispatch.ledger import Ledger


class _Ends:
    """What becomes of units that are cancelled together: of those with one past the same."""

    def __init__(self, cancel: Cancel) -> None:
        self._cancel = cancel
        self._first: dict[History, Unit] = {}

    def of(self, unit: Unit) -> Unit:
        """The unit, as it has ended."""
        first = self._first.get(unit.history)
        if first is None:
            first = lifecycle.cancelled_unstarted(unit, self._cancel)
            self._first[unit.history] = first
        return replace(unit, state=first.state, cancel=first.cancel, history=first.history)


class Withdrawals:
    """Collects orders, and carries them out together."""

    def __init__(self, ledger: Ledger, agents: Agents, clock: Clock) -> None:
        self._ledger = ledger
        self._books = ledger.books
        self._agents = agents
        self._clock = clock
        self._depth = 0
        self._orders: dict[tuple[int, bool], dict[int, Unit]] = {}

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is ordered meanwhile is done at the end, or when something else has failed."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                orders, self._orders = self._orders, {}
                for (uid, kill), units in orders.items():
                    self._withdraw(list(units.values()), uid, kill=kill)

    def order(self, unit: Unit, uid: int, *, kill: bool) -> None:
        """A user, who may, ends a plain job that waits."""
        self._orders.setdefault((uid, kill), {})[unit.id.number] = unit

    def _withdraw(self, units: list[Unit], uid: int, *, kill: bool) -> None:
        cancel = Cancel(by_uid=uid, ordered_at=self._clock.wall(), kill=kill)
        known = self._books.jobs
        ends = _Ends(cancel)
        over = [ends.of(unit) for unit in units]
        self._ledger.rewrite(*(replace(known[unit.id.number], work=unit) for unit in over))
        jobs = [known[unit.id.number] for unit in units]
        journal.say_withdrawn(jobs, cancel)
        for job, unit in zip(jobs, units, strict=True):
            if job.request.foreground:
                self._agents.stop(job, unit, cancel)
