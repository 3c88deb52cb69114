"""The benchmark itself, with hardly any numbers: it measures, tells, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.results import Results
from tests.bench.rows import OURS

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]


def test_a_tiny_run_measures_and_leaves_nothing_behind(tmp_path: Path) -> None:
    written = tmp_path / "results.json"
    words = ["--tiny", "--checkout", "--measures=dispatch", "--systems=bare,spawn"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", *words, f"--json={written}"],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "tsbatch -> first line of the job" in done.stdout
    results = Results.parse(written.read_text())
    assert len(results.rounds("dispatch", OURS)) == len(results.rounds("dispatch", "spawn")) == 2
    assert os.listdir(tmp_path) == [written.name]
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
