"""install.py --demo: the first thing that a stranger types."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.installed import Installed, install


@pytest.mark.timeout(300)
def test_the_demo_shows_three_results_and_how_to_go_on(tmp_path: Path) -> None:
    done = install("--demo", env={"TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^pi is about 3\.14", done.stdout, re.MULTILINE)) == 3
    assert "Submitted batch job 1" in done.stdout
    assert re.search(r"1_3 +testpi +COMPLETED", done.stdout)
    (demo,) = tmp_path.glob("tinysched-demo-*")
    try:
        go_on_and_stop(demo, done.stdout.partition("Go on with:")[2].splitlines())
        assert list(tmp_path.iterdir()) == []
    finally:
        for pid in Installed(demo).processes():
            os.kill(pid, signal.SIGKILL)


def go_on_and_stop(demo: Path, advice: list[str]) -> None:
    """Type what the demo says."""
    typed = [re.split(r" {3,}", line.strip())[0] for line in advice if line.startswith("    ")]
    script = "\n".join(["set -e", *typed[:-2]])
    going_on = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert going_on.returncode == 0, going_on.stderr
    assert "Submitted batch job" in going_on.stdout
    assert f"{demo}/work/pi_" in going_on.stdout
    stopping = subprocess.run(["bash", "-c", "\n".join(typed[-2:])], check=False)
    assert stopping.returncode == 0
