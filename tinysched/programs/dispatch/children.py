"""Who waits for whom: of most changes of a job nobody has to hear that waits for it."""

from __future__ import annotations

from collections import defaultdict

from tinysched.job.dependencies import Edge, Kind
from tinysched.job.model import Elements, Ended, Job, Outcome, Running
from tinysched.programs.dispatch.books import Books

_Fact = tuple[float | None, Outcome | None, bool]
_NOTHING_YET: _Fact = (None, None, False)
# These look at no more of an array than whether all of it has ended, and how.
_AT_THE_END = frozenset({Kind.AFTERANY, Kind.AFTEROK, Kind.AFTERNOTOK})


class Children:
    """The jobs that wait for others, by those."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._waiting: defaultdict[int, set[int]] = defaultdict(set)
        self._told: dict[int, _Fact] = {}
        self._closely: set[int] = set()  # of these every change matters to somebody

    @property
    def parents(self) -> frozenset[int]:
        """Jobs that somebody waits for."""
        return frozenset(number for number, waiting in self._waiting.items() if waiting)

    def add(self, parent: int, child: int, edge: Edge) -> None:
        """A job has a condition about another one that is still open."""
        self._waiting[parent].add(child)
        if edge.kind not in _AT_THE_END or edge.task is not None:
            self._closely.add(parent)

    def discard(self, parent: int, child: int) -> None:
        """A job does not wait for another one any more; one that did not is no mistake."""
        waiting = self._waiting.get(parent)
        if waiting is None:
            return
        waiting.discard(child)
        if not waiting:
            del self._waiting[parent]
            self._told.pop(parent, None)
            self._closely.discard(parent)

    def to_be_told(self, parent: int) -> set[int]:
        """Who has to look again because something is different about a job."""
        waiting = self._waiting.get(parent)
        if not waiting:
            return set()
        fact = _fact(self._books.jobs.get(parent))
        if parent not in self._closely and self._told.get(parent) == fact:
            return set()
        self._told[parent] = fact
        return waiting


def _fact(job: Job | None) -> _Fact:
    """What can matter to who waits for the whole of a job."""
    if job is None:
        return None, None, True
    if isinstance(job.work, Elements):
        work = job.work
        if work.ended_at is None:
            return _NOTHING_YET
        return work.ended_at, work.worst, bool(work.cancelled)
    state = job.work.state
    if isinstance(state, Running):
        return state.started_at, None, False
    return (state.started_at, state.outcome, True) if isinstance(state, Ended) else _NOTHING_YET
