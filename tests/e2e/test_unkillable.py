"""Zombies do not count as left behind; who outlives KILL keeps its job's cores, by name."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.frozen import frozen
from tests.e2e.people import SEVERAL_USERS, is_alive
from tests.e2e.rig import Site
from tests.e2e.test_crashes import kill, until_agent, workers
from tests.e2e.user import User

# Attaches to a process, lets it go on, and takes no notice of its death.
TRACER = """\
import ctypes, os, signal, sys
PTRACE_SEIZE = 0x4206
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(PTRACE_SEIZE, int(sys.argv[1]), None, None):
    sys.exit(os.strerror(ctypes.get_errno()))
print("traces", flush=True)
signal.pause()
"""


@contextlib.contextmanager
def tracer(pid: int) -> Iterator[None]:
    """Somebody outside of the job traces one of its processes."""
    command = [sys.executable, "-IS", "-c", TRACER, str(pid)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        if process.stdout.readline() != b"traces\n":
            process.kill()
            pytest.skip(f"CI cannot run this: nobody may trace others here {process.communicate()}")
        try:
            yield
        finally:
            process.kill()


def become_root(user: User) -> str:
    """How a command of a user leaves that user's hands for good, real uid and all."""
    path = user.here / "become_root"
    shutil.copy(str(shutil.which("setpriv")), path)
    path.chmod(0o4755)
    if os.statvfs(path).f_flag & os.ST_NOSUID:
        pytest.skip("CI cannot run this: no program can become root where tests have their files")
    return f"{path} --reuid=0 --regid=0 --clear-groups"


def state_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


STATES = {"cancel": "CANCELLED", "limit": "TIMEOUT", "exit": "FAILED", "worker": "CANCELLED"}


@SEVERAL_USERS
def test_what_cannot_be_killed_is_named_and_keeps_its_cores(site: Site, ann: User):
    numbers, pids = {}, {}
    try:
        for end in STATES:
            place = ann.move()
            note = f"sh -c 'echo $$ >{place.here}/pid; exec sleep 300'"
            then = "exit 4" if end == "exit" else "sleep 300"
            limit = ["--time=0:01"] if end == "limit" else []
            waits = "until [ -s pid ]; do sleep 0.02; done"
            numbers[end] = place.wrap(f"{become_root(place)} {note} & {waits}; {then}", *limit)
            place.until_file("pid", "\n")
            pids[end] = int(place.read("pid"))
        other = ann.wrap("true")
        kill(workers(site)[f"{numbers['worker']}.1"])
        ann.ok("tscancel", numbers["cancel"], numbers["worker"])
        for end, number in numbers.items():
            words = f"KILL did not end {pids[end]} sleep"
            site.until(lambda n=number: site.job(n)["reason"] == "Unkillable", f"{end}: named")
            line = site.job(number)
            assert (line["state"], line["reason_words"]) == ("COMPLETING", words), end
            assert words in ann.ok("tsqueue", "-j", number)
            assert words in ann.ok("tscontrol", "show", "job", number)
            assert is_alive(pids[end])
        assert site.job(other)["reason_words"] == "needs 1 core, 0 free"
    finally:
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
    for end, number in numbers.items():
        site.until_state(number, STATES[end])
    site.completes(other)


@SEVERAL_USERS
def test_what_the_kernel_does_not_let_go_keeps_its_job_until_it_does(site: Site, ann: User):
    place = ann.here / "frozen"
    with frozen(place) as device:
        number = ann.wrap(f"echo $$ >pid; exec cat {place}/file")
        ann.until_file("pid", "\n")
        pid = int(ann.read("pid"))
        os.read(device, 1 << 20)  # it has asked for the file
        ann.ok("tscancel", number)
        site.until(lambda: site.job(number)["reason"] == "Unkillable", "it is named")
        assert state_of(pid) == "D"
        assert site.job(number)["reason_words"] == f"KILL did not end {pid} cat"
    site.until_state(number, "CANCELLED")


@SEVERAL_USERS
def test_what_cannot_be_killed_is_named_by_the_next_agent_and_dispatcher_too(own_site: Site):
    ann = own_site.ann.move()
    sleeper = f"{become_root(ann)} sh -c 'echo $$ >{ann.here}/pid; exec sleep 300'"
    number = ann.wrap(f"exec {sleeper}")
    ann.until_file("pid", "\n")
    pid = int(ann.read("pid"))
    try:
        agent = own_site.agent_pid()
        kill(agent)
        until_agent(own_site, agent)
        ann.ok("tscancel", number)

        def is_named() -> bool:
            return bool(own_site.job(number)["reason"] == "Unkillable")

        own_site.until(is_named, "it is named")
        own_site.kill_dispatcher()
        own_site.start()
        assert is_named()
        assert own_site.job(number)["state"] == "COMPLETING"
    finally:
        os.kill(pid, signal.SIGKILL)
    own_site.until_state(number, "CANCELLED")


@pytest.mark.parametrize("end", ["cancel", "worker"])
def test_a_zombie_script_that_only_its_tracer_can_bury_does_not_keep_a_job(
    end: str, site: Site, ann: User
):
    number = ann.wrap("echo $$ >pid; exec sleep 300")
    ann.until_file("pid", "\n")
    script = int(ann.read("pid"))
    with tracer(script):
        if end == "worker":
            kill(workers(site)[f"{number}.1"])
        ann.ok("tscancel", number)
        line = site.until_state(number, "CANCELLED")
        assert state_of(script) == "Z"
    if end == "cancel":  # its tracer does not let TERM through
        assert line["exit_signal"] == signal.SIGKILL


@pytest.mark.parametrize("end", ["cancel", "exit", "worker"])
def test_a_zombie_child_that_only_its_tracer_can_bury_does_not_keep_a_job(
    end: str, site: Site, ann: User
):
    number = ann.wrap("sleep 300 & echo $! >pid; until [ -e go ]; do sleep 0.02; done; exit 4")
    ann.until_file("pid", "\n")
    child = int(ann.read("pid"))
    with tracer(child):
        if end == "worker":
            kill(workers(site)[f"{number}.1"])
        if end == "exit":
            ann.file("go", "")
            assert site.until_state(number, "FAILED")["exit_code"] == 4
        else:
            ann.ok("tscancel", number)
            site.until_state(number, "CANCELLED")
        assert state_of(child) == "Z"
