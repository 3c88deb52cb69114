"""The dispatcher is started, kept alive, asked and ended; running jobs never notice."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.installed import Installed, Queue, is_alive
from tests.wait import until

RESTART_S = 3
NOBODY = pwd.getpwnam("nobody")
NEEDS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root to act as another user: CI cannot run this without"
)


def supervisorctl(queue: Queue, *words: str) -> subprocess.CompletedProcess[str]:
    program = queue.installed.prefix / "current" / "bin" / "supervisorctl"
    command = [program, "-c", queue.root / "run" / "supervisord.conf", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def a_waiting_job(queue: Queue) -> tuple[str, Path]:
    """A job that runs until a file is there, then ends with exit code 7."""
    go = queue.root.parent / "go"
    script = queue.root.parent / "wait.sh"
    script.write_text(f"#!/bin/sh\nwhile [ ! -e {go} ]; do sleep 0.05; done\nexit 7\n")
    number = queue.ok("tsbatch", "--parsable", str(script)).strip()
    until(lambda: "RUNNING" in state(queue, number), says="the job runs", timeout_s=20)
    return number, go


def state(queue: Queue, number: str) -> str:
    return queue.run("tsqueue", "-j", number).stdout


def ends_with_7(queue: Queue, number: str, go: Path) -> None:
    go.touch()
    until(lambda: "FAILED" in state(queue, number), says="the job has ended", timeout_s=20)
    record = json.loads((queue.root / "queue" / "failed" / f"job_{number}.meta").read_text())
    assert "7:0" in json.dumps(record) or '"code": 7' in json.dumps(record)


def test_a_started_dispatcher_answers_and_a_stopped_one_does_not(queue: Queue) -> None:
    assert queue.run("tsdaemon", "status").returncode == 3
    assert queue.ok("tsdaemon", "start").startswith("started (pid ")
    pid = queue.pid()
    assert queue.ok("tiny_sched_daemon.sh", "start") == f"already running (pid {pid})\n"
    assert queue.pid() == pid
    assert queue.ok("tsdaemon", "stop").startswith(f"stopped (pid {pid})")
    assert not is_alive(pid or 0)
    assert queue.run("tsdaemon", "status").returncode == 3
    assert queue.ok("tsdaemon", "stop") == "the dispatcher was not running\n"


def test_status_tells_what_an_admin_wants_to_know(queue: Queue) -> None:
    (queue.root / "config.yaml").write_text("cpus: 7\n")
    queue.ok("tsdaemon", "start")
    told = json.loads(queue.ok("tsdaemon", "status", "--json"))
    assert (told["cores_used"], told["cores_total"]) == (0, 7)
    assert told["root"] == str(queue.root)
    assert told["config_file"] == f"{queue.root}/config.yaml"
    text = queue.ok("tsdaemon", "status")
    for word in ("pid:", "uptime:", "version:", "0 of 7 taken", "jobs:", "agents:"):
        assert word in text


def test_supervisord_restarts_a_killed_dispatcher_in_time(queue: Queue) -> None:
    assert "supervisord (pid " in queue.ok("tsdaemon", "start", "--supervised")
    for _ in range(2):
        pid = queue.pid()
        assert pid is not None
        until(lambda: "RUNNING" in supervisorctl(queue, "status").stdout, says="it is settled")
        os.kill(pid, signal.SIGKILL)
        until(
            lambda pid=pid: queue.pid() not in (None, pid),
            says="another dispatcher answers",
            timeout_s=RESTART_S,
        )


def test_supervisorctl_never_touches_running_jobs(queue: Queue) -> None:
    queue.ok("tsdaemon", "start", "--supervised")
    number, go = a_waiting_job(queue)
    assert supervisorctl(queue, "restart", "tinysched").returncode == 0
    until(lambda: queue.pid() is not None, says="it answers again")
    assert "RUNNING" in state(queue, number)
    assert "stopped" in supervisorctl(queue, "stop", "tinysched").stdout
    assert queue.pid() is None
    assert "STOPPED" in supervisorctl(queue, "status", "tinysched").stdout
    assert supervisorctl(queue, "start", "tinysched").returncode == 0
    until(lambda: queue.pid() is not None, says="it answers again")
    ends_with_7(queue, number, go)


def test_what_supervisorctl_has_stopped_is_started_below_the_same_supervisord(queue: Queue) -> None:
    queue.ok("tsdaemon", "start", "--supervised")
    supervisor = queue.supervisor_pid()
    supervisorctl(queue, "stop", "tinysched")
    queue.ok("tsdaemon", "start", "--supervised")
    assert queue.supervisor_pid() == supervisor
    assert queue.ok("tsdaemon", "restart").startswith("restarted under supervisord")
    assert queue.supervisor_pid() == supervisor


def test_stop_ends_supervisord_too_and_leaves_the_jobs(queue: Queue) -> None:
    queue.ok("tsdaemon", "start", "--supervised")
    number, go = a_waiting_job(queue)
    supervisor, pid = queue.supervisor_pid(), queue.pid()
    queue.ok("tsdaemon", "stop")
    assert not is_alive(supervisor)
    assert not is_alive(pid or 0)
    queue.ok("tsdaemon", "start")
    ends_with_7(queue, number, go)


def test_a_dispatcher_does_not_outlive_its_supervisord(queue: Queue) -> None:
    queue.ok("tsdaemon", "start", "--supervised")
    pid = queue.pid()
    os.kill(queue.supervisor_pid(), signal.SIGKILL)
    until(lambda: not is_alive(pid or 0), says="the dispatcher has gone too")
    queue.ok("tsdaemon", "start", "--supervised")
    assert queue.pid() not in (None, pid)


def test_a_root_with_a_long_path_has_its_socket_elsewhere(
    installed: Installed, tmp_path: Path
) -> None:
    root = tmp_path / ("long" * 20) / ("path" * 20)
    root.mkdir(parents=True, mode=0o750)
    queue = Queue(installed, root)
    try:
        queue.ok("tsdaemon", "start", "--supervised")
        text = (root / "run" / "supervisord.conf").read_text()
        socket = Path(next(line for line in text.splitlines() if line.startswith("file=/"))[5:])
        assert not socket.is_relative_to(root)
        assert socket.parent.stat().st_mode & 0o777 == 0o700
        assert socket.stat().st_mode & 0o777 == 0o700
        assert supervisorctl(queue, "pid", "tinysched").stdout == f"{queue.pid()}\n"
        queue.ok("tsdaemon", "stop")
        assert not socket.parent.exists()
    finally:
        queue.end()


def test_a_root_with_an_odd_name_works_under_supervision(
    installed: Installed, tmp_path: Path
) -> None:
    root = tmp_path / "odd; (but legal) name"
    root.mkdir(mode=0o750)
    queue = Queue(installed, root)
    try:
        queue.ok("tsdaemon", "start", "--supervised")
        assert supervisorctl(queue, "pid", "tinysched").stdout == f"{queue.pid()}\n"
        queue.ok("tsdaemon", "stop")
    finally:
        queue.end()


@pytest.mark.parametrize("name", ["quote'd", "back\\slash", "comment ;here", "100%"])
def test_a_name_that_no_supervisord_conf_can_hold_is_refused(
    installed: Installed, tmp_path: Path, name: str
) -> None:
    root = tmp_path / name
    root.mkdir(mode=0o750)
    queue = Queue(installed, root)
    done = queue.run("tsdaemon", "start", "--supervised")
    assert done.returncode == 1
    assert "into a supervisord.conf" in done.stderr
    assert queue.processes() == []


@pytest.mark.parametrize("how", [[], ["--supervised"]])
def test_a_mistake_in_the_configuration_is_told_at_the_start(queue: Queue, how: list[str]) -> None:
    (queue.root / "config.yaml").write_text("cpu_fracton: 0.5\n")
    done = queue.run("tsdaemon", "start", *how)
    assert done.returncode == 1
    assert "line 1: there is no key 'cpu_fracton'; did you mean cpu_fraction" in done.stderr
    until(lambda: not queue.processes(), says="nothing is left running")


def test_a_mistake_at_reload_leaves_the_former_configuration_in_force(queue: Queue) -> None:
    config = queue.root / "config.yaml"
    config.write_text("cpus: 3\n")
    queue.ok("tsdaemon", "start")
    config.write_text("cpus: many\n")
    done = queue.run("tsdaemon", "reload")
    assert done.returncode == 1
    assert "line 1: cpus is 'many': expected cores, a whole number" in done.stderr
    told = queue.ok("tsdaemon", "status")
    assert "0 of 3 taken" in told
    assert "cpus is 'many'" in told
    config.write_text("cpus: 4\n")
    queue.ok("tsdaemon", "reload")
    assert "0 of 4 taken" in queue.ok("tsdaemon", "status")
    assert "many" not in queue.ok("tsdaemon", "status")


def test_in_the_foreground_it_runs_until_term(queue: Queue) -> None:
    program = queue.installed.bin / "tsdaemon"
    environment = {**os.environ, "TJS_ROOT": str(queue.root)}
    with subprocess.Popen([program, "run"], env=environment) as running:
        until(lambda: queue.pid() == running.pid, says="it answers under the pid of the command")
        second = queue.run("tsdaemon", "run")
        assert second.returncode == 1
        assert f"pid {running.pid} is at it already" in second.stderr
        running.terminate()
        assert running.wait(timeout=10) == 0


@NEEDS_ROOT
def test_only_admin_and_root_may_start_or_stop_it(queue: Queue) -> None:
    for folder in (queue.root, *queue.root.parents[:3]):
        folder.chmod(0o755)
    for verb in ("start", "stop", "restart", "run"):
        done = queue.run("tsdaemon", verb, user=NOBODY.pw_uid, group=NOBODY.pw_gid, cwd="/")
        assert done.returncode == 1
        assert "only root, the queue's admin, and root can" in done.stderr
    assert queue.pid() is None


@NEEDS_ROOT
@pytest.mark.parametrize("how", [[], ["--supervised"]])
def test_root_starts_it_as_the_admin(queue: Queue, how: list[str]) -> None:
    for folder in queue.root.parents[:3]:
        folder.chmod(0o755)
    os.chown(queue.root, NOBODY.pw_uid, NOBODY.pw_gid)
    queue.ok("tsdaemon", "start", *how)
    pid = queue.pid()
    assert Path(f"/proc/{pid}").stat().st_uid == NOBODY.pw_uid
    assert (queue.root / "run" / "ctl.sock").stat().st_uid == NOBODY.pw_uid
    queue.ok("tsdaemon", "stop")
    assert not is_alive(pid or 0)


@pytest.mark.parametrize("words", [["begin"], ["start", "--now"], ["status", "extra"]])
def test_what_is_no_command_line_is_wrong_usage(queue: Queue, words: list[str]) -> None:
    done = queue.run("tsdaemon", *words)
    assert done.returncode == 2
    assert done.stderr.startswith("tsdaemon: error: cannot read the command line: ")


def test_without_a_root_it_says_what_would_make_one(installed: Installed, tmp_path: Path) -> None:
    done = Queue(installed, tmp_path / "nowhere").run("tsdaemon", "start")
    assert done.returncode == 1
    assert f"cannot use {tmp_path}/nowhere: No such file or directory" in done.stderr
    assert "install.py" in done.stderr
