"""Programs are killed while jobs run: nothing runs twice, and no end is lost."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.army import Army
from tests.e2e.people import is_alive
from tests.e2e.rig import Site
from tests.e2e.user import User

pytestmark = pytest.mark.crash


@pytest.fixture
def site(own_site: Site) -> Site:
    """These tests kill its programs."""
    return own_site


@pytest.fixture
def moments() -> list[int]:
    """After how many started tasks to strike: other ones in each run of the tests."""
    seed = random.randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")
    return sorted(random.Random(seed).sample(range(5, 140), 4))


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def workers(site: Site) -> dict[str, int]:
    """Each worker that lives now, by the run it says it is at."""
    found = {}
    for pid in site.processes():
        with contextlib.suppress(OSError):
            name, parent = title_and_parent(pid)
            # A worker's child goes by its name until it becomes the script.
            if name.startswith("ts ") and name != "ts agent" and parent != name:
                found[name[3:]] = pid
    return found


def title_and_parent(pid: int) -> tuple[str, str]:
    """What a process calls itself, and what its parent does."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    return fields["Name"], Path(f"/proc/{fields['PPid']}/comm").read_text().strip()


def until_agent(site: Site, other_than: int | None) -> None:
    site.until(lambda: site.agent_pid() not in (None, other_than), "there is a new agent")


def strike_repeatedly(army: Army, moments: list[int]) -> Iterator[None]:
    """Yields at each moment of the array's life, then sees it to its end."""
    army.submit()
    army.cancel_the_waiting()
    for moment in moments:
        army.until_started(moment)
        yield
    army.cancel_the_sleepers()
    army.has_ended_well()


def test_an_array_ends_the_same_though_its_dispatcher_is_killed(
    site: Site, ann: User, moments: list[int]
):
    for _ in strike_repeatedly(Army(ann), moments):
        site.kill_dispatcher()
        site.start()


def test_an_array_ends_the_same_though_its_agent_is_killed(
    site: Site, ann: User, moments: list[int]
):
    for _ in strike_repeatedly(Army(ann), moments):
        agent = site.agent_pid()
        kill(agent)
        until_agent(site, agent)  # a worker has started it: no command was given


def test_an_array_ends_the_same_though_its_workers_are_killed(
    site: Site, ann: User, moments: list[int]
):
    for _ in strike_repeatedly(Army(ann), moments):
        site.until(lambda: workers(site), "there is a worker to kill")
        for pid in workers(site).values():
            kill(pid)


def test_an_array_ends_the_same_though_dispatcher_and_supervisord_are_killed(
    site: Site, ann: User, moments: list[int]
):
    site.kill_dispatcher(signal.SIGTERM)
    site.start_supervised()
    strikes = strike_repeatedly(Army(ann), moments)
    for victim, _ in enumerate(strikes):
        dispatcher = site.dispatcher_pid
        if victim % 2:
            kill(dispatcher)
        else:
            kill(site.supervisor_pid)
            site.until(lambda pid=dispatcher: not is_alive(pid), "the dispatcher ends with it")
            site.start_supervised()
        site.until(
            lambda pid=dispatcher: site.dispatcher_pid not in (None, pid),
            "there is a new dispatcher",
            timeout_s=3,
        )
