"""The steps of one run, as whoever watches it sees them: worker, agent, or foreground client."""

from __future__ import annotations

from tinysched.host import births, tree
from tinysched.job.model import Step
from tinysched.job.steps import Live, StepBook, shown
from tinysched.spool.steplog import StepTail


class Steps:
    """Reads what srun has written. `live`: what runs, as far as was looked."""

    def __init__(self, run_path: str) -> None:
        self._tail = StepTail(run_path)
        self._book = StepBook()

    @property
    def live(self) -> tuple[Step, ...]:
        """The steps that run, each with the pids of its tasks."""
        return tuple(shown(live) for _, live in sorted(self._book.live.items()))

    def look(self, now: float) -> None:
        """Reads on. A step whose srun was killed has ended (`now`: UTC, seconds)."""
        self._book.hear(self._tail.news())
        for number, live in list(self._book.live.items()):
            if not births.lives(str(live.srun)):
                self._book.lose(number, now)

    def signal(self, signum: int, now: float) -> None:
        """Sends a signal to the tasks, and to all below them; srun itself hears nothing."""
        self.look(now)
        for live in self._book.live.values():
            for pid in _processes(live):
                tree.send_if(pid, signum, lambda _pid: True)

    def all(self, now: float) -> tuple[Step, ...]:
        """The steps of a run that is over."""
        self.look(now)
        return self._book.all(now)


def _processes(live: Live) -> list[int]:
    found: dict[int, None] = {}
    for task in live.tasks:
        if births.lives(str(task)):
            found[task.pid] = None
            found.update(dict.fromkeys(tree.descendants(task.pid)))
    return list(found)
