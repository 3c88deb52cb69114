"""install.py on a real machine: installed, used by others, upgraded under running jobs, removed."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.launchers import COMMANDS, SLURM_NAMES
from tests.e2e.installed import REPOSITORY, Installed, Queue, install, is_alive
from tests.wait import until

NOBODY = pwd.getpwnam("nobody")
DAEMON = pwd.getpwnam("daemon")
NEEDS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root to act as another user: CI cannot run this without"
)


@pytest.fixture
def place() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tinysched-test-"))
    made.chmod(0o755)
    yield made
    for pid in Installed(made).processes():
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(made)


def test_every_command_answers_to_help_and_version(installed: Installed) -> None:
    for name in (*COMMANDS, "tinysched"):
        for option in ("--help", "--version"):
            done = Queue(installed, installed.root).run(name, option)
            assert done.returncode == 0, (name, done.stderr)
            assert done.stdout


def test_the_doctor_finds_no_failure_in_what_was_installed(installed: Installed) -> None:
    done = Queue(installed, installed.root).run("tsctl", "doctor")
    assert done.returncode == 75, done.stdout
    failures = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert [line.split(":")[0] for line in failures] == ["FAIL  dispatcher"]


@NEEDS_ROOT
def test_commands_work_for_others_though_the_installer_had_a_strict_umask(
    installed: Installed,
) -> None:
    for name in COMMANDS:
        done = Queue(installed, installed.root).run(
            name, "--version", user=NOBODY.pw_uid, group=NOBODY.pw_gid, extra_groups=[], cwd="/"
        )
        assert done.returncode == 0, (name, done.stderr)


def test_nobody_but_the_installer_can_write_what_everybody_runs(installed: Installed) -> None:
    for top in (installed.bin, installed.prefix):
        for path in (top, *top.rglob("*")):
            if not path.is_symlink():
                assert path.stat().st_mode & 0o022 == 0, path
                assert path.stat().st_uid == os.geteuid()


def test_programs_are_compiled_so_that_users_need_not(installed: Installed) -> None:
    ours = installed.prefix / "current" / "ours" / "tinysched"
    compiled = {path.name.split(".")[0] for path in ours.rglob("__pycache__/*.pyc")}
    assert compiled >= {path.stem for path in ours.rglob("*.py")}


def test_a_second_run_changes_nothing_and_keeps_the_configuration(installed: Installed) -> None:
    config = installed.root / "config.yaml"
    config.write_text(config.read_text() + "# mine\n")
    before = {path: os.readlink(path) for path in installed.bin.iterdir()}
    done = install(f"--bin-dir={installed.bin}")
    assert done.returncode == 0, done.stderr
    assert "is there already" in done.stdout
    assert config.read_text().endswith("# mine\n")
    assert {path: os.readlink(path) for path in installed.bin.iterdir()} == before


def sources_of(version: str, folder: Path) -> Path:
    """Our sources, said to be of another version."""
    for name in ("tinysched", "conf", "installer"):
        shutil.copytree(
            REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("install.py", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, folder)
    init = folder / "tinysched" / "__init__.py"
    init.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', init.read_text()))
    return folder


def test_an_upgrade_leaves_running_jobs_alone_and_removes_what_nothing_uses(place: Path) -> None:
    made = Installed(place)
    queue = Queue(made, made.root)
    done = install(*made.options)
    assert done.returncode == 0, done.stderr
    old = os.readlink(made.prefix / "current")
    queue.ok("tsdaemon", "start")
    (place / "job.sh").write_text(
        f"#!/bin/sh\nwhile [ ! -e {place}/go ]; do sleep 0.05; done\necho done >{place}/result\n"
    )
    number = queue.ok("tsbatch", "--parsable", str(place / "job.sh")).strip()
    until(lambda: "RUNNING" in queue.ok("tsqueue", "-j", number), says="the job runs")

    (place / "sources").mkdir()
    done = install(*made.options, sources=sources_of("99.1", place / "sources"))
    assert done.returncode == 0, done.stderr
    assert "stays: still run by" in done.stdout
    assert (made.prefix / old).exists()
    assert queue.ok("tsqueue", "--version") == "tsqueue (tinysched) 99.1\n"
    queue.ok("tsdaemon", "restart")
    assert json.loads(queue.ok("tsdaemon", "status", "--json"))["version"] == "99.1"
    (place / "go").touch()
    until(lambda: "COMPLETED" in queue.ok("tsqueue", "-j", number), says="the job has ended")
    assert (place / "result").read_text() == "done\n"

    for pid in made.processes():
        if str(made.prefix / old) in Path(f"/proc/{pid}/cmdline").read_text():
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: not is_alive(pid), says="what ran of the old version has gone")
    done = install(*made.options, sources=place / "sources")
    assert done.returncode == 0, done.stderr
    assert not (made.prefix / old).exists()
    queue.ok("tsdaemon", "stop")


def test_without_network_and_back_again(place: Path) -> None:
    """--wheelhouse, then --uninstall, which keeps the queue, then --purge-state, which does not."""
    made = Installed(place)
    house = place / "wheels"
    wanted = ["click", "psutil", "python-daemon", "pyyaml", "supervisor", "lockfile"]
    python = shutil.which("python", path=str(Path(sys.executable).parent)) or sys.executable
    fetch = [python, "-m", "pip", "download", "-q", "-d", str(house), *wanted]
    assert subprocess.run(fetch, check=False).returncode == 0
    alone = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_RETRIES": "0",
    }
    done = install(*made.options, f"--wheelhouse={house}", "--slurm-names", env=alone)
    assert done.returncode == 0, done.stderr
    queue = Queue(made, made.root)
    for name in SLURM_NAMES:
        assert os.readlink(made.bin / "slurm" / name).startswith(f"{made.prefix}/current/")
    (made.bin / "foreign").touch()
    queue.ok("tsdaemon", "start", "--supervised")
    pid = queue.pid()

    done = install("--uninstall", f"--bin-dir={made.bin}")
    assert done.returncode == 0, done.stderr
    assert not is_alive(pid or 0)
    assert [path.name for path in made.bin.iterdir()] == ["foreign"]
    assert not made.prefix.exists()
    assert (made.root / "queue" / "pending").is_dir()
    assert list((made.root / "logs").iterdir())

    again = install("--uninstall", f"--bin-dir={made.bin}")
    assert again.returncode == 1
    assert "nothing is installed in" in again.stderr

    done = install(*made.options, f"--wheelhouse={house}", env=alone)
    assert done.returncode == 0, done.stderr
    done = install("--uninstall", f"--bin-dir={made.bin}", "--purge-state")
    assert done.returncode == 0, done.stderr
    assert not made.root.exists()


def test_what_cannot_be_fetched_leaves_nothing_behind(place: Path) -> None:
    (place / "empty").mkdir()
    done = install(*Installed(place).options, f"--wheelhouse={place}/empty")
    assert done.returncode == 1
    assert "cannot install the packages it needs" in done.stderr
    assert list((place / "lib" / "tinysched" / "versions").iterdir()) == []
    assert not (place / "bin").exists()
    assert not (place / "queue").exists()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--cpu-limit=2"], 2, "expected a number above 0, up to 1"),
        (["--purge-state"], 2, "--purge-state goes with --uninstall"),
        (["--demo", "--uninstall"], 2, "do not go together"),
        (["--bin"], 2, "unrecognized arguments"),
        (["--research-group=no-such-group"], 1, "there is no such group"),
        (["--bin-dir={place}/open/bin"], 1, "can be written by everybody"),
        (["--prefix={place}/open/lib"], 1, "can be written by everybody"),
        (["--sched-root={place}/open/queue"], 1, "can be written by everybody"),
        (["--lock-dir={place}/open/lock"], 1, "can be written by everybody"),
    ],
)
def test_what_is_refused_changes_nothing(
    place: Path, options: list[str], code: int, words: str
) -> None:
    (place / "open").mkdir()
    (place / "open").chmod(0o777)
    given = [option.format(place=place) for option in options]
    done = install(*Installed(place).options, *given)
    assert done.returncode == code, done.stdout
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in place.rglob("*")] == ["open"]


@NEEDS_ROOT
def test_root_installs_for_an_admin_and_a_group_and_shuts_out_all_others(place: Path) -> None:
    if shutil.which("setfacl") is None:
        pytest.skip("needs setfacl (package acl)")
    made = Installed(place)
    done = install(*made.options, "--admin-user=nobody", "--research-group=nogroup", "--secure-acl")
    assert done.returncode == 0, done.stderr
    assert "unlike the Bash version's --secure-acl the group gets no write" in done.stderr
    root = made.root.stat()
    assert (root.st_uid, root.st_gid) == (NOBODY.pw_uid, NOBODY.pw_gid)
    assert stat.S_IMODE(root.st_mode) == 0o2750
    for path in made.prefix.rglob("*"):
        assert path.is_symlink() or path.stat().st_mode & 0o007 == 0, path
    queue = Queue(made, made.root)
    admin = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": [], "cwd": "/"}
    member = {"user": DAEMON.pw_uid, "group": NOBODY.pw_gid, "extra_groups": [], "cwd": "/"}
    other = {"user": DAEMON.pw_uid, "group": DAEMON.pw_gid, "extra_groups": [], "cwd": "/"}
    assert queue.run("tsdaemon", "start", **admin).returncode == 0
    assert queue.run("tsqueue", **member).returncode == 0
    for asker in (admin, member):
        done = queue.run("tsctl", "doctor", **asker)
        told = done.stdout
        assert done.returncode == 0, (told, done.stderr)
        assert "OK    --secure-acl: all but the group are shut out" in told
    with pytest.raises(PermissionError):
        queue.run("tsqueue", **other)
    assert queue.run("tsdaemon", "stop", **admin).returncode == 0
    allowed = subprocess.run(
        ["sh", "-c", f"touch {made.prefix}/admin"],
        check=False,
        user=NOBODY.pw_uid,
        group=NOBODY.pw_gid,
        extra_groups=[],
        capture_output=True,
    )
    assert allowed.returncode == 0
    refused = subprocess.run(
        ["touch", made.prefix / "member", made.root / "queue" / "pending" / "member"],
        check=False,
        user=DAEMON.pw_uid,
        group=NOBODY.pw_gid,
        extra_groups=[],
        capture_output=True,
    )
    assert refused.returncode == 1
    assert not (made.prefix / "member").exists()
    done = install(f"--bin-dir={made.bin}")
    assert done.returncode == 0, "run again, its own access lists do not stop it: " + done.stderr
