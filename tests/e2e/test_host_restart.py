"""The host is restarted: every process is gone, and the kernel's boot has another name.

A mount namespace covers the kernel's file with that name; the host itself is not changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.people import SEVERAL_USERS
from tests.e2e.rig import Site
from tests.e2e.user import User

BOOT_ID = "/proc/sys/kernel/random/boot_id"
COVER = f'mount --bind "$1" {BOOT_ID} && echo ready && exec sleep 600'
SCRIPT = """\
echo "boot $(cat /proc/sys/kernel/random/boot_id) restart ${SLURM_RESTART_COUNT-none}" >>starts
until [ -e go ]; do sleep 0.1; done
"""
LOST = "NodeDown: the host was restarted while it ran"

pytestmark = [pytest.mark.crash, SEVERAL_USERS]


class Machine:
    """A host whose boot can be told anew."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._file = site.place / "boot_id"
        self._dispatcher: subprocess.Popen[str] | None = None
        self._name_boot()
        self._keeper = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", COVER, "sh", self._file],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._keeper.stdout is not None
        if self._keeper.stdout.readline() != "ready\n":
            self.close()
            pytest.skip("CI cannot run this: root has no mount namespaces here")

    def _name_boot(self) -> None:
        self._file.write_text(f"{uuid.uuid4()}\n")

    def start(
        self, user: User, *command: object, **more: Any
    ) -> subprocess.Popen[str]:  # Any: of Popen
        """A command of a user on this host."""
        person, path = user.person, user.site.bin / str(command[0])
        become = ["--reuid", person.uid, "--regid", person.gid, "--clear-groups"]
        words = ["setpriv", *become, path if path.exists() else command[0], *command[1:]]
        into = ["nsenter", f"--mount=/proc/{self._keeper.pid}/ns/mnt", f"--wd={user.here}"]
        root: dict[str, Any] = {"user": 0, "group": 0, "extra_groups": []}  # Any: of Popen
        return user.start(*into, *words, **root, **more)

    def ok(self, user: User, *command: object) -> str:
        """What it prints if it goes well."""
        with self.start(user, *command) as process:
            out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, ""), (command, out, err, self.site.report())
        return out

    def start_queue(self) -> None:
        """What somebody has the host do when it boots."""
        command = (self.site.bin / "tinysched", "dispatcher")
        with (self.site.place / "dispatcher.out").open("ab") as out:
            self._dispatcher = self.start(self.site.admin, *command, stdout=out, stderr=out)
        self.site.until(lambda: self.site.dispatcher_pid, "the dispatcher answers")

    def restart(self) -> None:
        """Every process of the queue is gone at once; another boot begins."""
        self._kill_all()
        self._name_boot()
        self.start_queue()

    def _kill_all(self) -> None:
        assert self._dispatcher is not None, "started before"
        while self.site.processes():
            for pid in self.site.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._dispatcher.poll()
        self._dispatcher.wait()

    def close(self) -> None:
        """The view is gone with its last process."""
        if self._dispatcher is not None:
            self._kill_all()
        self._keeper.kill()
        self._keeper.communicate()


@pytest.fixture
def machine(sites: list[Site]) -> Iterator[Machine]:
    """With a queue that runs."""
    site = Site()
    sites.append(site)
    made = Machine(site)
    made.start_queue()
    yield made
    made.close()


def test_what_ran_is_requeued_or_lost_and_nobody_is_waited_for(machine: Machine):
    site = machine.site
    ann, ben = site.ann.move(), site.ben.move()
    script, other = ann.script(SCRIPT), ben.script(SCRIPT)
    machine.ok(ann, "tsbatch", "-c2", script)
    machine.ok(ben, "tsbatch", "-c1", "--no-requeue", other)
    machine.ok(ann, "tsbatch", "-c4", script)
    ann.until_file("starts")
    ben.until_file("starts")
    for number in (1, 2):
        site.until_start_recorded(number)

    machine.restart()
    lines = {line["id"]: line for line in site.lines("-a")}
    assert {name: line["state"] for name, line in lines.items()} == {
        "1": "PENDING",
        "2": "NODE_FAIL",
        "3": "PENDING",
    }
    assert lines["1"]["reason"] == "AgentDown"
    assert lines["1"]["reason_words"].endswith(f"(requeued: {LOST})")
    assert "NodeDown" in machine.ok(ben, "tsqueue", "-j", "2")
    assert f"Setback={LOST}" in machine.ok(ben, "tscontrol", "show", "job", "1")
    assert "slurm-2.out" in machine.ok(ben, "tsout", "2")
    assert json.loads(site.ask("status", "--json").out)["cores_used"] == 0

    machine.ok(ann, "tsqueue")  # brings the agent back
    ann.until_file("starts", "restart 1")
    ann.file("go", "")
    assert set(site.until_ended(1)) == {"1"}
    site.until_ended(3)
    states = {line["id"]: line["state"] for line in site.lines("-a")}
    assert states == {"1": "COMPLETED", "2": "NODE_FAIL", "3": "COMPLETED"}
    starts = ann.read("starts").splitlines()
    assert [line.split()[-1] for line in starts] == ["none", "1", "none"]
    assert len({line.split()[1] for line in starts}) == 2
    assert site.job(1)["restarts"] == 1
    assert len(ben.read("starts").splitlines()) == 1
    site.until(lambda: not site.runs(), "the former attempt is forgotten, too")
