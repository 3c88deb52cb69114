"""Becoming a user's agent, of which there is never more than one."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable

from tinysched.errors import SpoolError
from tinysched.host import agent_start, processes
from tinysched.host.clock import Clock
from tinysched.programs import events
from tinysched.site import Site
from tinysched.spool.agentlock import AgentLock
from tinysched.spool.private import Private

LEAVE_S = 6.0
STAY_S = 0.2
LOOK_S = 0.02
# An upgrade is followed by a restart of the dispatcher, which is seen at once; else by this.
UPGRADE_EVERY_S = 60.0

LOG = logging.getLogger("agent")


def wait_for_lock(
    private: Private, clock: Clock, end: Callable[[int, int], None] | None = None
) -> AgentLock | None:
    """Becomes the user's agent; None: another one is, and means to stay.

    One that is on its way out is waited for. `end` (pid, signal) is asked to end whoever holds the
    lock.
    """
    began_at = clock.boottime()
    while True:
        lock = private.lock_agent()
        if lock is not None:
            return lock
        waited_s = clock.boottime() - began_at
        pid = private.agent_pid()
        # Who does not tell its pid may be about to leave, or has just come.
        if waited_s >= (STAY_S if pid is not None and end is None else LEAVE_S):
            return None
        if end is not None and pid is not None:
            end(pid, signal.SIGKILL if waited_s >= LEAVE_S / 2 else signal.SIGTERM)
        clock.sleep(LOOK_S)


def keep_lock(private: Private, descriptor: int) -> AgentLock:
    """Goes on as the user's agent, which this process was as an older program.

    Raises: SpoolError if the descriptor is not the lock.
    """
    lock = private.inherit_lock(descriptor)
    if lock is None:
        raise SpoolError(f"cannot be your agent: descriptor {descriptor} is not its lock")
    return lock


def end_agent(pid: int, signum: int) -> None:
    """Signals an agent, if that is what the pid still belongs to."""
    processes.send_titled(pid, agent_start.TITLE, signum)


class Upgrade:
    """Has an agent become the program that is installed now, once nothing that it runs is alive.

    What has ended and was not told yet lies on the disk, for whoever it becomes to find.
    """

    def __init__(self, site: Site, lock: AgentLock, clock: Clock) -> None:
        self._site = site
        self._lock = lock
        self._clock = clock
        self._program = self._installed()
        self._look_at = clock.boottime() + UPGRADE_EVERY_S

    def look(self) -> None:
        """Does it, if it is time to look, and there is another program; nothing may be alive."""
        if self.next_s() > 0:
            return
        self._look_at = self._clock.boottime() + UPGRADE_EVERY_S
        program = self._installed()
        if program in (None, self._program):
            return
        LOG.info(events.SUCCEEDED, program)
        agent_start.succeed(self._site.bin_dir, self._site.root, self._lock.fd)

    def look_soon(self) -> None:
        """The dispatcher has gone, perhaps to come back as another version."""
        self._look_at = self._clock.boottime()

    def next_s(self) -> float:
        """In how many seconds to look."""
        return max(0.0, self._look_at - self._clock.boottime())

    def _installed(self) -> str | None:
        """The program; None: there is none just now that could be started."""
        try:
            return agent_start.program(self._site.bin_dir)
        except OSError:
            return None
