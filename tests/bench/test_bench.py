"""The benchmark itself, with hardly any numbers: it measures, tells, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.results import Results
from tests.bench.rows import OURS

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]


def begun(place: Path, *words: str) -> subprocess.Popen[str]:
    """A run of this checkout that keeps its files in a directory."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench", "--tiny", "--checkout", *words],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_tiny_run_measures_and_leaves_nothing_behind(tmp_path: Path) -> None:
    written = tmp_path / "results.json"
    run = begun(tmp_path, "--measures=dispatch", "--systems=bare,spawn", f"--json={written}")
    out, err = run.communicate()
    assert run.returncode == 0, err + out
    assert "tsbatch -> first line of the job" in out
    results = Results.parse(written.read_text())
    assert len(results.rounds("dispatch", OURS)) == len(results.rounds("dispatch", "spawn")) == 2
    assert os.listdir(tmp_path) == [written.name]
    assert not speaking_of(tmp_path)


def test_a_run_that_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    run = begun(tmp_path, "--measures=dispatch", "--systems=bare")
    assert run.stderr is not None
    for line in run.stderr:
        if line.endswith("  dispatch\n"):
            assert speaking_of(tmp_path)
            run.send_signal(signal.SIGINT)
            break
    run.communicate()
    assert run.returncode == 128 + signal.SIGINT
    assert os.listdir(tmp_path) == []
    assert not speaking_of(tmp_path)


def speaking_of(place: Path) -> list[int]:
    """Processes whose command line names a directory."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = Path(f"/proc/{name}/cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(place) in line:
            found.append(int(name))
    return found
