"""Thirteen ways to escape from a job, each with every end that a job can have: nothing is left.

`tests/run --soak N` goes through all of it N times. All 52 jobs of a round run at once, so that
their agent has its hands full; the slowest end of each kind is printed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.e2e import escapes
from tests.e2e.rig import OPEN, Line, Site
from tests.e2e.test_crashes import kill, until_agent, workers

GRACE_S = 0.5
LIMIT_S = 4
# A host may have other work; what matters is that nothing is left, and nothing said to be over.
BUSY_S = 60.0
# By what ends it: the state that a job comes to, and the signals or codes it may end with.
STATES = {"exit": "FAILED", "cancel": "CANCELLED", "worker": "CANCELLED", "limit": "TIMEOUT"}

pytestmark = [pytest.mark.soak, pytest.mark.crash]
Key = tuple[str, str]


class Round:
    """One job for each way and each end."""

    def __init__(self, site: Site, ends: tuple[str, ...] = tuple(STATES)) -> None:
        self.site = site
        self.ends = ends
        self.places: dict[Key, Path] = {}
        self.numbers: dict[Key, int] = {}
        # When each was due to end, and when the last of it was gone (UTC, seconds).
        self.due_at: dict[Key, float] = {}
        self.gone_at: dict[Key, float] = {}

    def start(self) -> None:
        """Submits them all, and waits until everybody has got away as far as they can."""
        for end in self.ends:
            for way in escapes.WAYS:
                then = escapes.EXITS if end == "exit" else escapes.STAYS
                place = escapes.prepare(self.site.ann, way, then)
                options = [f"--time=0:{LIMIT_S}"] if end == "limit" else []
                self.places[way, end] = place
                self.numbers[way, end] = self.site.ann.submit(*options, "job.sh", cwd=place)
        ups = {key: place / "up" for key, place in self.places.items()}
        self.site.until(lambda: all(up.exists() for up in ups.values()), "all are up", 60)
        for key, up in ups.items():
            self.due_at[key] = up.stat().st_mtime + LIMIT_S

    def strike(self) -> None:
        """Ends them all but for those that have a limit."""
        found = workers(self.site)
        for key in self.numbers:
            if key[1] == "worker":
                os.kill(found[f"{self.numbers[key]}.1"], signal.SIGKILL)
        for key, place in self.places.items():
            if key[1] == "exit":
                (place / "go").touch()
                self.due_at[key] = time.time()
        cancelled = [key for key in self.numbers if key[1] in ("cancel", "worker")]
        self.due_at |= dict.fromkeys(cancelled, time.time())
        self.site.ann.ok("tscancel", *(self.numbers[key] for key in cancelled))

    def strike_twice(self) -> None:
        """Kills the agent and every worker before either can call another agent; cancels all."""
        agent, found = self.site.agent_pid(), workers(self.site)
        for pid in (agent, *found.values()):
            kill(pid)
        self.site.ann.run("tsqueue")
        until_agent(self.site, agent)
        self.due_at |= dict.fromkeys(self.numbers, time.time())
        self.site.ann.ok("tscancel", *self.numbers.values())

    def watch(self) -> None:
        """Looks at all processes of this host until nothing is left of any job."""
        found: dict[Path, list[str]] = {}
        while len(self.gone_at) < len(self.places):
            over = {int(line["id"]) for line in self.lines() if line["state"] not in OPEN}
            found = escapes.escaped(list(self.places.values()))
            now = time.time()
            for key, place in self.places.items():
                left = found.get(place)
                assert not (left and self.numbers[key] in over), (key, left, self.site.report())
                if left:
                    assert now < self.due_at[key] + 2 * GRACE_S + BUSY_S, (key, left)
                elif now >= self.due_at[key]:
                    self.gone_at.setdefault(key, now)

    def judge(self) -> None:
        """Every job has the end that it was given."""
        self.site.until(lambda: not self.site.lines("-t", ",".join(OPEN)), "all are over", BUSY_S)
        lines = {int(line["id"]): line for line in self.lines()}
        assert not escapes.escaped(list(self.places.values()))
        assert not self.site.strays()
        for (way, end), number in self.numbers.items():
            line = lines[number]
            assert line["state"] == STATES[end], (way, line)
            if end == "exit":
                assert line["exit_code"] == 3, (way, line)
                assert line["survivors"], (way, line)

    def lines(self) -> list[Line]:
        """What the queue says of them."""
        return self.site.lines("-r", "--all")

    def lasted_s(self, end: str) -> dict[str, float]:
        """How long the last process of each way outlived the moment its job was due to end."""
        return {way: self.gone_at[way, end] - self.due_at[way, end] for way in escapes.WAYS}


def test_whatever_way_it_goes_nothing_outlives_its_job(sites: list[Site], soak: int):
    site = Site(f"cpus: 100\nkill_wait_s: {GRACE_S}\n")
    sites.append(site)
    site.start()
    times: dict[str, list[float]] = {end: [] for end in STATES}
    for _ in range(soak):
        round_ = Round(site)
        round_.start()
        round_.strike()
        round_.watch()
        round_.judge()
        for end, all_s in times.items():
            all_s += round_.lasted_s(end).values()
    for end, all_s in times.items():
        late = sum(lasted_s > 2 * GRACE_S for lasted_s in all_s)
        slowest = f"slowest {max(all_s):.2f} s, {late} after more than {2 * GRACE_S} s"
        sys.stdout.write(f"{len(all_s)} jobs, {end}: 0 survivors; {slowest}\n")


def test_nothing_outlives_a_job_whose_agent_and_worker_were_both_killed(sites: list[Site]):
    site = Site(f"cpus: 100\nkill_wait_s: {GRACE_S}\n")
    sites.append(site)
    site.start()
    round_ = Round(site, ("worker",))
    round_.start()
    round_.strike_twice()
    round_.watch()
    round_.judge()
    slowest_s = max(round_.lasted_s("worker").values())
    sys.stdout.write(f"agent and worker killed: 0 survivors; slowest {slowest_s:.2f} s\n")
