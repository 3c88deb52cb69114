"""scontrol with a real queue: what stands still stays so, what an owner changed is what runs."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.e2e.rig import Site
from tests.e2e.user import User

SCONTROL = "slurm/scontrol"
# Two processes, one of them in a session of its own, that live until they are ended.
BEATS = """\
setsid sh -c 'while :; do sleep 0.05; done' &
echo $$ $! >pids
while :; do echo beat >>beats; sleep 0.05; done
"""


def state(pid: int) -> str:
    """Of a process: S, R, T; '' if it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    return ""


def all_stand_still(pids: Iterable[int]) -> bool:
    return all(state(pid) == "T" for pid in pids)


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])


def starts(site: Site, ann: User) -> tuple[str, list[int]]:
    """A job that beats, and its processes."""
    ann.script(BEATS)
    number = ann.ok("slurm/sbatch", "--parsable", "job.sh").strip()
    ann.until_file("pids")
    return number, [int(pid) for pid in ann.read("pids").split()]


@pytest.mark.crash
def test_a_suspended_job_stays_so_whoever_is_killed_and_goes_on_when_resumed(own_site: Site):
    site, ann = own_site, own_site.ann
    number, pids = starts(site, ann)
    assert ann.run(SCONTROL, "suspend", number).code == 1
    site.admin.ok(SCONTROL, "suspend", number)
    site.until(lambda: all_stand_still(pids), "all of it stands still")
    beats = ann.read("beats")
    worker, agent = parent(pids[0]), site.agent_pid()
    assert agent is not None
    site.kill_dispatcher()
    for pid in (agent, worker):
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        os.killpg(pid, signal.SIGCONT)  # what only a watcher undoes
    site.until(lambda: ann.read("beats") != beats, "it goes on, unwatched")
    site.start()
    ann.ok("tsqueue")
    site.until(lambda: all_stand_still(pids), "its new agent knows that it is suspended")
    assert ann.ok("slurm/squeue", "-h", "-o", "%t %r") == "S None\n"
    beats = ann.read("beats")
    site.admin.ok(SCONTROL, "resume", number)
    site.until(lambda: ann.read("beats") != beats, "it goes on")
    assert ann.ok("slurm/squeue", "-h", "-o", "%t") == "R\n"
    site.admin.ok(SCONTROL, "suspend", number)
    site.until(lambda: all_stand_still(pids), "it stands still once more")
    ann.ok("slurm/scancel", number)
    site.until_state(number, "CANCELLED")
    assert {state(pid) for pid in pids} <= {"", "Z"}


def test_what_its_owner_changed_is_what_runs_and_its_processes_are_known(site: Site, ann: User):
    ann.script('echo "$SLURM_JOB_NAME"; echo $$ >pid; until [ -e go ]; do sleep 0.05; done')
    number = ann.ok("slurm/sbatch", "--parsable", "-H", "job.sh", "a", "b c").strip()
    assert site.admin.run(SCONTROL, "update", f"JobId={number}", "Name=theirs").code == 1
    ann.ok(SCONTROL, "update", f"JobId={number}", "Name=ours", "StdOut=%x.txt", "TimeLimit=9")
    assert "job.sh a b c\n" in ann.ok(SCONTROL, "show", "job", number)
    assert "job.sh\n" in site.admin.ok(SCONTROL, "show", "job", number)
    ann.ok(SCONTROL, "release", number)
    ann.until_file("pid")
    pid = ann.read("pid").strip()
    assert f"\n{pid:<8} {number:<8} batch" in ann.ok(SCONTROL, "listpids", number)
    assert f"Slurm JobId={number} ends at " in ann.ok(SCONTROL, "pidinfo", pid)
    ann.ok(SCONTROL, "notify", number, "hello", "there")
    ann.file("go", "")
    site.completes(number)
    first, second = ann.read("ours.txt").splitlines()
    assert first == "ours"
    assert second.endswith("error: hello there")
