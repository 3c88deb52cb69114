"""Who belongs to a run: as its worker sees it, and as its agent does once that worker was killed.

Both look at what moves, so each is asked until nothing is found. Neither ever takes an agent, or
what an agent answers for, to belong to a run from inside of which that agent was started.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from tinysched.errors import SpoolError
from tinysched.host import marks, processes, tree
from tinysched.job import environment
from tinysched.job.model import RunId
from tinysched.job.runs import Grant
from tinysched.spool.private import Private
from tinysched.spool.runrecords import Started
from tinysched.spool.runs import RunDir

# Where no answer of the kernel settles it, so many walks in a row must find nothing.
EMPTY_WALKS = 3


class Kin(Protocol):
    """The processes of one run."""

    def members(self) -> Sequence[int]:
        """List what lives of it, script included."""

    def is_empty(self) -> bool:
        """Know that nothing of it lives."""

    def has(self, pid: int) -> bool:
        """Tell whether a process belongs to it, at this moment."""


class Below:
    """All that lives below this process, which is the run's worker."""

    def __init__(self, private: Private, run: RunId) -> None:
        self._private = private
        self._run = run
        self._empty_walks = 0

    def members(self) -> list[int]:
        """Walks down, past any agent."""
        found = tree.descendants(os.getpid())
        spared = bystanders(self._private, self._run) if found else frozenset()
        return tree.descendants(os.getpid(), spared) if spared & set(found) else found

    def is_empty(self) -> bool:
        """A walk can miss who moves: that we have no children is the kernel's own word."""
        if self.members():
            self._empty_walks = 0
            return False
        if not processes.has_children():
            return True
        spared = bystanders(self._private, self._run)
        for child in tree.children(os.getpid()):
            if child not in spared and not tree.is_held(child):
                self._empty_walks = 0  # alive, or about to be reaped
                return False
        self._empty_walks += 1
        return self._empty_walks >= EMPTY_WALKS

    def has(self, pid: int) -> bool:
        """Whoever is below us stays below us."""
        return tree.is_below(pid, {os.getpid()})


class Marked:
    """All that lives of a run without a worker: below its script, or marked as the run's.

    `workers`: those that the calling agent has forked and that live.
    """

    def __init__(
        self,
        private: Private,
        grant: Grant,
        started: Started | None,
        workers: Callable[[], Collection[int]],
    ) -> None:
        self._private = private
        self._run = grant.run
        self._cookie = environment.cookie(grant).encode()
        self._started = started
        self._workers = workers

    def members(self) -> list[int]:
        """Scans all processes of this user, and what is below those that are found."""
        roots = [pid for pid in tree.own() if self._is_marked(pid)]
        if not roots:
            return []
        spared = bystanders(self._private, self._run) | set(self._workers()) | {os.getpid()}
        found: dict[int, None] = {}
        for root in roots:
            # This agent may be below the script, but what is below this agent may be the script's.
            if root in spared or tree.is_below(root, spared - {os.getpid()}):
                continue
            if not tree.has_ended(root):
                found[root] = None
            found.update(dict.fromkeys(tree.descendants(root, spared)))
        return list(found)

    def is_empty(self) -> bool:
        """Only scans can tell."""
        return not any(self.members() for _ in range(EMPTY_WALKS))

    def has(self, pid: int) -> bool:
        """It, or somebody above it, is the script, or is marked."""
        if self._is_marked(pid):
            return True
        return any(tree.is_below(pid, {root}) for root in tree.own() if self._is_marked(root))

    def _is_marked(self, pid: int) -> bool:
        started = self._started
        if started is not None:
            mark = marks.carried_by(pid) if started.mark else 0
            if mark:
                return mark == started.mark
            if pid == started.pid and processes.start_ticks(pid) == started.start_ticks:
                return True
        return tree.has_cookie(pid, environment.COOKIE.encode(), self._cookie)


def bystanders(private: Private, run: RunId) -> frozenset[int]:
    """Who may be below a run, or carry its mark, and is not of it.

    An agent that was started from inside this job; and, once that agent was killed, the workers
    that it forked and the scripts whose workers were killed as well.
    """
    agent = private.agent_pid()
    found = set() if agent is None else {agent}
    for other in private.runs():
        if other.run == run:
            continue
        with contextlib.suppress(SpoolError):
            found |= _alive_of(other)
    return frozenset(found)


def _alive_of(run: RunDir) -> set[int]:
    """Worker and script of a run, as far as they live."""
    worker, started = run.worker_pid(), run.started()
    found = set() if worker is None else {worker}
    if started is not None and processes.start_ticks(started.pid) == started.start_ticks:
        found.add(started.pid)
    return found
