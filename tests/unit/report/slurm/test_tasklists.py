from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.job.ranges import Ranges
from tinysched.report.slurm import tasklists

IRREGULAR = "1-2,4,8,16,32,64,128,256,400-402,500,600,700,800,810,820,831,842,853"


@pytest.mark.parametrize(
    ("tasks", "text"),
    [
        ("5", "5"),
        ("5-6", "5-6"),
        ("1-17:2", "1-17:2"),
        ("2-12:2", "2,4,6,8,10,12"),
        ("2-14:2", "2-14:2"),
        ("0-99:3", "0-99:3"),
        ("1-3,5,7,9,11", "1-3,5,7,9,11"),
        ("2-6:2,100", "2,4,6,100"),
    ],
)
def test_a_step_is_written_only_where_it_spans_a_long_list(tasks: str, text: str):
    assert tasklists.text(Ranges.parse(tasks)) == text


@pytest.mark.parametrize(
    ("cut", "text"),
    [
        (None, "1-2,4,8,16,32,64,128,256,400-402,500,600,700,800,810,820,831..."),
        (20, "1-2,4,8,16,32,64..."),
        (10, "1-2,4,..."),
        (5, "1..."),
        (1, ""),
        (70, "1-2,4,8,16,32,64,128,256,400-402,500,600,700,800,810,820,831,842,8..."),
        (71, IRREGULAR),
        (0, IRREGULAR),
    ],
)
def test_a_list_that_is_too_long_ends_in_dots(cut: int | None, text: str):
    assert tasklists.text(Ranges.parse(IRREGULAR), cut) == text


@given(st.sets(st.integers(0, 200)))
def test_an_uncut_list_names_exactly_its_tasks(tasks: set[int]):
    ranges = Ranges.of(tasks)
    assert Ranges.parse(tasklists.text(ranges, 0)) == ranges if tasks else not ranges


@given(st.sets(st.integers(0, 10_000), min_size=1), st.integers(4, 90))
def test_a_cut_list_is_shorter_than_it_may_be(tasks: set[int], cut: int):
    whole, text = tasklists.text(Ranges.of(tasks), 0), tasklists.text(Ranges.of(tasks), cut)
    assert len(text) < cut
    assert text == whole or (text.endswith("...") and whole.startswith(text[:-3]))


def test_a_million_tasks_are_listed_at_once():
    assert tasklists.text(Ranges.span(1, 10**9)) == "1-1000000000"
    assert tasklists.text(Ranges.span(1, 10**9).remove(500)) == "1-499,501-1000000000"
    interleaved = Ranges.span(0, 10**6, 2) - Ranges.span(0, 10**6, 6)
    assert tasklists.text(interleaved, 16) == "2,4,8,10,14,..."[:12] + "..."
