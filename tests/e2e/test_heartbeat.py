"""contrib/heartbeat.sh against a local stand-in for ssh."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.installed import REPOSITORY, Queue

HEARTBEAT = REPOSITORY / "contrib" / "heartbeat.sh"

# Takes ssh's own options, notes the host, runs the command here.
OBEYS = """#!/bin/sh
while getopts 'o:p:' option; do :; done
shift $((OPTIND - 1))
echo "$1" >>"$0.hosts"
shift
exec sh -c "$*"
"""
UNREACHABLE = (
    "#!/bin/sh\necho 'ssh: connect to host bigbox port 22: No route to host' >&2\nexit 255\n"
)
HANGS = "#!/bin/sh\ntrap '' TERM\nsleep 60 &\nwait\nsleep 60\n"


class Heartbeat:
    """The script with its own log and its stand-in."""

    def __init__(self, queue: Queue, folder: Path) -> None:
        self._queue = queue
        self.ssh = folder / "ssh"
        self.log = folder / "heartbeat.log"
        self.stand_in(OBEYS)

    def stand_in(self, script: str) -> None:
        self.ssh.write_text(script)
        self.ssh.chmod(0o755)

    def beat(self, *options: str, host: str = "alice@bigbox") -> int:
        command = [HEARTBEAT, "-b", self._queue.installed.bin, "-r", self._queue.root]
        command += ["-s", f"{self.ssh} -p 2222", "-l", self.log, *options, host]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.log.parent)}  # as cron gives
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.stdout == "", "cron would mail it"
        return done.returncode

    def lines(self) -> list[str]:
        """What it logged, without the time."""
        return [line.split(" ", 1)[1] for line in self.log.read_text().splitlines()]


@pytest.fixture
def heart(queue: Queue, tmp_path: Path) -> Heartbeat:
    return Heartbeat(queue, tmp_path)


def test_a_dispatcher_that_runs_is_left_alone_in_silence(queue: Queue, heart: Heartbeat) -> None:
    queue.ok("tsdaemon", "start")
    pid = queue.pid()
    assert heart.beat() == 0
    assert heart.lines() == []
    assert heart.beat("-v") == 0
    assert heart.lines() == ["alice@bigbox runs"]
    assert queue.pid() == pid
    assert set(Path(f"{heart.ssh}.hosts").read_text().split()) == {"alice@bigbox"}


def test_a_dispatcher_that_does_not_run_is_started_under_supervision(
    queue: Queue, heart: Heartbeat
) -> None:
    assert heart.beat() == 0
    pid = queue.pid()
    assert pid is not None
    assert heart.lines() == [
        "alice@bigbox does not run; starting it",
        f"alice@bigbox started: pid {pid}",
    ]
    assert queue.supervisor_pid()
    assert heart.beat() == 0
    assert queue.pid() == pid


def test_it_only_looks_when_asked_to(queue: Queue, heart: Heartbeat) -> None:
    assert heart.beat("-n") == 3
    assert heart.lines() == ["alice@bigbox does not run"]
    assert queue.pid() is None


def test_without_ssh_it_looks_at_its_own_host(queue: Queue, heart: Heartbeat) -> None:
    heart.stand_in(UNREACHABLE)
    assert heart.beat(host="local") == 0
    assert queue.pid() is not None


def test_a_host_that_cannot_be_reached_is_told_in_the_log(heart: Heartbeat) -> None:
    heart.stand_in(UNREACHABLE)
    assert heart.beat() == 4
    assert heart.lines() == [
        "alice@bigbox cannot be reached: ssh: connect to host bigbox port 22: No route to host"
    ]


def test_a_connection_that_hangs_is_given_up(heart: Heartbeat) -> None:
    heart.stand_in(HANGS)
    began = time.monotonic()
    assert heart.beat("-t", "1") == 4
    assert time.monotonic() - began < 10
    assert heart.lines() == ["alice@bigbox no answer within 1 s"]


def test_a_dispatcher_that_cannot_be_started_is_told_with_its_reason(
    queue: Queue, heart: Heartbeat
) -> None:
    (queue.root / "config.yaml").write_text("cpus: none at all\n")
    assert heart.beat() == 1
    assert heart.lines()[0] == "alice@bigbox does not run; starting it"
    assert heart.lines()[1].startswith("alice@bigbox cannot be started (exit code 1): ")


def test_a_host_without_tsdaemon_is_told(heart: Heartbeat, tmp_path: Path) -> None:
    assert heart.beat("-b", str(tmp_path)) == 1
    assert "cannot ask:" in heart.lines()[0]
    assert "not found" in heart.lines()[0]


def test_a_second_one_at_the_same_time_does_nothing(heart: Heartbeat) -> None:
    if shutil.which("flock") is None:
        pytest.skip("needs flock (package util-linux)")
    heart.stand_in(UNREACHABLE)
    with open(heart.log, "a") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        assert heart.beat() == 0
    assert heart.lines() == []
    assert heart.beat() == 4


@pytest.mark.parametrize(
    "arguments", [[], ["one", "two"], ["-x", "host"], ["-t", "soon", "host"], ["--", "-oProxy=x"]]
)
def test_wrong_usage_prints_how_to_use_it(arguments: list[str]) -> None:
    done = subprocess.run([HEARTBEAT, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "heartbeat.sh [options] [USER@]HOST" in done.stderr
    assert "Exit code: 0 it runs" in done.stderr
