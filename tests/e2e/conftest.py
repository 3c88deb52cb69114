"""One real installation for tests of installing; private queues of the checkout for all others."""

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
from tests.e2e.rig import Site
from tests.e2e.user import User


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


@pytest.fixture(scope="session")
def compiled() -> None:
    """Modules compiled once: the users of a private queue may not write into the checkout."""
    command = [sys.executable, "-m", "compileall", "-q", "tinysched"]
    subprocess.run(command, cwd=REPOSITORY, check=False, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def shared_site(compiled: None) -> Iterator[Site]:
    """A running queue for all tests that leave its programs alone."""
    made = Site()
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def site(shared_site: Site) -> Iterator[Site]:
    """The shared queue; afterwards its jobs are ended, and nothing of them may be left."""
    yield shared_site
    shared_site.calm()


@pytest.fixture
def own_site(compiled: None) -> Iterator[Site]:
    """A running queue of the test's own, whose programs it may kill."""
    made = Site()
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def sites(compiled: None) -> Iterator[list[Site]]:
    """For queues of the test's own, of any kind, which end with it."""
    made: list[Site] = []
    yield made
    for site in made:
        site.close()


@pytest.fixture
def ann(site: Site) -> User:
    """A user in an empty directory."""
    return site.ann.move()


@pytest.fixture
def ben(site: Site) -> User:
    """Another user; the same person if the tests cannot be several users."""
    return site.ben.move()


@pytest.fixture
def admin(site: Site) -> User:
    """The queue's admin."""
    return site.admin.move()
