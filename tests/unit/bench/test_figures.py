"""What the benchmark makes of its samples."""

from __future__ import annotations

import pytest

from tests.bench.figures import mean, median, percentile, ratio, shown
from tests.bench.measures.throughput import gaps


def test_nothing_has_no_figures():
    assert (median([]), mean([]), percentile([], 99)) == (None, None, None)


def test_a_percentile_is_a_value_that_was_measured():
    values = [float(value) for value in range(1, 101)]
    assert percentile(values, 99) == 99
    assert percentile(values, 50) == 50
    assert percentile([3.0, 1.0, 2.0], 99) == 3
    assert percentile([7.0], 1) == 7


def test_a_ratio_is_taken_round_by_round():
    # the second round was twice as slow for both, and the third for one of them
    assert ratio([[2.0], [4.0], [8.0]], [[1.0], [2.0], [2.0]]) == 2


def test_a_ratio_of_a_round_is_that_of_its_medians():
    assert ratio([[1.0, 3.0, 100.0]], [[2.0, 2.0]]) == 1.5


def test_where_no_round_has_both_all_samples_count():
    assert ratio([[], [6.0]], [[2.0]]) == 3


@pytest.mark.parametrize(("ours", "other"), [([], [[1.0]]), ([[1.0]], []), ([[1.0]], [[0.0]])])
def test_there_is_no_ratio_to_what_was_not_measured(ours, other):
    assert ratio(ours, other) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0"), (0.0123, "0.012"), (0.5, "0.50"), (12.34, "12.3"), (1234.5, "1234")],
)
def test_a_figure_has_three_digits(value, text):
    assert shown(value) == text


def test_a_gap_is_from_the_last_line_of_a_job_to_the_first_of_the_next():
    log = "S 1.0\nE 2.0\nS 2.5\nE 3.0\nS 3.25\n"
    assert gaps(log) == [0.5, 0.25]
