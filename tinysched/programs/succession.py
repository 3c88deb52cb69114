"""Becoming a user's agent, of which there is never more than one."""

from __future__ import annotations

import signal
from collections.abc import Callable

from tinysched.host import agent_start, processes
from tinysched.host.clock import Clock
from tinysched.spool.agentlock import AgentLock
from tinysched.spool.private import Private

LEAVE_S = 6.0
STAY_S = 0.2
LOOK_S = 0.02


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


def end_agent(pid: int, signum: int) -> None:
    """Signals an agent, if that is what the pid still belongs to."""
    processes.send_titled(pid, agent_start.TITLE, signum)
