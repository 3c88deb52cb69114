"""docs/performance.md: it has a place for figures, and says why for every measure."""

from __future__ import annotations

import pytest

from tests.bench import page
from tests.bench.catalogue import MEASURES
from tests.bench.results import Results
from tests.bench.rows import OURS

FACTS = {
    "date": "2026-02-03",
    "cores": 2,
    "memory_gib": 24,
    "kernel": "6.1",
    "file_system": "ext4",
    "python": "3.11.2",
}


def a_run(ours_ms: float) -> Results:
    return Results(
        samples={"submit": {OURS: [[ours_ms]], "bare": [[10.0]], "tsp": [[2.0]]}},
        facts=FACTS,
        systems={OURS: "0.1.0", "bare": "python", "tsp": "1.0"},
        skipped={"nq": "nq is not installed"},
    )


def test_the_page_has_a_place_for_figures_and_keeps_all_else():
    text = page.PAGE.read_text(encoding="utf-8")
    once = page.put(text, "FIGURES")
    assert page.put(page.put(text, "others"), "FIGURES") == once
    before, _, rest = text.partition(page.BEGIN)
    assert once.startswith(before + page.BEGIN)
    assert once.endswith(rest.partition(page.END)[2])


def test_a_page_without_such_a_place_is_left_alone():
    with pytest.raises(ValueError, match="no place"):
        page.put("# Performance\n", "FIGURES")


def test_for_every_measure_the_page_says_what_bounds_it():
    assert set(page.REASONS) == set(MEASURES)
    text = page.PAGE.read_text(encoding="utf-8")
    for heading in page.REASONS.values():
        assert f"\n### {heading}\n" in text


def test_figures_tell_machine_systems_and_both_tables():
    text = page.figures(a_run(15.0))
    assert text.startswith("2 cores, 24 GiB, Linux 6.1, ext4, Python 3.11.2; 2026-02-03.")
    assert "- **tsp**: 1.0" in text
    assert "- nq: not measured, nq is not installed" in text
    assert (
        "| ms | 15.0 | bare 10.0 | 1.50 | tsp 2.00 | 7.50 | at most 1.8 x bare | met (1.50) |"
        in text
    )
    assert "| tsbatch of a small script, until durable | ms | 15.0 | 10.0 | 2.00 |" in text
    assert "missed" not in text


def test_figures_name_what_is_missed_and_where_it_stands_why():
    assert (
        "- tsbatch of a small script, until durable: at most 1.8 x bare; missed by 11 % (2.00)."
        " [Starting a command](#starting-a-command)"
    ) in page.figures(a_run(20.0))
