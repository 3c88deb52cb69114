"""When agents come and go: one a user and root, there when needed, in nobody's way when not."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import random
import signal
import sys
import termios
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from installer import queue_root
from tests.e2e.people import CAN_BE_OTHERS, SEVERAL_USERS, is_alive
from tests.e2e.rig import CONFIG, Site
from tests.e2e.user import User

IDLE_S = 1
# How long a command of a user says that the agent is being started.
START_S = 5
TTY, SESSION = 4, 3


@pytest.fixture
def site(own_site: Site) -> Site:
    """These tests end its agents."""
    return own_site


@pytest.fixture
def ann(site: Site) -> User:
    return site.ann.move()


@pytest.fixture
def ben(site: Site) -> User:
    return site.ben.move()


@pytest.fixture
def hasty(compiled: None) -> Iterator[Site]:
    """A queue whose agents leave soon."""
    made = Site(f"{CONFIG}agent_idle_s: {IDLE_S}\nagent_lost_s: 1\n")
    try:
        yield made.start()
    finally:
        made.close()


@contextlib.contextmanager
def no_agent(user: User) -> Iterator[None]:
    """Ends the user's agent, and lets no other one take its place."""
    own = user.site.root / "users" / f"u{user.person.uid}"
    agent = user.site.agent_pid(user)
    with (own / "agent.lock").open("r+b") as lock:
        if agent is not None:
            os.kill(agent, signal.SIGKILL)

        def is_ours() -> bool:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            return False

        user.site.until(is_ours, "the agent's lock is free")
        lock.truncate(0)
        yield


def agents_begun(site: Site, user: User) -> int:
    log = site.root / "users" / f"u{user.person.uid}" / "agent.log"
    return log.read_text().count("Begins pid=")


def a_waiting_job(user: User, *options: str) -> int:
    number = user.wrap("while [ ! -e go ]; do sleep 0.02; done; exit 5", *options)
    user.site.until_state(number, "RUNNING")
    return number


# Coming


def test_of_all_that_many_terminals_start_at_once_one_becomes_the_agent(site: Site, ann: User):
    commands = [ann.start("tsbatch", "--parsable", "--wrap=true") for _ in range(8)]
    numbers = [int(command.communicate()[0]) for command in commands]
    for number in numbers:
        site.completes(number)
    assert agents_begun(site, ann) == 1
    agents = [line for line in site.processes().values() if "tinysched agent" in line]
    assert agents
    site.until(
        lambda: sum("tinysched agent" in line for line in site.processes().values()) == 1,
        "the others have left",
    )


@pytest.mark.parametrize("command", ["tsqueue", "tscancel", "tscontrol", "tsout"])
def test_any_command_starts_the_agent_that_waiting_jobs_need(site: Site, ann: User, command: str):
    number = ann.wrap("true", "--hold")
    site.until(lambda: site.agent_pid(), "there is an agent")
    ann.ok("tsagent", "stop")
    words = {"tscancel": ["--state=RUNNING"], "tscontrol": ["show", "job", number]}
    words |= {"tsout": [number], "tsqueue": []}
    ann.run(command, *words[command])
    site.until(lambda: site.agent_pid(), "there is another agent")


