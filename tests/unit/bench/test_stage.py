"""Systems take turns, and what fails costs one cell."""

from __future__ import annotations

from tests.bench.processes import BenchError
from tests.bench.results import Results
from tests.bench.scale import TINY
from tests.bench.stage import Bench, Stage, turned
from tests.bench.systems.system import System


class One(System):
    name = "one"


class Two(System):
    name = "two"


def stage(tmp_path) -> Stage:
    bench = Bench(tmp_path, [One, Two], TINY, frozenset({"submit"}), Results())
    made = Stage(bench, tmp_path, forgets_at_once=False)
    for kind in bench.kinds:
        made.open(kind, 2)
    return made


def test_each_round_begins_with_another_system():
    systems = ["a", "b", "c"]
    assert [turned(systems, number)[0] for number in range(4)] == ["a", "b", "c", "a"]
    assert turned(systems, 1) == ["b", "c", "a"]
    assert turned([], 3) == []


def test_every_system_has_its_turn_in_every_round(tmp_path):
    turns = []
    stage(tmp_path).play("submit", lambda system, number: turns.append((number, system.name)), 2)
    assert turns == [(0, "one"), (0, "two"), (1, "two"), (1, "one")]


def test_what_fails_costs_one_cell_and_is_told(tmp_path, capsys):
    made = stage(tmp_path)

    def act(system: System, number: int) -> None:
        if system.name == "one":
            raise BenchError("it does not answer")
        made.bench.results.record("submit", system.name, number, 1.0)

    made.play("submit", act)
    assert made.bench.results.samples == {"submit": {"two": [[1.0]]}}
    assert made.bench.results.errors == ["one, submit: BenchError: it does not answer"]
    assert "it does not answer" in capsys.readouterr().err


def test_a_measure_is_taken_if_it_was_asked_for(tmp_path):
    bench = stage(tmp_path).bench
    assert bench.wants("tree", "submit")
    assert not bench.wants("tree")


def test_a_system_without_commands_has_no_notion_of_them(tmp_path):
    system = One(tmp_path)
    assert (
        system.submit("x") is system.loop("x", 3) is system.listing() is system.cancel("1") is None
    )
    assert system.is_idle()
    assert system.job_id("Submitted batch job 42\n") == "42"
