"""Bad weather: what goes wrong for one user is told to that user, and nobody else feels it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from installer.choices import Choices
from tests.e2e.namespace import Host
from tests.e2e.people import SEVERAL_USERS
from tests.e2e.rig import CONFIG, Site
from tests.e2e.user import User

RUN = ("run_job.sh", 1, "no", "true")
FULL = "No space left on device"


def fails_in_doctor(user: User) -> list[str]:
    """What the doctor says of the root's places."""
    lines = user.run("tsctl", "doctor").out.splitlines()
    return [line for line in lines if line.startswith("FAIL  places")]


# Who is there, and who is not any more


@pytest.fixture
def host(own_site: Site) -> Iterator[Host]:
    """This host with accounts for the queue's users, as only they see it."""
    made = Host(own_site)
    yield made
    made.close()


@SEVERAL_USERS
def test_jobs_of_a_deleted_user_wait_with_that_reason_and_block_nobody(own_site: Site, host: Host):
    site, ann, ben = own_site, own_site.ann, own_site.ben
    site.kill_dispatcher(15)
    host.ok(site.admin, "tsdaemon", "start")
    number = int(host.ok(ann, "tsbatch", "--parsable", "-c4", "--wrap=true", "-H"))
    assert site.job(number)["user"] == "ann"
    site.until(site.agent_pid, "ann's agent runs")
    host.ok(ann, "tsagent", "stop")
    accounts = site.place / "host" / "passwd"
    lines = accounts.read_text().splitlines(keepends=True)
    accounts.write_text("".join(line for line in lines if not line.startswith("ann:")))
    host.ok(site.admin, "tscontrol", "release", number)
    line = site.job(number)
    assert (line["state"], line["reason"]) == ("PENDING", "AgentDown")
    assert "has no account here any more, an admin can cancel it" in line["reason_words"]
    other = int(host.ok(ben, "tsbatch", "--parsable", "-c4", "--wrap=true"))
    site.completes(other)
    host.ok(site.admin, "tscancel", number)
    assert site.job(number)["state"] == "CANCELLED"
    host.ok(site.admin, "tsdaemon", "stop")


@SEVERAL_USERS
def test_who_was_taken_out_of_the_group_keeps_running_jobs_and_is_told_what_to_do(own_site: Site):
    site, ann, ben = own_site, own_site.ann, own_site.ben
    running = ann.wrap("while [ ! -e go ]; do sleep 0.05; done; exit 3")
    waiting = ann.wrap("true", f"--cpus-per-task={4}")
    site.until_state(running, "RUNNING")
    out = {"group": ann.person.uid, "extra_groups": []}  # a login without the group
    for command in (("tsqueue",), ("tscancel", waiting), ("tsbatch", "--wrap=true"), RUN):
        done = ann.run(*command, **out)
        assert done.code in (1, 75), done
        assert "Permission denied" in done.err or "permission denied" in done.err
        assert "add you to its group, then log in again" in done.err
        assert "bug" not in done.err
    assert "usermod -aG" in ann.run("tsctl", "doctor", **out).out
    # The agent has the groups of the login that it is from: also after it lost its connection.
    site.kill_dispatcher()
    site.start()
    ann.file("go", "")
    assert site.until_state(running, "FAILED")["exit_code"] == 3
    site.completes(waiting)
    site.completes(ben.wrap("true"))


# Where people work


def test_a_job_whose_directory_is_gone_fails_with_that_reason(own_site: Site):
    site, ann = own_site, own_site.ann.move()
    (ann.here / "sub").mkdir()
    ann.person.owns(ann.here / "sub")
    jobs = [ann.wrap("true", "-H", "--chdir=sub"), ann.wrap("true", "-H", "--chdir=sub", "-a1-2")]
    (ann.here / "sub").rmdir()
    ann.ok("tscontrol", "release", *jobs)
    for number in jobs:
        for line in site.until_ended(number).values():
            assert (line["state"], line["reason"]) == ("FAILED", "JobLaunchFailure")
            assert f"cannot change to {ann.here}/sub: No such file" in line["reason_words"]
    site.completes(ann.wrap("true"))


@SEVERAL_USERS
def test_a_home_that_cannot_be_entered_fails_jobs_there_and_nothing_else(own_site: Site):
    site, ann = own_site, own_site.ann
    number = ann.wrap("true", "-H")
    ann.home.chmod(0)
    try:
        ann.ok("tscontrol", "release", number, cwd="/")
        line = site.until_state(number, "FAILED")
        assert line["reason"] == "JobLaunchFailure"
        assert f"cannot change to {ann.home}: Permission denied" in line["reason_words"]
        elsewhere = ann.submit("-o", "none", "-e", "none", "--wrap=true", cwd="/")
        site.completes(elsewhere)
        assert "not running" not in ann.ok("tsagent", "status", cwd="/")
        site.completes(site.ben.wrap("true"))
    finally:
        ann.home.chmod(0o755)


