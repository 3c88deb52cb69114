"""One real installation for all e2e tests, and private queues to use it with."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.installed import REPOSITORY, Installed, Queue


@pytest.fixture(scope="session")
def installed() -> Iterator[Installed]:
    """install.py as an ordinary admin would run it, with the strictest umask there is."""
    place = Path(tempfile.mkdtemp(prefix="tinysched-test-"))
    place.chmod(0o755)
    made = Installed(place)
    done = subprocess.run(
        [sys.executable, REPOSITORY / "install.py", *made.options],
        capture_output=True,
        text=True,
        check=False,
        umask=0o077,
    )
    assert done.returncode == 0, done.stderr
    yield made
    for pid in made.processes():
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(place)


@pytest.fixture
def queue(installed: Installed, tmp_path: Path) -> Iterator[Queue]:
    """A root of its own, with nothing running yet; whatever runs at the end is ended."""
    root = tmp_path / "queue"
    root.mkdir(mode=0o750)
    made = Queue(installed, root)
    yield made
    made.end()