def test_an_agent_outlives_the_terminal_it_was_started_from(site: Site, ann: User):
    master, slave = pty.openpty()
    shell = ann.start(
        "bash",
        "-c",
        "tsbatch --wrap='while [ ! -e go ]; do sleep 0.02; done; exit 5'; : >submitted; cat",
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    ann.until_file("submitted")
    site.until_state(1, "RUNNING")
    agent = site.agent_pid()
    fields = Path(f"/proc/{agent}/stat").read_text().rpartition(")")[2].split()
    assert int(fields[TTY]) == 0
    assert int(fields[SESSION]) not in (shell.pid, agent)
    os.close(master)  # the line is cut: HUP to all that belongs to the terminal
    shell.wait(10)
    assert site.job(1)["state"] == "RUNNING"
    ann.file("go", "")
    assert site.until_state(1, "FAILED")["exit_code"] == 5
    assert site.agent_pid() == agent


def test_a_user_of_two_roots_has_an_agent_for_each(site: Site, ann: User):
    choices = replace(site.choices, root=f"{site.place}/other")
    other = Path(choices.root)
    queue_root.make(choices)
    there = {"TJS_ROOT": choices.root}
    dispatcher = site.admin.start("tinysched", "dispatcher", "--root", choices.root)
    site.until((other / "run" / "ctl.sock").exists, "the other dispatcher listens")
    try:
        assert a_waiting_job(ann, "--output=here") == 1
        assert ann.submit("--wrap=: >there; sleep 60", "--output=out", env=there) == 1
        ann.until_file("there")
        lock = other / "users" / f"u{ann.person.uid}" / "agent.lock"
        first, second = site.agent_pid(), int(lock.read_text())
        assert is_alive(second)
        assert second != first
        ann.ok("tscancel", 1, env=there)
        site.until(
            lambda: "1 " not in ann.ok("tsqueue", "-h", "-t", "R", env=there), "there it ended"
        )
        assert site.job(1)["state"] == "RUNNING"
        ann.ok("tsagent", "stop", env=there)
        assert not is_alive(second)
        assert site.agent_pid() == first
        ann.file("go", "")
        assert site.until_state(1, "FAILED")["exit_code"] == 5
    finally:
        dispatcher.terminate()
        dispatcher.communicate()


# Going


def test_an_agent_leaves_when_its_user_has_had_no_job_for_a_while(hasty: Site):
    ann, ben = hasty.ann.move(), hasty.ben.move()
    held = ben.wrap("true", "--hold")
    began_at = time.monotonic()
    hasty.completes(ann.wrap("true"))
    until_it_leaves(ann)
    assert time.monotonic() - began_at >= IDLE_S
    if CAN_BE_OTHERS:
        assert f"AgentLeft uid={ben.person.uid}" not in log_of(hasty)  # he has a job
        ben.ok("tscancel", held)
        until_it_leaves(ben)


def test_an_agent_that_finds_nothing_to_do_leaves_by_itself(hasty: Site):
    """As one that was started at boot."""
    hasty.ann.ok("tsagent", "start", "--at-boot")
    until_it_leaves(hasty.ann)


def until_it_leaves(user: User) -> None:
    words = f"AgentLeft uid={user.person.uid}"
    user.site.until(lambda: words in log_of(user.site), "the agent has leave to go")
    user.site.until(lambda: user.site.agent_pid(user) is None, "it has gone")


def log_of(site: Site) -> str:
    return (site.root / "logs" / "dispatcher.log").read_text()


def test_no_job_is_left_alone_that_comes_just_when_the_agent_leaves(hasty: Site):
    seed = random.randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")
    users = [hasty.admin.move(), hasty.ann.move(), hasty.ben.move()]

    def submit_at_the_wrong_moment(user: User) -> None:
        moments = random.Random(seed + user.person.uid)
        for _ in range(6):
            # No other command of the user follows: what tsbatch started has to do.
            hasty.completes(user.wrap("true"))
            at = time.monotonic() + IDLE_S - 0.03 + moments.uniform(-0.05, 0.05)
            hasty.until(lambda at=at: time.monotonic() >= at, "the agent is about to leave")

    with ThreadPoolExecutor(len(users)) as pool:
        for _ in pool.map(submit_at_the_wrong_moment, users):
            pass
    sys.stdout.write(f"{log_of(hasty).count('AgentLeft uid=')} of 18 left before\n")
    assert "AgentLeft uid=" in log_of(hasty)


# Missing


@SEVERAL_USERS
def test_jobs_of_a_user_without_an_agent_wait_and_block_nobody(site: Site, ann: User, ben: User):
    ann.ok("tsagent", "start")
    with no_agent(ann):
        first = ann.wrap(": >ran", "--cpus-per-task=4")
        for _ in range(3):
            site.completes(ben.wrap("true", "--cpus-per-task=4"))
        line = site.job(first)
        assert (line["state"], line["reason"]) == ("PENDING", "AgentDown")
        site.until(
            lambda: "any ts command of the owner starts it" in site.job(first)["reason_words"],
            "it says what to do",
            START_S + 5,
        )
        assert "AgentDown" in ann.ok("tsqueue")
        assert not (ann.here / "ran").exists()
    ann.ok("tsqueue")
    site.completes(first)


@SEVERAL_USERS
def test_cores_of_a_job_that_lost_its_agent_go_to_others_until_it_is_back(hasty: Site):
    ann, ben = hasty.ann.move(), hasty.ben.move()
    number = a_waiting_job(ann, "--cpus-per-task=4")
    with no_agent(ann):
        hasty.completes(ben.wrap("true", "--cpus-per-task=4"))
        assert hasty.job(number)["state"] == "RUNNING"
        ann.file("go", "")
    ann.ok("tsqueue")
    assert hasty.until_state(number, "FAILED")["exit_code"] == 5


def test_what_is_cancelled_while_no_agent_is_there_stays_cancelled(site: Site, ann: User):
    running = a_waiting_job(ann, "--cpus-per-task=4")
    waiting = ann.wrap(": >ran")
    with no_agent(ann):
        assert ann.run("tscancel", running, waiting).code == 0
        assert site.job(waiting)["state"] == "CANCELLED"
        assert site.job(running)["state"] in ("RUNNING", "COMPLETING")
    ann.ok("tsqueue")
    line = site.until_state(running, "CANCELLED")
    assert line["exit_signal"] == signal.SIGTERM
    assert not (ann.here / "ran").exists()


def test_a_job_that_ends_just_when_its_agent_is_killed_calls_another_one(site: Site, ann: User):
    number = a_waiting_job(ann)
    run = site.root / "users" / f"u{ann.person.uid}" / "runs" / f"{number}.1"
    worker = int((run / "worker.lock").read_text())
    script = json.loads((run / "started").read_text())["pid"]
    os.kill(worker, signal.SIGSTOP)
    os.kill(site.agent_pid() or 0, signal.SIGKILL)
    ann.file("go", "")
    site.until(lambda: not is_alive(script), "the script has ended")
    os.kill(worker, signal.SIGCONT)  # it learns of both ends at once
    # No command of the user follows.
    assert site.until_state(number, "FAILED")["exit_code"] == 5


def test_a_job_that_ends_while_no_agent_is_there_keeps_its_end(site: Site, ann: User):
    number = a_waiting_job(ann)
    with no_agent(ann):
        ann.file("go", "")
        exit_ = site.root / "users" / f"u{ann.person.uid}" / "runs" / f"{number}.1" / "exit"
        site.until(exit_.exists, "its worker has written the end down")
        assert site.job(number)["state"] == "RUNNING"
    ann.ok("tsqueue")
    assert site.until_state(number, "FAILED")["exit_code"] == 5