def test_commands_of_a_directory_that_was_removed_say_so(own_site: Site):
    ann = own_site.ann.move()
    program = own_site.bin
    for command in ("tsbatch --wrap=true", "run_job.sh 1 no true"):
        done = ann.run("sh", "-c", f'mkdir x; cd x; rmdir ../x; exec "{program}"/{command}')
        assert done.code == 1, done
        assert "cannot tell the working directory: No such file or directory" in done.err
    done = ann.run("sh", "-c", f'mkdir x; cd x; rmdir ../x; exec "{program}"/tsqueue')
    assert (done.code, done.err) == (0, "")


# Where the queue is


def test_two_installations_on_one_host_know_nothing_of_each_other(sites: list[Site]):
    one, other = Site(), Site()
    sites += [one, other]
    other.people = one.people
    pairs = [(other.admin, one.admin), (other.ann, one.ann), (other.ben, one.ben)]
    for theirs, mine in pairs:
        theirs.person = mine.person
        theirs.person.owns(theirs.home)
    other.choices = replace(
        other.choices, admin=one.admin.name, admin_uid=one.admin.person.uid,
        gid=one.admin.person.gid,
    )  # fmt: skip
    subprocess.run(["rm", "-rf", other.root, other.place / "lib", other.bin], check=True)
    other._install()
    other.configure(CONFIG)
    one.start()
    other.start()
    first, second = one.ann.wrap("sleep 60"), other.ann.wrap("sleep 60")
    one.until_state(first, "RUNNING")
    other.until_state(second, "RUNNING")
    assert one.agent_pid() != other.agent_pid()
    assert one.ann.ok("tsagent", "restart").startswith("restarted")
    one.ann.ok("tscancel", first)
    one.until_state(first, "CANCELLED")
    assert other.job(second)["state"] == "RUNNING"
    assert one.admin.ok("tsdaemon", "stop").startswith("stopped")
    one.kill_dispatcher()
    other.completes(other.ben.wrap("true"))
    os.kill(one.agent_pid() or 0, signal.SIGTERM)
    other.ann.ok("tscancel", second)
    other.until_state(second, "CANCELLED")
    one.people = []  # who is left belongs to the other


class Deep(Site):
    """A queue, with its commands, below a path of 200 characters."""

    def _choices(self) -> Choices:
        plain = super()._choices()
        deep = f"{self.place}/{'d' * 90}/"
        deep += "e" * (200 - len(deep) - len("/queue")) + "/queue"
        Path(deep).parent.mkdir(parents=True)
        return replace(plain, root=deep, bin_dir=f"{os.path.dirname(deep)}/bin")


def test_a_root_of_200_characters_serves_like_any_other(sites: list[Site]):
    site = Deep()
    sites.append(site)
    assert len(str(site.root)) == 200
    site.start_supervised()
    ann = site.ann
    site.completes(ann.wrap("true"))
    number = ann.wrap("trap 'exit 7' TERM; echo here; while :; do sleep 0.05; done")
    ann.until_file(f"slurm-{number}.out", "here")
    before = site.agent_pid() or 0
    os.kill(before, signal.SIGKILL)  # the next one reaches the worker through its socket
    site.until(lambda: site.agent_pid() not in (None, before), "another agent runs")
    site.until(lambda: ann.name in site.ask("status").out.decode(), "it is connected")
    pid = site.dispatcher_pid
    os.kill(pid or 0, signal.SIGKILL)
    site.until(lambda: site.dispatcher_pid not in (None, pid), "supervisord started another")
    ann.ok("tscancel", number)
    site.until_state(number, "CANCELLED")
    assert ann.run("run_job.sh", 1, "no", "sh", "-c", "exit 4").code == 4
    assert fails_in_doctor(site.admin) == []
    assert "supervisord" in site.admin.ok("tsdaemon", "status")


# What people's shells are like


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_modes_of_the_queue_do_not_depend_on_anybodys_umask(umask: int, sites: list[Site]):
    site = Site()
    sites.append(site)
    site.admin.ok("tsdaemon", "start", "--supervised", umask=umask)
    ann = site.ann.move()
    number = ann.wrap("umask; sleep 60", umask=umask)
    array = ann.wrap("true", "-a", "1-2", umask=umask)
    site.until_ended(array)
    site.until_state(number, "RUNNING")
    ann.until_file(f"slurm-{number}.out", f"{umask:04o}")
    assert fails_in_doctor(site.admin) == []
    assert fails_in_doctor(ann) == []
    warnings = ann.run("tsctl", "doctor").out
    assert "WARN  places" not in warnings
    mode = (ann.here / f"slurm-{number}.out").stat().st_mode & 0o777
    assert mode == 0o666 & ~umask
    assert site.ben.ok("tsqueue", "-h", "-j", number)
