"""Clients are played only when asked for: their environments come from the network."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.clients.environments import CLIENTS
from tests.clients.playing import Played, play
from tests.slurm.towns import Towns

TOWNS = 2
# Others may have towns of lower numbers at the same time.
FIRST_TOWN = 4
# It waits for scenarios that began before, each of which has a limit of its own.
NO_LIMIT = pytest.mark.timeout(0)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without --clients none is played; with names only those."""
    named = str(config.getoption("--clients") or "")
    wanted = {"": [], "all": CLIENTS}.get(named, named.split(","))
    if unknown := set(wanted) - set(CLIENTS):
        raise pytest.UsageError(f"--clients: no client {', '.join(sorted(unknown))}")
    others = [item for item in items if _client(item) not in (None, *wanted)]
    if others:
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=others)
    for item in items:
        if _client(item):
            item.add_marker(NO_LIMIT)


def _client(item: pytest.Item) -> str | None:
    if "clients" not in getattr(item, "fixturenames", ()):
        return None
    return str(item.callspec.params["client"])


@pytest.fixture(scope="session")
def clients(request: pytest.FixtureRequest) -> Iterator[Towns[list[Played]]]:
    """Plays all scenarios that were asked for, from the first one on."""
    plays = {
        item.callspec.id: partial(play, *map(item.callspec.params.get, ("client", "people")))
        for item in request.session.items
        if _client(item)
    }
    found = Towns(min(TOWNS, len(plays)), plays, FIRST_TOWN)
    yield found
    found.close()
