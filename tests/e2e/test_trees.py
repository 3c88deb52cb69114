"""Whatever a job starts, and however that hides, is gone when the job has ended."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.people import is_alive
from tests.e2e.rig import Site
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
