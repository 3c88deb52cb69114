"""Commands that are called in loops have their modules in one file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from installer import bundling, launchers
from tests.installer.asking import REPOSITORY, chosen


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version that runs from the checkout, with bundles."""
    place = tmp_path_factory.mktemp("version")
    (place / "ours").symlink_to(REPOSITORY)
    for name in ("bin", "lib"):
        (place / name).symlink_to(Path(sys.prefix) / name)
    (place / "commands").mkdir()
    bundling.write(str(place))
    launchers.write(chosen(place), str(place))
    return place


def ask(version: Path, name: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """What a command says without a queue, and which modules it looked for in files."""
    command = [sys.executable, "-IS", "-v", str(version / "commands" / name), *argv]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def from_files(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Modules of ours that were not in the bundle."""
    words = [line.split("'") for line in done.stderr.splitlines() if "matches" not in line]
    found = [w[1] for w in words if w[0] == "import " and len(w) > 2 and "SourceFile" in w[2]]
    return [name for name in found if name.partition(".")[0] == "tinysched"]


@pytest.mark.process
@pytest.mark.parametrize("name", ["tsqueue", "slurm/squeue"])
def test_what_a_command_needs_besides_is_found_in_files(version: Path, name: str):
    done = ask(version, name, "--help")
    assert done.stdout.startswith(f"Usage: {name.rpartition('/')[2]}")
    found = from_files(done)
    assert found
    assert {"tinysched", "tinysched.commands.console", "tinysched.wire.client"}.isdisjoint(found)


@pytest.mark.process
def test_a_bundle_is_all_that_tsbatch_loads(version: Path, tmp_path: Path):
    done = ask(version, "tsbatch", "--wrap=true")
    assert "cannot open" in done.stderr
    assert from_files(done) == []


@pytest.mark.process
@pytest.mark.parametrize("damage", [b"", b"\xe3nonsense", None])
def test_without_a_bundle_or_with_a_spoilt_one_modules_are_found_as_always(
    version: Path, damage: bytes | None
):
    path = version / "commands" / "bundles" / f"tsbatch.{sys.implementation.cache_tag}"
    kept = path.read_bytes()
    try:
        path.unlink() if damage is None else path.write_bytes(damage)
        done = ask(version, "tsbatch", "--wrap=true")
    finally:
        path.write_bytes(kept)
    assert "cannot open" in done.stderr
    assert "tinysched.commands.tsbatch" in from_files(done)
