"""Whether a goal is met, by how much it is missed, and what the table says of it."""

from __future__ import annotations

import pytest

from tests.bench import table
from tests.bench.catalogue import MEASURES, ROWS, SYSTEMS
from tests.bench.judging import asks, judged
from tests.bench.results import Results
from tests.bench.rows import OURS, Row, Statistic, at_least, at_most

TIME = Row(key="time", group="g", what="a time", floor="bare", goals=(at_most(1.5, system="bare"),))
RATE = Row(
    key="rate",
    group="g",
    what="a rate",
    unit="1/s",
    more_is_better=True,
    goals=(at_least(1, system="tsp", words="ahead of tsp"),),
)


def results(**rows: dict[str, list[list[float]]]) -> Results:
    return Results(samples=rows, systems={OURS: "", "bare": "", "tsp": "", "nq": ""})


def verdict(row: Row, found: Results) -> str:
    (only,) = judged(row, found, ["tsp", "nq"]).verdicts
    return str(only)


@pytest.mark.parametrize(
    ("ours", "words"),
    [(10.0, "met (1.00)"), (15.0, "met (1.50)"), (18.0, "missed by 20 % (1.80)")],
)
def test_a_time_may_be_so_many_times_the_floor(ours, words):
    assert verdict(TIME, results(time={OURS: [[ours]], "bare": [[10.0]]})) == words


@pytest.mark.parametrize(("ours", "words"), [(12.0, "met (1.20)"), (7.5, "missed by 25 % (0.75)")])
def test_a_rate_has_to_be_ahead(ours, words):
    assert verdict(RATE, results(rate={OURS: [[ours]], "tsp": [[10.0]]})) == words


def test_a_goal_cannot_be_told_without_what_it_is_compared_with():
    assert verdict(TIME, results(time={OURS: [[1.0]]})) == "not told"


def test_nothing_at_all_may_be_left():
    row = Row(key="left", group="g", what="left", unit="", goals=(at_most(0),))
    assert verdict(row, results(left={OURS: [[0.0]]})) == "met (0)"
    assert verdict(row, results(left={OURS: [[2.0]]})) == "missed (2.00)"


def test_a_row_may_be_compared_with_another_row_of_ours():
    row = Row(key="full", group="g", what="full", goals=(at_most(1.2, row="empty"),))
    found = results(full={OURS: [[6.0], [12.0]]}, empty={OURS: [[5.0], [10.0]]})
    assert verdict(row, found) == "met (1.20)"


def test_a_percentile_is_that_of_all_rounds():
    row = Row(
        key="p99",
        group="g",
        what="p99",
        source="time",
        statistic=Statistic.P99,
        goals=(at_most(50),),
    )
    assert verdict(row, results(time={OURS: [[1.0, 2.0], [60.0]]})) == "missed by 20 % (60.0)"


def test_the_best_peer_is_the_best_of_those_that_do_the_same():
    found = results(time={OURS: [[6.0]], "tsp": [[3.0]], "nq": [[1.0]], "bare": [[0.5]]})
    found.note("time", "nq", "2000 pending", is_unlike=True)
    row = judged(TIME, found, ["tsp", "nq"])
    assert (row.best, row.to_best, row.to_floor) == ("tsp", 2.0, 12.0)


def test_of_rates_the_best_is_the_highest():
    found = results(rate={OURS: [[6.0]], "tsp": [[3.0]], "nq": [[12.0]]})
    assert judged(RATE, found, ["tsp", "nq"]).best == "nq"


def test_a_goal_says_what_it_asks_for():
    assert asks(TIME.goals[0], TIME) == "at most 1.5 x bare"
    assert asks(at_most(20), TIME) == "at most 20 ms"
    assert asks(at_least(0.6, system="xargs"), RATE) == "at least 0.6 x xargs"


def test_the_tables_have_a_line_for_each_row():
    found = results(time={OURS: [[6.0]], "tsp": [[3.0]], "bare": [[5.0]]})
    found.note("time", "tsp", "900 pending", is_unlike=True)
    rows = [judged(TIME, found, ["tsp", "nq"])]
    assert table.goals(rows)[1] == [
        *("a time", "ms", "6.00", "bare 5.00", "1.20", "-", "-"),
        *("at most 1.5 x bare", "met (1.20)"),
    ]
    lines, notes = table.everybody(rows, found)
    assert lines == [
        ["what", "unit", OURS, "bare", "tsp"],
        ["a time", "ms", "6.00", "5.00", "3.00 [1]"],
    ]
    assert notes == ["[1] 900 pending"]
    assert table.as_markdown([["a", "b"], ["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert table.as_text([["a", "b"], ["100", "2"]]) == "a    b\n100  2"


def test_results_are_the_same_after_they_were_written():
    found = results(time={OURS: [[6.0], [], [7.0]]})
    found.note("time", OURS, "words", is_unlike=True)
    found.record("rate", OURS, 1, 3.0)
    assert Results.parse(found.as_json()) == found
    with pytest.raises(ValueError, match="of this form"):
        Results.parse("{}")


def test_rows_speak_of_systems_and_rows_that_there_are():
    names = {kind.name for kind in SYSTEMS} | {""}
    keys = {row.key for row in ROWS} | {""}
    assert len(keys) == len(ROWS) + 1
    assert {row.group for row in ROWS} == set(MEASURES)
    for row in ROWS:
        assert row.group in MEASURES
        assert row.floor in names, row.key
        assert row.source in keys, row.key
        for goal in row.goals:
            assert goal.system in names, row.key
            assert goal.row in keys, row.key
