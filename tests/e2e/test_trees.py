"""Whatever a job starts, and however that hides, is gone when the job has ended."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from tests.e2e.people import is_alive
from tests.e2e.rig import Site
from tests.e2e.test_crashes import kill, title_and_parent, workers
from tests.e2e.user import User

# Children that leave the session, lose their parent, ignore TERM, hide their marks, or are stopped.
HIDING = """\
note() { echo $BASHPID >>pids; echo >up_$1; }
( note plain; exec sleep 300 ) &
( trap '' TERM; note deaf; while :; do sleep 300; done ) &
setsid bash -c 'echo $BASHPID >>pids; echo >up_session; exec sleep 300' &
( ( note orphan; exec setsid sleep 300 ) & ) &
( trap '' TERM HUP INT; note daemon; exec setsid -f env -i sleep 301 ) &
nohup bash -c 'echo $BASHPID >>pids; echo >up_nohup; exec sleep 300' >/dev/null 2>&1 &
( note stopped; kill -STOP $BASHPID; exec sleep 300 ) &
for name in plain deaf session orphan daemon nohup stopped; do
    until [ -e up_$name ]; do sleep 0.01; done
done
echo >all_up
"""


def is_gone(ann: User) -> None:
    """All children that told their pid, and everything else but dispatcher and agents."""
    pids = [int(pid) for pid in ann.read("pids").split()]
    assert len(pids) == 7
    assert not [pid for pid in pids if is_alive(pid)]
    assert not ann.site.strays()


def test_a_cancelled_job_leaves_no_process(site: Site, ann: User):
    ann.script(HIDING + "wait; sleep 300")
    number = ann.submit("job.sh")
    ann.until_file("all_up")
    ann.ok("tscancel", number)
    site.until_state(number, "CANCELLED")
    is_gone(ann)


def test_a_job_past_its_time_limit_leaves_no_process(site: Site, ann: User):
    ann.script(HIDING + "trap '' TERM; while :; do sleep 0.1; done")
    number = ann.submit("--time=0:01", "job.sh")
    line = site.until_state(number, "TIMEOUT")
    assert (line["reason"], line["exit_signal"]) == ("TimeLimit", signal.SIGKILL)
    assert 1 <= line["elapsed_s"] < 4
    is_gone(ann)


def test_a_job_that_ends_by_itself_leaves_no_process_and_names_who_survived(site: Site, ann: User):
    ann.script(HIDING + "exit 3")
    number = ann.submit("job.sh")
    line = site.until_state(number, "FAILED")
    assert line["exit_code"] == 3
    assert any(name.endswith(" sleep") for name in line["survivors"])
    assert "Survivors=" in ann.ok("tscontrol", "show", "job", number)
    is_gone(ann)


def test_a_job_told_to_end_may_clean_up_and_its_state_is_cancelled_all_the_same(
    site: Site, ann: User
):
    ann.script("trap 'echo cleaned >note; exit 0' TERM; echo >up; while :; do sleep 0.02; done")
    number = ann.submit("job.sh")
    ann.until_file("up")
    ann.ok("tscancel", number)
    line = site.until_state(number, "CANCELLED")
    assert (line["exit_code"], line["exit_signal"]) == (0, 0)
    assert ann.read("note") == "cleaned\n"


def test_kill_does_not_ask(site: Site, ann: User):
    ann.script("trap 'echo heard >note' TERM; echo >up; while :; do sleep 0.02; done")
    number = ann.submit("job.sh")
    ann.until_file("up")
    ann.ok("tscancel", "-s", "KILL", number)
    assert site.until_state(number, "CANCELLED")["exit_signal"] == signal.SIGKILL
    assert not (ann.here / "note").exists()


def test_a_stopped_job_hears_that_it_is_cancelled(site: Site, ann: User):
    number = ann.wrap("echo $$ >pid; kill -STOP $$; sleep 300")
    ann.until_file("pid", "\n")
    ann.ok("tscancel", number)
    assert site.until_state(number, "CANCELLED")["exit_signal"] == signal.SIGTERM


@pytest.mark.parametrize("signum", ["STOP", "CONT"])
def test_stop_and_continue_reach_every_process(signum: str, site: Site, ann: User):
    number = ann.wrap("sleep 300 & echo $! $$ >pids; wait")
    ann.until_file("pids", "\n")
    pids = ann.read("pids").split()

    def states() -> set[str]:
        found = set()
        for pid in pids:
            with open(f"/proc/{pid}/stat") as file:
                found.add(file.read().rpartition(")")[2].split()[0])
        return found

    if signum == "CONT":
        for pid in pids:
            os.kill(int(pid), signal.SIGSTOP)
        site.until(lambda: states() == {"T"}, "both are stopped")
    ann.ok("tscancel", "-s", signum, number)
    site.until(lambda: states() == {"T" if signum == "STOP" else "S"}, f"both heard {signum}")


HUNDREDS = """\
for i in {1..100}; do
    sleep 300 &
    setsid sleep 300 &
    ( ( exec setsid sleep 300 ) & )
    env -i sleep 300 &
    ( trap '' TERM; ( exec env -i setsid sleep 300 ) & )
