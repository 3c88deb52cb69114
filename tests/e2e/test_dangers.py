"""Dangers that were met in experiments while this was designed, each held off by a test."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.e2e.people import SEVERAL_USERS
from tests.e2e.rig import Site
from tests.e2e.user import User

# What the commands of every minute may load: parts of the interpreter itself, and these of ours.
SYSTEM = {"__future__", "sys", "posix", "_socket", "fcntl", "errno"}
OURS = {
    "tinysched",
    "tinysched.commands",
    "tinysched.commands.asking",
    "tinysched.commands.console",
    "tinysched.commands.submitting",
    "tinysched.commands.tsbatch",
    "tinysched.commands.tscancel",
    "tinysched.commands.tsqueue",
    "tinysched.errors",
    "tinysched.host",
    "tinysched.host.agent_start",
    "tinysched.host.caller",
    "tinysched.script",
    "tinysched.script.grammar",
    "tinysched.script.options",
    "tinysched.site",
    "tinysched.spool",
    "tinysched.spool.atomic",
    "tinysched.spool.disk",
    "tinysched.spool.outbox",
    "tinysched.spool.tree",
    "tinysched.wire",
    "tinysched.wire.client",
    "tinysched.wire.fields",
}
# Runs a launcher as the kernel would, and looks at what is loaded when it leaves.
PROBE = """\
import posix, sys
launcher, note = sys.argv[1:3]
sys.argv[1:3] = []
sys.argv[0] = launcher
def leave(code, really=posix._exit):
    descriptor = posix.open(note, posix.O_WRONLY | posix.O_CREAT)
    posix.write(descriptor, "\\n".join(sys.modules).encode())
    really(code)
posix._exit = leave
with open(launcher) as file:
    text = file.read()
exec(compile(text, launcher, "exec"), {"__name__": "__main__"})
"""
BARE = "import sys; print(*sys.modules)"


@pytest.mark.parametrize(
    "command", [("tsbatch", "--hold", "job.sh"), ("tsqueue",), ("tscancel", "1")]
)
def test_the_commands_of_every_minute_load_nothing_heavy(command: tuple[str, ...], own_site: Site):
    ann = own_site.ann
    ann.script("true")
    ann.ok("tsbatch", "--hold", "job.sh")
    own_site.until(own_site.agent_pid, "ann's agent runs")
    python = own_site.bin.parent / "lib" / "current" / "bin" / "python"
    bare = set(ann.ok(python, "-IS", "-c", BARE).split())
    program = ann.file("probe.py", PROBE)
    ann.ok(python, "-IS", program, own_site.bin / command[0], ann.here / "note", *command[1:])
    loaded = set(ann.read("note").split()) - bare
    assert loaded <= SYSTEM | OURS
    assert f"tinysched.commands.{command[0]}" in loaded


def test_a_launcher_runs_its_python_isolated_and_without_site(site: Site):
    for name in ("tsbatch", "tsqueue", "tscancel"):
        assert (site.bin / name).read_text().splitlines()[0].endswith("python -IS")


@pytest.mark.crash
def test_jobs_of_an_agent_that_died_below_a_job_survive_that_jobs_end(own_site: Site):
    ann = own_site.ann.move()
    first = ann.wrap("sleep 60")
    own_site.until_state(first, "RUNNING")
    kill_agent(own_site)  # the first job's worker starts the next one, below itself
    other = ann.wrap("while [ ! -e go ]; do sleep 0.02; done; exit 4")
    own_site.until_state(other, "RUNNING")
    kill_agent(own_site)  # the other job's worker is an orphan now, below the first one's
    ann.ok("tscancel", first)
    own_site.until_state(first, "CANCELLED")
    assert own_site.job(other)["state"] == "RUNNING"
    ann.file("go", "")
    assert own_site.until_state(other, "FAILED")["exit_code"] == 4


def kill_agent(site: Site) -> None:
    agent = site.agent_pid()
    assert agent is not None
    os.kill(agent, signal.SIGKILL)
    site.until(lambda: site.agent_pid() not in (None, agent), "there is a new agent")


def test_clearing_the_lock_directory_lets_no_second_dispatcher_in(own_site: Site):
    ann, admin = own_site.ann, own_site.admin
    number = ann.wrap("exit 3")
    before = own_site.dispatcher_pid
    for path in (own_site.root / "lock").iterdir():
        path.unlink()
    done = admin.run("tinysched", "dispatcher")
    assert done.code == 1
    assert done.err.startswith("tinysched: error: cannot ")
    assert own_site.dispatcher_pid == before
    assert own_site.until_state(number, "FAILED")["exit_code"] == 3


def test_a_grant_carries_no_code_and_records_hold_no_secret(site: Site, ann: User):
    secret = "s3cret-word"
    number = ann.wrap(f"echo {secret}", f"--export=ALL,TOKEN={secret}", env={"OTHER": secret})
    site.completes(number)
    assert secret in ann.read(f"slurm-{number}.out")
    record = json.dumps(site.record(number, "completed"))
    assert "TOKEN" in record or "export" in record
    assert secret not in record
    for log in (site.root / "logs").iterdir():
        assert secret not in log.read_text()


def test_what_a_user_stores_is_closed_to_everybody_else(site: Site, ann: User):
    site.completes(ann.wrap("true"))
    site.until(lambda: not site.runs(ann), "the run is forgotten")
    own = Path(site.root / "users" / f"u{ann.person.uid}")
    for path in (own, *own.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
        assert path.stat().st_uid == ann.person.uid


@SEVERAL_USERS
def test_each_job_runs_as_who_submitted_it_and_can_read_nobody_elses(
    site: Site, ann: User, ben: User
):
    for user, other in ((ann, ben), (ben, ann)):
        theirs = f"{site.root}/users/u{other.person.uid}/requests"
        number = user.wrap(f"id -u; umask; ls {theirs} && echo open")
        site.until_ended(number)
        output = user.here / f"slurm-{number}.out"
        assert output.read_text() == f"{user.person.uid}\n0022\n"
        assert output.stat().st_uid == user.person.uid


@SEVERAL_USERS
def test_users_share_the_cores_of_the_queue(site: Site, ann: User, ben: User):
    first = ann.wrap("while [ ! -e go ]; do sleep 0.02; done", "-c", "3")
    site.until_state(first, "RUNNING")
    second = ben.wrap("true", "-c", "2")
    assert site.job(second)["reason_words"] == "needs 2 cores, 1 free"
    ann.file("go", "")
    site.completes(second)
