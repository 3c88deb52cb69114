"""How much of the host one run takes: looked at now and then, and counted at each end."""

from __future__ import annotations

import os

from tinysched.errors import SpoolError
from tinysched.host import consumption, tree
from tinysched.host.clock import Clock
from tinysched.host.processes import Reaped
from tinysched.job.usage import Usage
from tinysched.spool.private import Private

# Most runs are short, so the first looks come soon; a long one is looked at less and less often.
FIRST_LOOK_S = 0.2
SELDOMER_BY = 1.5
SELDOMEST_S = 5.0
# A run of thousands of processes takes long to look at: a look costs this share of a core at most.
SHARE = 1 / 500
# getrusage(2) counts in these, whatever a disk's own are.
BLOCK = 512


class Meter:
    """Measures what lives below this process, which is the run's worker.

    The peak of a single process is the kernel's own figure, exact however short it was; that of
    several together is as exact as the looks are frequent. A child that took less than its fork
    from here did is known by looks alone.
    """

    def __init__(self, private: Private, clock: Clock) -> None:
        self._private = private
        self._clock = clock
        self._due_at = clock.boottime() + FIRST_LOOK_S
        self._pause_s = FIRST_LOOK_S
        self._parent = os.getppid()
        self._is_agents: bool | None = None
        self._own_kib, _ = consumption.memory_kib([os.getpid()])
        self._peak_kib = self._virtual_kib = 0
        self._read = self._written = 0
        self.cpu_s = self._system_s = 0.0

    def sooner(self, wait_s: float | None) -> float:
        """When to wake for the next look, or for something else in `wait_s` seconds."""
        until_s = max(0.0, self._due_at - self._clock.boottime())
        return until_s if wait_s is None else min(wait_s, until_s)

    def look(self) -> None:
        """Looks, if it is time."""
        began_at = self._clock.boottime()
        if began_at < self._due_at:
            return
        found = tree.descendants(os.getpid(), self._strangers())
        resident, mapped = consumption.memory_kib(found)
        self._peak_kib = max(self._peak_kib, resident)
        self._virtual_kib = max(self._virtual_kib, mapped)
        now = self._clock.boottime()
        self._pause_s = min(self._pause_s * SELDOMER_BY, SELDOMEST_S)
        pause_s = max(self._pause_s, (now - began_at) / SHARE)
        self._due_at = now + pause_s if pause_s < SELDOMEST_S else _together(now + pause_s)

    def _strangers(self) -> tuple[int, ...]:
        """An agent that was started from inside the run is not of it; there is only one."""
        if self._is_agents is None:  # only now: hardly any run is looked at
            self._is_agents = self._agent() == self._parent
        if self._is_agents and os.getppid() == self._parent:
            return ()
        agent = self._agent()
        return () if agent is None else (agent,)

    def _agent(self) -> int | None:
        try:
            return self._private.agent_pid()
        except SpoolError:
            return None

    def reaped(self, child: Reaped) -> None:
        """A child was reaped: this is what it, and all that it had waited for, have taken."""
        self.cpu_s += child.cpu_s
        self._system_s += child.system_s
        self._read += child.blocks_in * BLOCK
        self._written += child.blocks_out * BLOCK
        if child.peak_kib > self._own_kib + _FORK_KIB:
            self._peak_kib = max(self._peak_kib, child.peak_kib)

    @property
    def usage(self) -> Usage:
        """All that is known by now."""
        return Usage(
            system_ms=round(self._system_s * 1000),
            peak_memory_kib=self._peak_kib,
            peak_virtual_kib=max(self._virtual_kib, self._peak_kib),
            read_bytes=self._read,
            written_bytes=self._written,
        )


def _together(moment: float) -> float:
    """The nearest moment at which all runs of a host look: one after the other costs the least.

    Who looks just after another one finds in the processor's caches what both of them need.
    """
    return max(1, round(moment / SELDOMEST_S)) * SELDOMEST_S


# What a child touches between fork and exec, beyond what this process has.
_FORK_KIB = 1024