done
echo >all_up
wait
"""


def test_a_tree_of_500_is_gone_two_seconds_after_kill(site: Site, ann: User):
    ann.script(HUNDREDS)
    number = ann.submit("job.sh")
    ann.until_file("all_up")
    site.until(lambda: list(site.strays().values()).count("sleep 300") == 500, "500 sleep")
    began_at = time.monotonic()
    ann.ok("tscancel", "-s", "KILL", number)
    site.until(lambda: not site.strays(), "all are gone")
    lasted_s = time.monotonic() - began_at
    sys.stdout.write(f"500 processes were gone {lasted_s:.2f} s after the order\n")
    # On a host with nothing else to do; where others wait for cores as well it takes longer.
    crowd = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert lasted_s < 2 * crowd


INSIDE = """\
while [ ! -e dead ]; do sleep 0.02; done
tsqueue >/dev/null
while [ ! -e end ]; do sleep 0.02; done
exit 3
"""


@pytest.mark.crash
@pytest.mark.parametrize("end", ["cancel", "kill", "limit", "exit", "worker"])
def test_an_agent_started_from_inside_a_job_survives_every_end_of_it(end: str, own_site: Site):
    ann = own_site.ann.move()
    first = ann.wrap(INSIDE, *(["--time=0:06"] if end == "limit" else []))
    own_site.until_state(first, "RUNNING")
    start_agent_inside(own_site, ann, first)
    agent = own_site.agent_pid()
    other = ann.wrap("while [ ! -e go ]; do sleep 0.02; done; exit 4")
    own_site.until_state(other, "RUNNING")
    match end:
        case "kill":
            ann.ok("tscancel", "-s", "KILL", first)
        case "exit":
            ann.file("end", "")
        case "cancel" | "worker":
            if end == "worker":
                kill(workers(own_site)[f"{first}.1"])
            ann.ok("tscancel", first)
    own_site.until_state(first, {"exit": "FAILED", "limit": "TIMEOUT"}.get(end, "CANCELLED"))
    assert own_site.agent_pid() == agent
    assert own_site.job(other)["state"] == "RUNNING"
    ann.file("go", "")
    assert own_site.until_state(other, "FAILED")["exit_code"] == 4


def start_agent_inside(site: Site, ann: User, number: int) -> None:
    """Has a command inside this job start the agent: without the door its worker cannot."""
    door = site.bin / "tinysched"
    door.rename(site.bin / "aside")
    kill(site.agent_pid())
    site.until(lambda: site.agent_pid() is None, "the agent is dead")
    (site.bin / "aside").rename(door)
    ann.file("dead", "")
    site.until(site.agent_pid, "there is a new agent")
    agent = site.agent_pid()
    assert agent is not None
    assert title_and_parent(agent)[1] == f"ts {number}.1", "it is below the job"
