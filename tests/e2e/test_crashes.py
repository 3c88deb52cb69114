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
from tests.e2e.rig import Line, Site
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
            is_none = name in ("ts agent", "ts idle")  # who waits for a run has none
            if name.startswith("ts ") and not is_none and parent != name:
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
            with contextlib.suppress(ProcessLookupError):  # it ends by itself just now
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


def test_only_the_ends_of_tasks_that_lost_agent_and_worker_may_be_unknown(
    site: Site, ann: User, moments: list[int]
):
    army, lost = Army(ann), set[int]()
    army.submit()
    army.cancel_the_waiting()
    for moment in moments[::2]:
        army.until_started(moment)
        agent = site.agent_pid()
        kill(agent)
        doomed = workers(site)  # none of them is given another run any more
        for pid in doomed.values():
            with contextlib.suppress(ProcessLookupError):
                kill(pid)
        lost |= {int(run.partition("_")[2].partition(".")[0]) for run in doomed}
        ann.run("tsqueue")  # nobody else may be left to start an agent
        until_agent(site, agent)
    army.cancel_the_sleepers()
    army.has_ended_well(lost)


def a_job_that_waits_for_go(ann: User, then: str = "exit 5", *options: str) -> int:
    """A running job that ends as soon as the test makes the file `go`."""
    number = ann.wrap(f"while [ ! -e go ]; do sleep 0.02; done; {then}", *options)
    ann.site.until_state(number, "RUNNING")
    return number


def exit_of(line: Line) -> tuple[str, int, int]:
    return line["state"], line["exit_code"], line["exit_signal"]


def test_a_job_that_ends_while_no_dispatcher_runs_keeps_its_exit_code(site: Site, ann: User):
    number = a_job_that_waits_for_go(ann)
    site.kill_dispatcher()
    ann.file("go", "")
    site.until(lambda: not workers(site), "the job has ended")
    site.start()
    assert exit_of(site.until_state(number, "FAILED")) == ("FAILED", 5, 0)


def test_a_job_that_ends_while_no_agent_runs_keeps_its_exit_code(site: Site, ann: User):
    number = a_job_that_waits_for_go(ann)
    door = site.bin / "tinysched"
    door.rename(site.bin / "aside")  # so that its worker cannot start another agent
    kill(site.agent_pid())
    ann.file("go", "")
    site.until(lambda: not workers(site), "the job has ended")
    assert site.job(number)["state"] == "RUNNING"
    (site.bin / "aside").rename(door)
    ann.ok("tsqueue")  # any command of the owner starts an agent
    assert exit_of(site.until_state(number, "FAILED")) == ("FAILED", 5, 0)


def test_a_job_whose_worker_is_killed_keeps_its_exit_code(site: Site, ann: User):
    number = a_job_that_waits_for_go(ann)
    kill(workers(site)[f"{number}.1"])
    ann.file("go", "")
    assert exit_of(site.until_state(number, "FAILED")) == ("FAILED", 5, 0)


def test_a_worker_killed_after_its_script_ended_does_not_take_the_exit_code_along(
    site: Site, ann: User
):
    leftover = "(trap '' TERM; echo >survives; exec sleep 60) & until [ -e survives ]; do :; done"
    number = a_job_that_waits_for_go(ann, f"{leftover}; exit 6")
    worker = workers(site)[f"{number}.1"]
    script = site.root / "users" / f"u{ann.person.uid}" / "runs" / f"{number}.1" / "started"
    ann.file("go", "")
    # The worker has seen the end, and waits for what ignores TERM.
    site.until(lambda: '"code": 6' in script.read_text(), "the end is noted")
    kill(worker)
    assert exit_of(site.until_state(number, "FAILED")) == ("FAILED", 6, 0)


def test_a_job_whose_worker_is_killed_can_be_cancelled(site: Site, ann: User):
    number = a_job_that_waits_for_go(ann)
    kill(workers(site)[f"{number}.1"])
    ann.ok("tscancel", number)
    assert site.until_state(number, "CANCELLED")["exit_signal"] == signal.SIGTERM


def test_a_job_whose_worker_is_killed_keeps_its_time_limit(site: Site, ann: User):
    number = a_job_that_waits_for_go(ann, "exit 5", "--time=0:02")
    kill(workers(site)[f"{number}.1"])
    assert site.until_state(number, "TIMEOUT")["elapsed_s"] < 5


def test_a_job_whose_agent_and_worker_are_killed_is_watched_and_said_to_be_lost(
    site: Site, ann: User
):
    number = a_job_that_waits_for_go(ann)
    agent, worker = site.agent_pid(), workers(site)[f"{number}.1"]
    kill(agent)
    kill(worker)
    ann.ok("tsqueue")
    until_agent(site, agent)
    assert site.job(number)["state"] == "RUNNING"
    ann.file("go", "")
    line = site.until_state(number, "NODE_FAIL")
    assert (line["reason"], line["exit_code"]) == ("WorkerLost", None)


def test_an_accepted_job_outlives_dispatcher_and_agent(site: Site, ann: User):
    number = ann.wrap("exit 4", "--hold")
    until_agent(site, None)
    site.kill_dispatcher()
    kill(site.agent_pid())
    site.start()
    ann.ok("tscontrol", "release", number)
    assert exit_of(site.until_state(number, "FAILED")) == ("FAILED", 4, 0)


def test_a_cancel_that_was_ordered_is_carried_out_after_a_crash(site: Site, ann: User):
    number = a_job_that_waits_for_go(ann)
    (site.bin / "tinysched").rename(site.bin / "aside")
    kill(site.agent_pid())
    ann.run("tscancel", number)
    site.kill_dispatcher()
    (site.bin / "aside").rename(site.bin / "tinysched")
    site.start()
    ann.run("tsqueue")
    site.until_state(number, "CANCELLED")
