"""Who belongs to a run: as its worker sees it, and as its agent does once that worker was killed.

Both look at what moves, so each is asked until nothing is found. Neither ever takes an agent, or
what an agent answers for, to belong to a run from inside of which that agent was started.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Collection, Iterable, Iterator

from tinysched.errors import SpoolError
from tinysched.host import marks, processes, tree
from tinysched.host.clock import Clock
from tinysched.job import environment
from tinysched.job.model import RunId
from tinysched.job.runs import Grant
from tinysched.spool.private import Private
from tinysched.spool.runrecords import Started
from tinysched.spool.runs import RunDir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object  # typing would be 0.4 MB of every program

# A worker below which an agent lives looks so many times before it believes that all else is gone.
EMPTY_LOOKS = 3
# Where no answer of the kernel settles it, so many walks in a row must find nothing.
EMPTY_WALKS = 3
EMPTY_GLANCES = 20
# On a busy host somebody new is listed each time.
MOST_LISTINGS = 3
# To look at everybody takes long where there are many. Nobody is signalled unlooked at.
LOOK_AFRESH_S = 0.25


class Kin(Protocol):
    """The processes of one run."""

    def members(self) -> Iterable[int]:
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
        if not processes.has_children():
            return True
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
        return self._empty_walks >= EMPTY_LOOKS

    def has(self, pid: int) -> bool:
        """Whoever is below us stays below us."""
        return tree.is_below(pid, {os.getpid()})


class Roll:
    """One look at all processes of this user, for all runs that an agent watches itself.

    `workers`: those that the calling agent has forked and that live.
    """

    def __init__(
        self, private: Private, clock: Clock, workers: Callable[[], Collection[int]]
    ) -> None:
        self._private = private
        self._clock = clock
        self._workers = workers
        self._signs: dict[int, int | bytes] = {}
        self._children: dict[int, int | bytes] = {}
        self._living: dict[RunId, set[int]] | None = None
        self._spared: dict[RunId, set[int]] = {}
        self._has_looked = False
        self._looked_at = -LOOK_AFRESH_S

    def again(self) -> None:
        """Forgets what was seen a while ago; looks for who has come since.

        Called whenever children may have been reaped.
        """
        self._children.clear()
        self._spared.clear()
        if self._clock.boottime() - self._looked_at > LOOK_AFRESH_S:
            self.afresh()
        elif self._has_looked:
            self.look()

    def afresh(self) -> None:
        """Forgets what was seen: a pid may be another's by now."""
        self._signs, self._living = {}, None
        self._spared.clear()
        self._has_looked = False
        self._looked_at = self._clock.boottime()

    def look(self) -> None:
        """Sees whoever was not seen yet.

        Who moves is listed, and gone before it is looked at: so the new ones are listed again.
        """
        self._has_looked = True
        for _ in range(MOST_LISTINGS):
            # A child of this agent may have become another user's (sudo): it bears its mark on.
            ours = self._orphans()
            new = [pid for pid in tree.pids() if pid not in self._signs]
            own = [pid for pid in new if pid in ours or tree.is_own(pid)]
            self._signs.update(dict.fromkeys(new, b""))
            self._signs.update((pid, sign_of(pid)) for pid in own)
            if not own:
                break

    def bearers(self, signs: Collection[int | bytes]) -> list[int]:
        """List who was seen to bear one of these marks or cookies."""
        if not self._has_looked:
            self.look()
        return [pid for pid, sign in self._signs.items() if sign in signs]

    def orphans(self, signs: Collection[int | bytes]) -> Iterator[int]:
        """Who has lost all parents below this agent is its child, at least for a moment.

        Those that it has yet to reap are listed as well: nobody gets away without leaving a trace.
        """
        for pid in self._orphans():
            if pid not in self._children:
                self._children[pid] = sign_of(pid)
            if self._children[pid] in signs:
                yield pid

    def _orphans(self) -> set[int]:
        return set(tree.children(os.getpid())) - set(self._workers())

    def strays(self, signs: Collection[int | bytes]) -> Iterator[int]:
        """Who has lost all parents, and a former agent as well, was adopted by one of these.

        Only those are listed that live, and were not seen before.
        """
        for parent in {1, os.getppid()}:
            for pid in tree.children(parent):
                if pid in self._signs or pid == os.getpid():  # it may be started inside a job
                    continue
                self._signs[pid] = sign_of(pid) if tree.is_own(pid) else b""
                # There are hosts on which nobody buries who has ended.
                if self._signs[pid] in signs and not tree.has_ended(pid):
                    yield pid

    def spared(self, run: RunId) -> set[int]:
        """Who is not of this run, wherever they are; this process not among them."""
        if run not in self._spared:
            if self._living is None:
                self._living = _living(self._private)
            others = (pids for other, pids in self._living.items() if other != run)
            self._spared[run] = set(self._workers()).union(*others) - {os.getpid()}
        return self._spared[run]


