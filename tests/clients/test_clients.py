"""Programs that drive Slurm do their work here, unchanged (`tests/run --clients`)."""

from __future__ import annotations

import pytest

from tests.clients.environments import CLIENTS, REQUIREMENTS
from tests.clients.playing import SCENARIOS, Played
from tests.e2e.people import SEVERAL_USERS
from tests.slurm.towns import Towns

PEOPLE = {"alone": ("alice",), "both": ("alice", "bob")}


@SEVERAL_USERS
@pytest.mark.parametrize("people", PEOPLE.values(), ids=PEOPLE)
@pytest.mark.parametrize("client", CLIENTS)
def test_it_does_its_work(
    client: str,
    people: tuple[str, ...],
    clients: Towns[list[Played]],
    request: pytest.FixtureRequest,
):
    for played in clients.outcome(request.node.callspec.id):
        assert played.is_well, str(played)


def test_every_client_has_a_scenario_and_every_requirement_a_version():
    scenarios = {path.stem.removeprefix("with_") for path in SCENARIOS.glob("with_*.py")}
    assert scenarios == {client.replace("-", "_") for client in CLIENTS}
    for client in CLIENTS:
        lines = (REQUIREMENTS / f"{client}.txt").read_text().splitlines()
        assert all("==" in line for line in lines), client


def test_a_scenario_that_ends_without_its_last_word_is_not_well():
    assert Played("alice", 0, "it runs ...\n... 1.0 s\nplayed 1 acts\n").is_well
    for code, said in ((1, "played 1 acts"), (0, "it runs ..."), (0, ""), (0, "played 0 acts")):
        assert not Played("alice", code, said).is_well
