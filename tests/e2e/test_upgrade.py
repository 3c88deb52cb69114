"""Programs of several versions at work in one queue: jobs go on, and nothing is run twice."""

from __future__ import annotations

import contextlib
import fcntl
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer import versions
from tests.e2e import releases
from tests.e2e.people import SEVERAL_USERS
from tests.e2e.rig import Site
from tests.e2e.user import User

WAITS = "while [ ! -e go ]; do sleep 0.02; done; exit 5"
NEWER, OLDER = "is newer than this dispatcher", "is older than this dispatcher"


@pytest.fixture
def site(own_site: Site) -> Site:
    """These tests replace its programs."""
    return own_site


@pytest.fixture
def ann(site: Site) -> User:
    return site.ann.move()


@pytest.fixture
def ben(site: Site) -> User:
    return site.ben.move()


@contextlib.contextmanager
def the_lock_is_never_free(site: Site, user: User) -> Iterator[None]:
    """Somebody tries to get a user's lock all the time."""
    path = site.root / "users" / f"u{user.person.uid}" / "agent.lock"
    done, got = threading.Event(), []

    def try_it() -> None:
        with path.open("rb") as lock:
            while not done.wait(0.001):
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    got.append(path)
                    return

    thread = threading.Thread(target=try_it)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    assert not got, "the lock was free"


def log_of(site: Site, user: User) -> str:
    return (site.root / "users" / f"u{user.person.uid}" / "agent.log").read_text()


def test_jobs_and_their_agents_live_through_an_upgrade(site: Site, ann: User) -> None:
    running = ann.wrap(WAITS)
    site.until_state(running, "RUNNING")
    held = ann.wrap("exit 6", "--hold")
    old, agent = releases.place_in_use(site), site.agent_pid()
    own = site.root / "users" / f"u{ann.person.uid}"
    worker = int((own / "runs" / f"{running}.1" / "worker.lock").read_text())
    new = releases.release(site, version="99.1")
    releases.turn_to(site, new)
    releases.restart(site)
    assert json.loads(site.admin.ok("tsdaemon", "status", "--json"))["version"] == "99.1"
    assert b"refused" not in site.ask("status").out
    ann.ok("tscontrol", "release", held)
    assert site.until_state(held, "FAILED")["exit_code"] == 6  # launched by the old agent
    assert site.job(running)["state"] == "RUNNING"
    assert site.agent_pid() == agent
    assert releases.is_run_by(old, agent)
    assert releases.is_run_by(old, worker)
    versions.remove_unused(site.choices)
    assert Path(old).exists()
    with the_lock_is_never_free(site, ann):
        ann.file("go", "")
        assert site.until_state(running, "FAILED")["exit_code"] == 5
        site.until(lambda: releases.is_run_by(new, agent), "the agent is of the new version")
        assert site.completes(ann.wrap("true"))["exit_code"] == 0
    assert site.agent_pid() == agent
    assert log_of(site, ann).count(f"Begins pid={agent}") == 2
    site.until(lambda: not versions.running(old), "nothing is of the old version")
    versions.remove_unused(site.choices)
    assert not Path(old).exists()


def test_an_agent_without_jobs_follows_an_upgrade_at_once(site: Site, ann: User) -> None:
    site.completes(ann.wrap("true"))
    agent = site.agent_pid()
    releases.turn_to(site, releases.release(site, version="99.1"))
    with the_lock_is_never_free(site, ann):
        releases.restart(site)
        site.until(lambda: "version=99.1" in log_of(site, ann), "the agent is of the new version")
        site.completes(ann.wrap("true"))
    assert site.agent_pid() == agent


@SEVERAL_USERS
def test_jobs_live_through_a_release_that_speaks_another_protocol(
    site: Site, ann: User, ben: User
) -> None:
    running = ann.wrap(WAITS)
    site.until_state(running, "RUNNING")
    waiting = ann.wrap("exit 6", "--cpus-per-task=4")
    old, agent = releases.place_in_use(site), site.agent_pid()
    new = releases.release(site, version="99.1", protocol=2)
    releases.turn_to(site, new)

    refusal = ben.run("tsqueue")  # the dispatcher is still the old one
    assert (refusal.code, refusal.out) == (75, "")
    assert "cannot understand protocol 2 of version 99.1" in refusal.err
    assert "its admin runs 'tsdaemon restart'" in refusal.err
    ben.run("tsagent", "start")
    site.until(lambda: NEWER in site.ask("status").out.decode(), "the newer agent is spoken of")
    newer = site.agent_pid(ben)

    releases.restart(site)
    refusal = ann.run(f"{old}/commands/tsbatch", "--wrap=true")
    assert (refusal.code, refusal.out) == (1, "")
    assert "call the command as it is installed now" in refusal.err
    site.until(lambda: OLDER in site.admin.ok("tsdaemon", "status"), "the older one is spoken of")
    assert OLDER in ann.ok("tsqueue", "-j", waiting)
    assert "RUNNING" in ann.ok("tsqueue", "-j", running)
    number = ben.wrap("exit 7")
    site.until(lambda: "exit code 7" in ben.ok("tsqueue", "-j", number), "ben's job has ended")
    assert site.agent_pid(ben) == newer

    assert releases.is_run_by(old, agent)
    ann.file("go", "")
    site.until(lambda: "exit code 5" in ann.ok("tsqueue", "-j", running), "its end has arrived")
    site.until(lambda: "exit code 6" in ann.ok("tsqueue", "-j", waiting), "what waited has ended")
    assert site.agent_pid() == agent
    assert "refused" not in site.admin.ok("tsdaemon", "status")

    releases.turn_to(site, old)  # and back again: who regrets an upgrade loses nothing either
    releases.restart(site)
    site.completes(ann.wrap("true"))
    assert (site.agent_pid(), site.agent_pid(ben)) == (agent, newer)
