"""One campaign: a crowd at work in a supervised queue, while its programs are killed."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.e2e.crowd import Customer, InFlight
from tests.e2e.marauder import Marauder
from tests.e2e.reckoning import Reckoning
from tests.e2e.rig import OPEN, Site
from tests.e2e.user import User
from tinysched.errors import TinyschedError
from tinysched.spool.tree import NOT_RUNS

CORES = 12
# Agents that have nothing to do leave at once: to leave and to be called for may coincide.
CONFIG = f"cpus: {CORES}\nkill_wait_s: 0.5\nagent_idle_s: 1\n"
LONGEST_S = 150.0
CALM_S = 90.0


@dataclass
class Figures:
    """What a campaign, or several, came to."""

    seeds: list[str] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)
    commands: Counter[int] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    starts: int = 0
    duration_s: float = 0.0

    def add(self, other: Figures) -> None:
        """Takes in another campaign's."""
        self.seeds += other.seeds
        self.killed += other.killed
        self.stopped += other.stopped
        self.commands += other.commands
        self.ends += other.ends
        self.orders += other.orders
        self.starts += other.starts
        self.duration_s += other.duration_s

    def __str__(self) -> str:
        exits = ", ".join(f"{count} exit {code}" for code, count in self.commands.most_common())
        return (
            f"{self.killed.total()} killed ({_listed(self.killed)}),"
            f" {self.stopped.total()} stopped ({_listed(self.stopped)}) in {self.duration_s:.0f} s:"
            f" {self.orders} submissions, {self.ends.total()} jobs and tasks"
            f" ({_listed(self.ends)}), {self.starts} attempts started,"
            f" {self.ends['NODE_FAIL']} lost agent and worker;"
            f" {self.commands.total()} commands ({exits}); seeds {' '.join(self.seeds)}\n"
        )


class Campaign:
    """What comes of one seed on a queue of its own. `wrong`: all that no queue may ever show."""

    def __init__(self, site: Site, seed: str) -> None:
        self._site = site
        self._seed = seed
        self._users = (site.admin, site.ann, site.ben)
        self._over = threading.Event()
        self._chance = random.Random(f"{seed}/keeper")
        in_flight = InFlight()
        self.customers = [Customer(user, seed, in_flight) for user in self._users]
        self.marauder = Marauder(site, seed, in_flight)
        self.figures = Figures(seeds=[seed])
        self.wrong: list[str] = []

    def fight(self, kills: int) -> None:
        """Kills so many; returns when everything has ended and was looked at."""
        began = time.monotonic()
        self._site.start_supervised()
        keeper = threading.Thread(target=self._keep, daemon=True)
        keeper.start()
        try:
            self._rage(kills)
            self._settle()
        finally:
            self._over.set()
            keeper.join()
        self._reckon()
        self.figures.duration_s = time.monotonic() - began

    def _rage(self, kills: int) -> None:
        for customer in self.customers:
            customer.start()
        try:
            self.marauder.rage(kills, LONGEST_S)
        finally:
            self.marauder.stop_all_stops()
            for customer in self.customers:
                customer.stop()

    def _keep(self) -> None:
        """Starts supervisord again, as its admin would after a while, and again if need be."""
        while not self._over.wait(0.05):
            if self.marauder.supervisord() is None:
                self._over.wait(self._chance.uniform(0, 0.5))
                self._site.admin.run("tsdaemon", "start", "--supervised")

    def _settle(self) -> None:
        """What is held is released, what never ends is cancelled; then everything has to end.

        A run whose end is recorded may have to wait for its user's next agent to be forgotten.
        """
        site = self._site
        site.until(self._has_settled, f"all has ended after seed {self._seed}", CALM_S)
        site.until(lambda: not site.strays(), "no process of a job is left")
        site.until(lambda: self.marauder.find("dispatcher"), "the dispatcher is supervised")
        for user in self._users:
            user.run("tsagent", "start")
        site.until(lambda: not unforgotten(site, self._users), "every run is forgotten")

    def _has_settled(self) -> bool:
        try:
            lines = self._site.lines("-t", ",".join(OPEN))
            held = {line["job"] for line in lines if line["held_by"]}
            endless = {line["job"] for line in lines if line["name"].startswith("endless-")}
            for number in sorted(held):
                self._site.ask("control", "release", str(number))
            if endless:
                self._site.ask("cancel", *map(str, sorted(endless)))
        except TinyschedError:
            return False
        if lines:
            _call_agents(self._users)
        return not lines

    def _reckon(self) -> None:
        reckoning = Reckoning(self._site, self.customers, self.marauder, CORES)
        reckoning.reckon()
        self.wrong = reckoning.wrong
        found = self.figures
        found.killed, found.stopped = self.marauder.killed, self.marauder.stopped
        found.ends, found.starts = reckoning.ends, reckoning.starts.total()
        for customer in self.customers:
            found.commands += customer.answers
            found.orders += len(customer.orders)


def unforgotten(site: Site, users: Iterable[User]) -> list[str]:
    """Runs that are there, beside what an agent that was killed has left for the next one."""
    return [run for user in users for run in site.runs(user) if not run.startswith(NOT_RUNS)]


def _call_agents(users: tuple[User, ...]) -> None:
    """Whatever its user asks for brings an agent that is missing."""
    for user in users:
        user.run("tsqueue", "--noheader")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
