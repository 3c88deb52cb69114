"""A queue for every test of the dispatcher."""

import os

import pytest

from tests.programs.queue import BOB, FakeAgent, Queue


@pytest.fixture(autouse=True)
def no_bugs(caplog):
    """The dispatcher outlives its own bugs; a test does not."""
    yield
    bugs = [record for record in caplog.get_records("call") if record.exc_info]
    assert not bugs, bugs[0].exc_text


@pytest.fixture
def root(tmp_path):
    """A place for a queue."""
    path = tmp_path / "root"
    path.mkdir()
    os.chmod(path, 0o2750)
    return str(path)


@pytest.fixture
def queue(root):
    """A queue of four cores that nobody uses yet."""
    queue = Queue(root)
    yield queue
    queue.close()


@pytest.fixture
def bob(queue):
    """Bob's agent."""
    return FakeAgent(queue, BOB)
