"""Kills, and stops for a while, one program of a queue after the other, at moments of its own."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.e2e.crowd import InFlight
from tests.e2e.people import is_alive
from tests.e2e.rig import Site
from tests.e2e.user import User

# How often each is struck, alone or with others at once.
TARGETS = {
    ("client",): 6,
    ("dispatcher",): 6,
    ("agent",): 6,
    ("worker",): 10,
    ("supervisord",): 2,
    ("agent", "worker"): 2,
    ("worker", "agent"): 2,
    ("dispatcher", "agent"): 1,
    ("agent", "agent", "agent"): 1,
    ("worker", "worker", "worker"): 1,
    ("client", "dispatcher"): 1,
}
GAP_S = 0.45
STOPS = 0.2  # the part of all strikes that stop instead of killing
LONGEST_STOP_S = 2.5
# Half of all strikes come some milliseconds after somebody has come, mostly the victim.
FRESH = 0.5
NEWBORNS = ("client", "dispatcher", "agent", "worker")
NEWBORN_S = 0.04
PATIENCE_S = 0.4
LOOK_S = 0.002


class Marauder:
    """Strikes until `kills` have been killed; `stop_all_stops` has to be called in the end.

    `worker_kills`: when (UTC) the worker of which run was killed; `agent_kills`: of which uid.
    """

    def __init__(self, site: Site, seed: str, in_flight: InFlight) -> None:
        self.killed: Counter[str] = Counter()
        self.stopped: Counter[str] = Counter()
        self.worker_kills: dict[str, list[float]] = {}
        self.agent_kills: dict[int, list[float]] = {}
        self.diary: list[str] = []
        self._site = site
        self._users = (site.admin, site.ann, site.ben)
        self._chance = random.Random(f"{seed}/marauder")
        self._in_flight = in_flight
        self._stops: list[tuple[float, int, str]] = []
        self._began_at = time.time()
        self._nobody = threading.Event()

    def rage(self, kills: int, seconds: float) -> None:
        """Kill so many, or as many as can be found in so many seconds."""
        end = time.monotonic() + seconds
        while self.killed.total() < kills and time.monotonic() < end:
            self._pause(self._chance.expovariate(1 / GAP_S))
            targets = self._chance.choices(list(TARGETS), list(TARGETS.values()))[0]
            stops = self._chance.random() < STOPS
            if self._chance.random() < FRESH:
                self._await_newborn(self._chance.choice([*NEWBORNS, targets[0], targets[0]]))
            user = self._chance.choice(self._users)
            for target in targets:
                self._strike(target, user, stops)

    def stop_all_stops(self) -> None:
        """Let everybody go on who was stopped."""
        for _, pidfd, what in self._stops:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGCONT)
                self._note(f"continued {what}")
            os.close(pidfd)
        self._stops = []

    # Whom

    def find(self, target: str, user: User | None = None) -> dict[int, str]:
        """All there are of a kind now: pid, and what to call it."""
        match target:
            case "client":
                return {p.pid: "client" for p in self._in_flight.all() if p.poll() is None}
            case "dispatcher":
                return {pid: target for pid in self._below_supervisord()}
            case "agent":
                users = self._users if user is None else (user,)
                found = {pid: u for u in users if (pid := self._site.agent_pid(u)) is not None}
                return {
                    pid: f"agent {u.person.uid}"
                    for pid, u in found.items()
                    if _owner(pid) == u.person.uid
                }
            case "worker":
                return self._workers(user)
            case _:
                pid = self.supervisord()
                return {} if pid is None else {pid: target}

    def supervisord(self) -> int | None:
        """The one that lives."""
        with contextlib.suppress(OSError, ValueError):
            pid = self._site.supervisor_pid
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            if is_alive(pid) and b"supervisor.supervisord" in line and _is_ours(pid, self._site):
                return pid
        return None

    def _below_supervisord(self) -> list[int]:
        pid = self.supervisord()
        return [] if pid is None else [child for child in _children(pid) if is_alive(child)]

    def _workers(self, user: User | None) -> dict[int, str]:
        """By what they call themselves; just forked ones are still called as their agent."""
        found = {}
        for agent in self.find("agent", user):
            for pid in _children(agent):
                if _name(pid).startswith("ts ") and is_alive(pid):
                    found[pid] = "worker"
        for u in self._users if user is None else (user,):
            for lock in (self._site.root / "users" / f"u{u.person.uid}").glob("runs/*/worker.lock"):
                with contextlib.suppress(OSError, ValueError):
                    pid = int(lock.read_text())
                    if _name(pid) == f"ts {lock.parent.name}"[:15] and is_alive(pid):
                        found[pid] = "worker"
        return {pid: what for pid, what in found.items() if _is_ours(pid, self._site)}

    def _run_of(self, pid: int) -> str:
        """What a worker was at; '' if it had not come to that."""
        for lock in self._site.root.glob("users/*/runs/*/worker.lock"):
            with contextlib.suppress(OSError):
                has_ended = (lock.parent / "exit").exists()  # a worker does one run after another
                if lock.read_text().strip() == str(pid) and not has_ended:
                    return lock.parent.name
        return ""

    # When

    def _await_newborn(self, target: str) -> None:
        before = self.find(target).keys()
        end = time.monotonic() + PATIENCE_S
        while not self.find(target).keys() - before and time.monotonic() < end:
            self._pause(LOOK_S)
        self._pause(self._chance.expovariate(1 / NEWBORN_S))

    def _pause(self, seconds: float) -> None:
        """Time passes, and whoever was stopped for long enough goes on."""
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            due = [stop for stop in self._stops if stop[0] <= now]
            self._stops = [stop for stop in self._stops if stop[0] > now]
            for _, pidfd, what in due:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(pidfd, signal.SIGCONT)
                    self._note(f"continued {what}")
                os.close(pidfd)
            wake = min([end, *(stop[0] for stop in self._stops)])
            if now >= end:
                return
            self._nobody.wait(max(0.0, wake - now))

    # How

    def _strike(self, target: str, user: User, stops: bool) -> None:
        found = self.find(target, user) or self.find(target)
        if not found:
            return
        pid = self._chance.choice(sorted(found))
        signum = signal.SIGSTOP if stops else signal.SIGKILL
        pidfd = self._hit(pid, signum, lambda: pid in self.find(target))
        if pidfd is None:
            return
        run = self._run_of(pid) if target == "worker" else ""
        what = f"{found[pid]} {run} pid={pid}"
        if stops:
            self.stopped[target] += 1
            seconds = self._chance.uniform(0.1, LONGEST_STOP_S)
            self._stops.append((time.monotonic() + seconds, pidfd, what))
            self._note(f"stopped {what}")
            return
        os.close(pidfd)
        self.killed[target] += 1
        self._note(f"killed {what}")
        if target == "worker":
            self.worker_kills.setdefault(run, []).append(time.time())
        if target == "agent":
            self.agent_kills.setdefault(int(found[pid].split()[1]), []).append(time.time())

    def _hit(self, pid: int, signum: int, is_still: Callable[[], bool]) -> int | None:
        """Signals whoever had this pid and has it still; returns a descriptor of it."""
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            return None
        if is_still():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signum)
                return pidfd
        os.close(pidfd)
        return None

    def _note(self, words: str) -> None:
        now = time.time()
        clock = time.strftime("%H:%M:%S", time.localtime(now)) + f",{int(now * 1000) % 1000:03}"
        self.diary.append(f"{clock} {words}")


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _owner(pid: int) -> int | None:
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return None


def _is_ours(pid: int, site: Site) -> bool:
    return _owner(pid) in {person.uid for person in site.people}
