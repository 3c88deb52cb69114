"""Starting, replacing and ending the caller's own agent from outside, and looking at it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass

from tinysched.commands import asking
from tinysched.errors import RefusedError, TinyschedError, TryLaterError, WireError
from tinysched.host import agent_start, identity, processes
from tinysched.host.clock import Clock
from tinysched.site import Site
from tinysched.spool.private import Private

LOOK_EVERY_S = 0.05
START_S = 20.0
STOP_S = 5.0
ASKS_S = 2.0
MOST_NAMES = 5
SIGTERM = 15
WAITING = (
    "your waiting jobs start when an agent runs again, which your next ts command sees to;"
    " to keep them waiting, use 'tscontrol hold'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An agent, as it is found. `pid` None: there is none. `runs`: those whose jobs live.

    `unconnected`: why the dispatcher does not have it; '' if it has.
    """

    pid: int | None
    began_at: float | None
    runs: tuple[str, ...]
    unconnected: str


class AgentLife:
    """The agent of the calling user for one root."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self._site = site
        self._clock = clock
        self._private = Private.open(site.root, os.getuid())

    def look(self) -> Look:
        """Finds out how it does."""
        until = self._clock.boottime() + ASKS_S
        pid = self._private.agent_pid()
        # It hides its pid while it asks whether it may leave.
        while pid is None and self._private.agent_alive() and self._clock.boottime() < until:
            self._clock.sleep(LOOK_EVERY_S)
            pid = self._private.agent_pid()
        return Look(
            pid=pid,
            began_at=None if pid is None else self._private.agent_began_at(),
            runs=self._live_runs(),
            unconnected=self._why_unconnected(),
        )

    def start(self) -> str:
        """Starts it if there is none; answers in words."""
        pid = self._private.agent_pid()
        if pid is not None:
            return f"already running (pid {pid})"
        agent_start.start(self._site.bin_dir, self._site.root)
        self._wait(lambda: self._private.agent_pid() is not None, START_S, "it does not come up")
        return f"started (pid {self._private.agent_pid()})"

    def restart(self) -> str:
        """Puts one with the caller's groups and limits in the place of whatever is there."""
        before = self._private.agent_pid()
        agent_start.start(self._site.bin_dir, self._site.root, replace=True)
        self._wait(lambda: self._is_successor(before), START_S, "no other one comes up")
        words = "started" if before is None else "restarted"
        return f"{words} (pid {self._private.agent_pid()}); running jobs go on"

    def stop(self) -> str:
        """Ends it, if that is possible; answers in words.

        Raises: RefusedError while jobs run: their workers would start another one.
        """
        runs = self._live_runs()
        if runs:
            raise RefusedError(
                f"cannot stop your agent: jobs of yours run ({_listed(runs)}), and would start"
                " another one",
                "'tsagent restart' replaces it, and jobs go on; 'tscancel' ends jobs",
            )
        pid = self._private.agent_pid()
        if pid is None:
            return "your agent was not running"
        has_waiting = self._has_waiting()
        processes.send_titled(pid, agent_start.TITLE, SIGTERM)
        self._wait(lambda: self._private.agent_pid() != pid, STOP_S, f"pid {pid} does not end")
        return f"stopped (pid {pid})" + (f"; {WAITING}" if has_waiting else "")

    def _is_successor(self, before: int | None) -> bool:
        """Not one that a worker started when the former one was gone."""
        pid = self._private.agent_pid()
        return pid not in (None, before) and "--replace" in processes.command_line(pid or 0)

    def _live_runs(self) -> tuple[str, ...]:
        found = []
        for run in self._private.runs():
            if run.worker_alive() or run.job_alive():
                found.append(str(run.run.job))
            run.close()
        return tuple(found)

    def _why_unconnected(self) -> str:
        try:
            reply = asking.ask(self._site, "tsagent", "status", ["--json"])
            agents = json.loads(reply.out)["agents"]
        except TryLaterError:
            return "no dispatcher answers"
        except WireError as error:
            return error.sentence
        except (ValueError, KeyError):
            return "the dispatcher makes no sense"
        is_known = identity.user_name(os.getuid()) in agents
        return "" if is_known else "the dispatcher has not heard of it"

    def _has_waiting(self) -> bool:
        words = ["--me", "--json", "--states=PENDING"]
        try:
            reply = asking.ask(self._site, "tsagent", "queue", words)
            return bool(json.loads(reply.out)["jobs"])
        except (TinyschedError, ValueError, KeyError):
            return False

    def _wait(self, condition: Callable[[], bool], patience_s: float, otherwise: str) -> None:
        until = self._clock.boottime() + patience_s
        while not condition():
            if self._clock.boottime() > until:
                raise TinyschedError(
                    f"cannot bring your agent to do that: {otherwise}",
                    f"look into {self._private.log_path}",
                )
            self._clock.sleep(LOOK_EVERY_S)


def _listed(names: tuple[str, ...]) -> str:
    more = [f"and {len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return ", ".join([*names[:MOST_NAMES], *more])
