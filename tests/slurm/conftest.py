"""Replays happen only when asked for: they take minutes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.slurm.fleet import Fleet

TOWNS = 4
# It waits for cases that began before, each of which has limits of its own.
NO_LIMIT = pytest.mark.timeout(0)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without --slurm no case is replayed; with --no-slow none that takes minutes."""
    wanted, others = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        is_wanted = _is_wanted(item, config)
        (wanted if is_wanted else others).append(item)
        if is_wanted and "case" in getattr(item, "fixturenames", ()):
            item.add_marker(NO_LIMIT)
    if others:
        items[:] = wanted
        config.hook.pytest_deselected(items=others)


def _is_wanted(item: pytest.Item, config: pytest.Config) -> bool:
    if "fleet" not in getattr(item, "fixturenames", ()):
        return True
    is_slow = item.callspec.params["case"].slow
    return config.getoption("--slurm") and not (is_slow and config.getoption("--no-slow"))


@pytest.fixture(scope="session")
def fleet(request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """Replays all cases that were asked for, from the first one on."""
    cases = [
        item.callspec.params["case"]
        for item in request.session.items
        if "fleet" in getattr(item, "fixturenames", ())
    ]
    found = Fleet(min(TOWNS, len(cases)), cases)
    yield found
    found.close()
