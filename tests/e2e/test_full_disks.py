"""Full disks: what goes wrong for one user is told to that user, and nobody else feels it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.people import SEVERAL_USERS, is_alive
from tests.e2e.rig import Site
from tests.e2e.user import User
from tests.wait import until

FULL = "No space left on device"


class Disks(Site):
    """A queue with small disks of its own in places of its root."""

    def __init__(self) -> None:
        self.mounted: list[Path] = []
        super().__init__()

    def mount(self, path: Path, size: str, owner: User, mode: int = 0o700) -> None:
        path.mkdir(exist_ok=True)
        person = owner.person
        options = f"{size},mode={mode:o},uid={person.uid},gid={self.admin.person.gid}"
        command = ["mount", "-t", "tmpfs", "-o", options, "none", path]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("CI cannot run this: root may not mount here")
        self.mounted.append(path)

    def close(self) -> None:
        try:
            if self._dispatcher is not None:
                self.calm()
                self.kill_dispatcher(signal.SIGTERM)
            for user in (self.admin, self.ann, self.ben):
                if pid := self.agent_pid(user):
                    os.kill(pid, signal.SIGTERM)
            until(lambda: not self.processes(), "every process of the queue has ended")
        finally:
            for path in reversed(self.mounted):
                subprocess.run(["umount", "-l", path], check=True)
            super().close()


class SmallRoot(Disks):
    """Its root is on a small disk, what users have in it on another."""

    def _install(self) -> None:
        self.root.mkdir()
        self.mount(self.root, "size=1m", self.admin, 0o2750)
        (self.root / "users").mkdir()
        self.mount(self.root / "users", "size=4m", self.admin, 0o3770)
        super()._install()


def fill(folder: Path, owner: User) -> Path:
    """Leave no byte on a small disk."""
    path = folder / ".new.1.1"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return owner.person.owns(path)


@SEVERAL_USERS
def test_a_user_whose_disk_is_full_is_told_and_others_go_on(sites: list[Site]):
    site = Disks()
    sites.append(site)
    ann, ben = site.ann.move(), site.ben.move()
    own = site.root / "users" / f"u{ann.person.uid}"
    site.mount(own, "size=256k", ann)
    site.start()
    running = ann.wrap("echo $$; while [ ! -e go ]; do sleep 0.05; done; exit 3")
    held, array = ann.wrap("true", "-H"), ann.wrap("true", "-H", "-a", "1-3")
    site.until_state(running, "RUNNING")
    agent = site.agent_pid()
    ballast = fill(own, ann)

    done = ann.run("tsbatch", "--wrap=true")
    assert (done.code, done.out) == (1, "")
    assert FULL in done.err
    assert str(own) in done.err
    ann.ok("tscontrol", "release", held, array)
    for number in (held, array):
        for line in site.until_ended(number).values():
            assert (line["state"], line["reason"]) == ("FAILED", "JobLaunchFailure")
            assert FULL in line["reason_words"]
    ann.file("go", "")
    assert site.until_state(running, "FAILED")["exit_code"] == 3, "its room was reserved"
    site.completes(ben.wrap("true"))
    assert site.agent_pid() == agent

    ballast.unlink()
    site.completes(ann.wrap("true"))
    ann.ok("tscontrol", "requeue", held)
    site.completes(held)
    site.kill_dispatcher()
    site.start()
    site.until(lambda: site.runs() == [], "what could not be tidied then is tidied now")


@SEVERAL_USERS
def test_an_agent_starts_though_its_disk_is_full(sites: list[Site]):
    site = Disks()
    sites.append(site)
    ann = site.ann.move()
    own = site.root / "users" / f"u{ann.person.uid}"
    site.mount(own, "size=256k", ann)
    site.start()
    number = ann.wrap("while [ ! -e go ]; do sleep 0.05; done; exit 3")
    site.until_state(number, "RUNNING")
    agent = site.agent_pid() or 0
    ballast = fill(own, ann)
    os.kill(agent, signal.SIGKILL)
    site.until(lambda: not is_alive(agent), "the agent is gone")
    site.until(lambda: site.agent_pid() not in (None, agent), "another one runs")
    ann.file("go", "")
    assert site.until_state(number, "FAILED")["exit_code"] == 3
    ballast.unlink()
    site.completes(ann.wrap("true"))


@SEVERAL_USERS
def test_a_dispatcher_whose_disk_is_full_refuses_and_returns(sites: list[Site]):
    site = SmallRoot()
    sites.append(site)
    site.start()
    ann = site.ann.move()
    running = ann.wrap("while [ ! -e go ]; do sleep 0.05; done; exit 3", "-c4")
    waiting = ann.wrap("true")
    site.until_state(running, "RUNNING")
    ballast = fill(site.root / "tmp", site.admin)

    done = ann.run("tsbatch", "--wrap=true")
    assert (done.code, done.out) == (1, "")
    assert FULL in done.err
    assert "bug" not in done.err
    done = ann.run("tscancel", waiting)
    assert done.code == 1
    assert FULL in done.err
    assert len(ann.ok("tsqueue", "-h").splitlines()) == 2
    assert "disk of root: full" in ann.run("tsctl", "doctor").out
    ann.file("go", "")
    ended = site.root / "users" / f"u{ann.person.uid}" / "runs" / f"{running}.1" / "exit"
    site.until(ended.exists, "the job has ended, on its own disk")

    ballast.unlink()
    assert site.until_state(running, "FAILED")["exit_code"] == 3
    site.completes(waiting)
    site.completes(ann.wrap("true"))


@SEVERAL_USERS
def test_a_dispatcher_begins_on_a_full_disk_and_serves_when_there_is_room(sites: list[Site]):
    site = SmallRoot()
    sites.append(site)
    site.start()
    ann = site.ann.move()
    running = ann.wrap("while [ ! -e go ]; do sleep 0.05; done; exit 3")
    held = ann.wrap("true", "-H")
    site.until_state(running, "RUNNING")
    site.kill_dispatcher()
    ballast = fill(site.root / "logs", site.admin)
    site.start()
    assert site.job(running)["state"] == "RUNNING"
    assert FULL in ann.run("tsbatch", "--wrap=true").err
    ann.file("go", "")
    ballast.unlink()
    assert site.until_state(running, "FAILED")["exit_code"] == 3
    ann.ok("tscontrol", "release", held)
    site.completes(held)


@SEVERAL_USERS
def test_a_directory_that_takes_no_more_files_fails_the_job_with_that_reason(sites: list[Site]):
    site = Disks()
    sites.append(site)
    ann, place = site.ann, site.ann.home / "small"
    site.mount(place, "nr_inodes=1", ann)
    site.start()
    line = site.until_state(ann.wrap("true", f"--chdir={place}"), "FAILED")
    assert line["reason"] == "JobLaunchFailure"
    assert f"cannot open {place}/slurm-1.out: {FULL}" in line["reason_words"]
    site.completes(ann.wrap("true"))