class Marked:
    """All that lives of a run without a worker: its script, who is marked as its, and all below.

    `started` None: it was started in another life of this host, and its pid is no more its own.
    """

    def __init__(self, roll: Roll, grant: Grant, started: Started | None) -> None:
        self._roll = roll
        self._run = grant.run
        self._started = started
        self._signs: tuple[int | bytes, ...] = (environment.cookie(grant).encode(),)
        if started is not None and started.mark:
            self._signs += (started.mark,)

    def members(self) -> Iterator[int]:
        """Those that the latest roll has shown, and what is below them now.

        First, and one by one, this agent's own children: who moves fast is that only for a moment.
        """
        found: set[int] = set()
        for pid in itertools.chain(self._orphans(), self._seen(found)):
            if pid not in found and not tree.has_ended(pid):
                found.add(pid)
                yield pid

    def _seen(self, orphans: Collection[int]) -> Iterator[int]:
        roots = [*orphans, *self._roll.bearers(self._signs)]
        if self._is_script():
            roots.append(self._script)
        for root in roots:
            spared = self._roll.spared(self._run)
            # This agent may be below the script, but what is below this agent may be the script's.
            if root != os.getpid() and not self._is_anothers(root, spared):
                yield root
                yield from tree.descendants(root, spared | {os.getpid()})

    def _is_anothers(self, pid: int, spared: Collection[int]) -> bool:
        """Whoever bears our sign below one who does not was adopted there, and is ours."""
        if pid in spared or not tree.is_below(pid, set(spared)):
            return pid in spared
        return tree.is_below(pid, {other for other in spared if sign_of(other) in self._signs})

    def is_empty(self) -> bool:
        """Nobody below this agent can get away unseen: all leave a zombie, which only we take away.

        Who is not below it, since its worker was not, can only be looked for, again and closely.
        """
        if self._is_seen():
            return False
        self._roll.afresh()
        for _ in range(EMPTY_WALKS):
            if self._is_seen():
                return False
            self._roll.look()
        glances = (self._roll.strays(self._signs) for _ in range(EMPTY_GLANCES))
        return not any(True for found in glances for _ in found)

    def _is_seen(self) -> bool:
        if any(not tree.is_held(pid) for pid in self._orphans()):
            return True
        return any(True for _ in self.members())

    def _orphans(self) -> Iterator[int]:
        """Who of this run has lost all parents."""
        roll, signs = self._roll, self._signs
        for pid in itertools.chain(roll.orphans(signs), roll.strays(signs)):
            if pid not in roll.spared(self._run):
                yield pid

    def has(self, pid: int) -> bool:
        """It, or somebody above it, is the script, or is marked."""
        if sign_of(pid) in self._signs:
            return True
        above = set(self._roll.bearers(self._signs))
        return tree.is_below(pid, above | ({self._script} if self._is_script() else set()))

    @property
    def _script(self) -> int:
        return 0 if self._started is None else self._started.pid

    def _is_script(self) -> bool:
        started = self._started
        return started is not None and processes.start_ticks(started.pid) == started.start_ticks


def sign_of(pid: int) -> int | bytes:
    """The mark of a process; its cookie if it has none; b"" if it has neither."""
    return marks.carried_by(pid) or tree.variable(pid, environment.COOKIE.encode())


def bystanders(private: Private, run: RunId) -> frozenset[int]:
    """Who may be below a run, or carry its mark, and is not of it.

    An agent that was started from inside this job; and, once that agent was killed, the workers
    that it forked, the scripts whose workers were killed as well, and what these left behind.
    """
    agent = private.agent_pid()
    found = set() if agent is None else {agent}
    foreign: set[int] = set()
    for other in private.runs():
        if other.run != run:
            with contextlib.suppress(SpoolError):
                started = other.started()
                found |= _alive_of(other, started)
                foreign |= {started.mark} if started is not None and started.mark else set()
    if foreign:
        children = tree.children(os.getpid())
        found.update(pid for pid in children if marks.carried_by(pid) in foreign)
    return frozenset(found)


def _living(private: Private) -> dict[RunId, set[int]]:
    """Worker and script of each run, as far as they live."""
    found: dict[RunId, set[int]] = {}
    for run in private.runs():
        with contextlib.suppress(SpoolError):
            found[run.run] = _alive_of(run, run.started())
    return found


def _alive_of(run: RunDir, started: Started | None) -> set[int]:
    worker = run.worker_pid()
    found = set() if worker is None else {worker}
    if started is not None and processes.start_ticks(started.pid) == started.start_ticks:
        found.add(started.pid)
    return found
