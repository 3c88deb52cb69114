"""Before a time limit, at it, and what the readers of a job's log are told."""

from __future__ import annotations

import os
import re
import signal

import pytest

from tests.e2e.rig import Site
from tests.e2e.user import User
from tinysched.host import cores

NOTICE = re.compile(
    r"^tinysched: error: \*\*\* JOB (\d+) ON (\S+) CANCELLED AT"
    r" \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d( DUE TO [A-Z ]+)? \*\*\*$",
    re.MULTILINE,
)
CHILD = "bash -c 'trap \"echo child >>heard\" USR1; echo >up; while :; do sleep 0.02; done' &"
UNTIL_UP = "until [ -e up ]; do sleep 0.02; done; echo $PPID >parent; echo >all_up"
FOR_EVER = "while :; do sleep 0.02; done"


def notices(ann: User, name: str) -> list[tuple[str, str, str]]:
    """Number, host and cause of each line that says why the job is ended."""
    found: list[tuple[str, str, str]] = NOTICE.findall(ann.read(name))
    assert ann.read(name).count("CANCELLED AT") == len(found)
    return found


def test_the_script_alone_hears_a_signal_before_its_limit(site: Site, ann: User):
    ann.script(f"trap 'echo script >>heard; exit 7' USR1\n{CHILD}\n{UNTIL_UP}\n{FOR_EVER}")
    number = ann.submit("--time=0:06", "--signal=B:USR1@4", "job.sh")
    line = site.until_state(number, "FAILED")
    assert line["exit_code"] == 7
    assert 2 <= line["elapsed_s"] < 5
    assert ann.read("heard") == "script\n"
    assert notices(ann, f"slurm-{number}.err") == []
    assert "Signal=B:USR1@4" in ann.ok("tscontrol", "show", "job", number)


def test_nothing_is_said_twice_when_the_agent_goes_on_for_a_killed_worker(site: Site, ann: User):
    ann.script(f"trap 'echo script >>heard' USR1\n{CHILD}\n{UNTIL_UP}\n{FOR_EVER}")
    number = ann.submit("--time=0:04", "--signal=B:USR1@2", "job.sh")
    ann.until_file("heard", "script")
    os.kill(int(ann.read("parent")), signal.SIGKILL)
    line = site.until_state(number, "TIMEOUT")
    assert 4 <= line["elapsed_s"] < 6
    assert ann.read("heard") == "script\n"
    err = notices(ann, f"slurm-{number}.err")
    assert err == [(str(number), cores.short_hostname(), " DUE TO TIME LIMIT")]


@pytest.mark.parametrize("code", [0, 5])
def test_a_job_at_its_limit_is_timeout_whatever_it_makes_of_term(code: int, site: Site, ann: User):
    ann.script(f"trap 'echo got TERM; exit {code}' TERM; echo start\n{FOR_EVER}")
    number = ann.submit("--time=0:01", "-o", "o", "-e", "o", "job.sh")
    line = site.until_state(number, "TIMEOUT")
    assert (line["exit_code"], line["exit_signal"], line["reason"]) == (code, 0, "TimeLimit")
    said = ann.read("o").splitlines()
    assert (said[0], said[-1]) == ("start", "got TERM")
    assert NOTICE.fullmatch(said[1]), "before the signal, and never written over"


def test_a_cancelled_task_is_named_by_its_own_number(site: Site, ann: User):
    number = ann.wrap("echo up; sleep 300", "--array=3-4", "-o", "o%a", "-e", "e%a")
    for task in (3, 4):
        ann.until_file(f"o{task}", "up")
    ann.ok("tscancel", f"{number}_3")
    line = site.until_state(f"{number}_3", "CANCELLED")
    assert notices(ann, "e3") == [(str(line["raw_id"]), cores.short_hostname(), "")]
    assert notices(ann, "e4") == []


def test_a_requeued_job_says_so_in_its_log(site: Site, ann: User):
    number = ann.wrap("[ $SLURM_RESTART_COUNT ] && exit; echo up >&2; sleep 300", "-e", "e")
    ann.until_file("e", "up")
    ann.ok("tscontrol", "requeue", number)
    site.completes(number)
    assert [why for _, _, why in notices(ann, "e")] == [" DUE TO JOB REQUEUE"]


def test_a_signal_may_go_to_the_script_alone_or_to_everybody(site: Site, ann: User):
    ann.script(f"trap 'echo script >>heard' USR1\n{CHILD}\n{UNTIL_UP}\n{FOR_EVER}")
    number = ann.submit("job.sh")
    ann.until_file("all_up")
    ann.ok("tscancel", "--batch", "-s", "USR1", number)
    ann.until_file("heard", "script\n")
    ann.ok("tscancel", "--full", "-s", "USR1", number)
    site.until(lambda: ann.read("heard").count("script") == 2, "the script heard it again")
    site.until(lambda: ann.read("heard").count("child") == 1, "the child heard it once")
    ann.ok("tscancel", "-b", "-s", "KILL", number)
    assert site.until_state(number, "FAILED")["exit_signal"] == signal.SIGKILL
    assert notices(ann, f"slurm-{number}.err") == []
