"""Whom a worker answers to: its agent, or its foreground client; watched, and replaced if lost."""

from __future__ import annotations

import contextlib
import os

from tinysched.errors import TinyschedError
from tinysched.host import agent_start, processes
from tinysched.host.clock import Clock
from tinysched.site import Site
from tinysched.spool.private import Private

FIND_AGENT_S = 1.0


class Superior:
    """The process above a worker; `descriptor` becomes readable when it ends (None: nobody)."""

    def __init__(self, site: Site, private: Private, clock: Clock) -> None:
        self._site = site
        self._private = private
        self._clock = clock
        self._look_at: float | None = None
        self.descriptor = processes.open_pidfd(os.getppid())

    def lose(self) -> None:
        """It has ended."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def seek(self) -> None:
        """Looks for another one from now on."""
        # Not all at once: each worker of a lost agent wakes at this moment.
        self._look_at = self._clock.boottime() + (os.getpid() % 16) / 64

    def look(self) -> None:
        """Watches the agent that lives by now, or starts one; does nothing before it is time."""
        if self._look_at is None or self._clock.boottime() < self._look_at:
            return
        self._look_at = self._clock.boottime() + FIND_AGENT_S
        with contextlib.suppress(TinyschedError):  # looked for again in a second
            pid = self._private.agent_pid()
            if pid is None:
                self.call()
                return
            self.descriptor = processes.open_pidfd(pid)
            if self.descriptor is not None:
                self._look_at = None

    def call(self) -> None:
        """Starts an agent if there is none."""
        with contextlib.suppress(TinyschedError):
            if not self._private.agent_alive():
                agent_start.start(self._site.bin_dir, self._site.root)

    def sooner(self, wait_s: float | None) -> float | None:
        """When to wake for this, or for something else in `wait_s` seconds (None: not at all)."""
        if self._look_at is None:
            return wait_s
        until_s = max(0.0, self._look_at - self._clock.boottime())
        return until_s if wait_s is None else min(wait_s, until_s)
