"""The queue's directory: modes, lock, configuration."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from installer import queue_root
from installer.words import InstallError
from tests.installer.asking import REPOSITORY, chosen
from tinysched.config import Config, load, parse
from tinysched.spool import tree

ME = frozenset({os.geteuid()})


def test_installer_and_dispatcher_agree_on_directories_and_modes() -> None:
    assert queue_root.DIRECTORIES == tree.DIRECTORIES
    assert queue_root.ROOT_MODE == tree.ROOT_MODE
    assert queue_root.LOCK_MODE == tree.CLOSED_DIR_MODE


def modes(root: Path) -> dict[str, int]:
    return {
        str(path.relative_to(root)): stat.S_IMODE(path.stat().st_mode)
        for path in root.rglob("*")
        if path.is_dir()
    }


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_modes_do_not_depend_on_the_umask(place: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        queue_root.make(chosen(place))
    finally:
        os.umask(before)
    expected = dict(queue_root.DIRECTORIES) | {"lock": 0o700}
    assert modes(place / "queue") == expected
    assert stat.S_IMODE((place / "queue").stat().st_mode) == 0o2750


def test_modes_of_an_older_root_are_put_right(place: Path) -> None:
    pending = place / "queue" / "queue" / "pending"
    pending.mkdir(parents=True)
    (pending / "job_7.meta").write_text("STATE=PENDING\n")
    for path in (place / "queue", place / "queue" / "queue", pending):
        path.chmod(0o2775)
    queue_root.make(chosen(place))
    assert modes(place / "queue")["queue/pending"] == 0o2750
    assert (pending / "job_7.meta").read_text() == "STATE=PENDING\n"


def test_a_lock_directory_elsewhere_is_linked(place: Path) -> None:
    made = chosen(place, f"--lock-dir={place}/locks")
    queue_root.make(made)
    queue_root.make(made)
    assert os.readlink(place / "queue" / "lock") == f"{place}/locks"
    assert stat.S_IMODE((place / "locks").stat().st_mode) == 0o700


def test_a_lock_in_use_is_not_moved(place: Path) -> None:
    queue_root.make(chosen(place))
    (place / "queue" / "lock" / "global.lock").touch()
    with pytest.raises(InstallError, match="is in use"):
        queue_root.make(chosen(place, f"--lock-dir={place}/locks"))


def configured(place: Path, *arguments: str) -> Config:
    """The configuration after the installer's step, with a stand-in for the version's place."""
    (place / "v" / "bin").mkdir(parents=True, exist_ok=True)
    if not (place / "v" / "ours").exists():
        (place / "v" / "ours").symlink_to(REPOSITORY)
        (place / "v" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (place / "v" / "bin" / "python").chmod(0o755)
    (place / "queue").mkdir(exist_ok=True)
    queue_root.configure(chosen(place, *arguments), f"{place}/v/bin/python")
    return load(f"{place}/queue/config.yaml", {})


def test_a_new_root_gets_the_documented_file(place: Path) -> None:
    assert configured(place) == Config()
    path = place / "queue" / "config.yaml"
    assert path.read_text() == (REPOSITORY / "conf" / "config.yaml").read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_the_cpu_limit_changes_its_own_line_and_nothing_else(place: Path) -> None:
    assert configured(place, "--cpu-limit=0.5") == Config(cpu_fraction=0.5)
    path = place / "queue" / "config.yaml"
    path.write_text("# mine\ncpus: 3\ncpu_fraction: 0.5  # half\nkill_wait_s: 5\n")
    configured(place)
    assert path.read_text() == "# mine\ncpus: 3\ncpu_fraction: 0.5  # half\nkill_wait_s: 5\n"
    configured(place, "--cpu-limit=0.25")
    assert path.read_text() == "# mine\ncpus: 3\ncpu_fraction: 0.25\nkill_wait_s: 5\n"
    path.write_text("cpus: 3\n")
    assert configured(place, "--cpu-limit=1") == Config(cpus=3, cpu_fraction=1.0)


def test_settings_of_the_bash_version_are_taken_over_once(place: Path) -> None:
    old = place / "queue" / "config"
    old.parent.mkdir()
    old.write_text("CPU_FRACTION=0.25\nPOLL_INTERVAL=5\nDEFAULT_MEM_MB=2048\nMINE=x\n")
    expected = Config(cpu_fraction=0.25, poll_interval=5.0, default_mem_mb=2048)
    assert configured(place) == expected
    assert old.read_text().startswith("CPU_FRACTION=0.25")
    text = (place / "queue" / "config.yaml").read_text()
    assert "MINE=x" in text
    assert "#kill_wait_s: 30" in text, "the other keys are still documented"
    assert parse(text) == expected
