"""The steps of one run, as whoever watches it sees them: worker, agent, or foreground client."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from functools import partial

from tinysched.host import births, processes, tree
from tinysched.job import steplines
from tinysched.job.model import RunId, Step
from tinysched.job.steps import MOST_KEPT, Live, StepBook, shown
from tinysched.spool.steplog import StepTail, note_stop
from tinysched.wire import messages

GONE_MS = 500


class Steps:
    """Reads what srun has written. `live`: what runs, as far as was looked.

    `ends_orphans`: ends what is left of a step whose srun was killed.
    """

    def __init__(self, run_path: str, *, ends_orphans: bool = False) -> None:
        self._run_path = run_path
        self._tail = StepTail(run_path)
        self._book = StepBook()
        self._ends_orphans = ends_orphans

    @property
    def live(self) -> tuple[Step, ...]:
        """The steps that run, each with the pids of its tasks."""
        return tuple(shown(live) for _, live in sorted(self._book.live.items()))

    @property
    def known(self) -> dict[int, Step]:
        """Those that run, and those that have ended and are kept; by number."""
        found = {step.number: step for step in self._book.ended}
        found.update((step.number, step) for step in self.live)
        return found

    @property
    def is_any(self) -> bool:
        """Whether srun has begun anything, as far as was looked."""
        return bool(self._book.live or self._book.ended)

    def look(self, now: float) -> None:
        """Reads on. A step whose srun was killed has ended (`now`: UTC, seconds)."""
        self._book.hear(self._tail.news())
        for number, live in list(self._book.live.items()):
            if not births.lives(str(live.srun)):
                self._bury(number, live, now)

    def _bury(self, number: int, live: Live, now: float) -> None:
        self._book.lose(number, now)
        if self._ends_orphans:
            _send(live, signal.SIGKILL)

    def left(self, pid: int, now: float) -> None:
        """This process has hung up: an srun that has not ended its step before was killed."""
        self.look(now)
        for number, live in list(self._book.live.items()):
            if live.srun.pid == pid and _has_gone(pid):
                self._bury(number, live, now)

    def stop(self, why: str, now: float, has: Callable[[int], bool]) -> None:
        """The run is being ended: every srun hears why, before all that `has` is signalled.

        One that is no part of the run is told to end its tasks.
        """
        note_stop(self._run_path, why)
        self.look(now)
        for live in self._book.live.values():
            srun = str(live.srun)
            if not has(live.srun.pid):
                tree.send_if(live.srun.pid, signal.SIGTERM, partial(_is, srun))

    def signal(self, signum: int, now: float, number: int | None = None) -> None:
        """Sends a signal to the tasks, and to all below them; srun itself hears nothing.

        `number`: of the one step that is meant (None: all).
        """
        self.look(now)
        for live in self._book.live.values():
            if number in (None, live.step.number):
                _send(live, signum)

    def end(self, number: int, now: float) -> None:
        """Has a step ended by its srun, which is patient, and says what happens."""
        self.look(now)
        live = self._book.live.get(number)
        if live is not None:
            tree.send_if(live.srun.pid, steplines.END_SIGNAL, partial(_is, str(live.srun)))

    def all(self, now: float) -> tuple[Step, ...]:
        """The steps of a run that is over."""
        self.look(now)
        return self._book.all(now)


class Bulletin:
    """What the dispatcher knows of a run's steps, and what it is to be told.

    Lots are small: what has changed, and no more at once than a message is read of.
    """

    def __init__(self, run_path: str) -> None:
        self._steps = Steps(run_path)
        self._told: dict[int, Step] = {}

    def forget(self) -> None:
        """Another dispatcher listens: it was told nothing."""
        self._told.clear()

    def look(self, run: RunId, now: float, tell: Callable[[str, messages.Fields], bool]) -> None:
        """Reads on, and tells what is new; what nobody hears is told another time."""
        self._steps.look(now)
        known = self._steps.known
        new = [step for number, step in known.items() if self._told.get(number) != step]
        gone = [number for number in self._told if number not in known]
        while new or gone:
            lot, new = new[:MOST_KEPT], new[MOST_KEPT:]
            if not tell("steps", messages.steps_fields(run, lot, gone)):
                return
            self._told.update((step.number, step) for step in lot)
            for number in gone:
                del self._told[number]
            gone = []


def _has_gone(pid: int) -> bool:
    """Whoever is killed hangs up a moment before it is gone."""
    pidfd = processes.open_pidfd(pid)
    if pidfd is None:
        return True
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        return bool(poll.poll(GONE_MS))
    finally:
        os.close(pidfd)


def _is(process: str, _pid: int) -> bool:
    return births.lives(process)


def _send(live: Live, signum: int) -> None:
    for pid in _processes(live):
        tree.send_if(pid, signum, tree.is_own)


def _processes(live: Live) -> list[int]:
    found: dict[int, None] = {}
    for task in live.tasks:
        if births.lives(str(task)):
            found[task.pid] = None
            found.update(dict.fromkeys(tree.descendants(task.pid)))
    return list(found)
