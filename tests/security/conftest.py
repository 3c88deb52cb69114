"""A queue for each file of attacks, shared by them: the next has to stand what one leaves."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import compiled  # noqa: F401 -- a fixture that Site needs
from tests.e2e.people import SEVERAL_USERS
from tests.programs.queue import BOB, FakeAgent, Queue
from tests.security.people import Realm, new_realm


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Attacks on a whole queue need several users, and more time than a function."""
    for item in items:
        if item.path.parent == Path(__file__).parent and "realm" in getattr(
            item, "fixturenames", ()
        ):
            item.add_marker(pytest.mark.timeout(120))
            item.add_marker(pytest.mark.e2e)
            item.add_marker(SEVERAL_USERS)


@pytest.fixture(scope="module")
def realm(compiled: None, request: pytest.FixtureRequest) -> Iterator[Realm]:  # noqa: F811 -- the fixture of that name
    """A running queue with an outsider, set up as the file's CONFIG says."""
    made = new_realm(getattr(request.module, "CONFIG", ""))
    try:
        made.site.start()
        yield made
    finally:
        made.close()


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A place for a queue whose users are only played."""
    path = tmp_path / "root"
    path.mkdir()
    os.chmod(path, 0o2750)
    return str(path)


@pytest.fixture
def queue(root: str, caplog: pytest.LogCaptureFixture) -> Iterator[Queue]:
    """A dispatcher of four cores, without processes; it must not stumble."""
    caplog.set_level(logging.INFO)
    queue = Queue(root)
    yield queue
    queue.close()
    bugs = [record for record in caplog.get_records("call") if record.exc_info]
    assert not bugs, bugs[0].exc_text


@pytest.fixture
def bob(queue: Queue) -> FakeAgent:
    """The victim's agent."""
    return FakeAgent(queue, BOB)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[str], bool]:
    """Whether the log has a line with these words."""
    return lambda words: any(words in record.getMessage() for record in caplog.records)
