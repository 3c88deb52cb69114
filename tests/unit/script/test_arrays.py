"""Texts such as 1-10:2,15%3 become tasks, or a reason why not."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinysched.job.ranges import Ranges
from tinysched.job.request import Array
from tinysched.script.arrays import IndexTooLargeError, parse, render


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        ("0", [0]),
        ("5", [5]),
        ("1-4", [1, 2, 3, 4]),
        ("1-10:2", [1, 3, 5, 7, 9]),
        ("0-9:4", [0, 4, 8]),
        ("9,1,4", [1, 4, 9]),
        ("1-5:10", [1]),
        ("1-3,2-4", [1, 2, 3, 4]),
        ("2,2,2", [2]),
        ("0-15:5,3", [0, 3, 5, 10, 15]),
        ("1,,2", [1, 2]),
        (",1", [1]),
        ("1,", [1]),
        ("007", [7]),
    ],
)
def test_every_form_of_an_array_is_read(text, tasks):
    assert list(parse(text, 1000).tasks) == tasks
    assert parse(text, 1000).limit is None


@pytest.mark.parametrize(
    ("text", "limit"),
    [("1-10%2", 2), ("1-10:3%1", 1), ("1,5,7%2", 2), ("1-3%9", 9), ("1-3%0", None)],
)
def test_a_limit_on_running_tasks_is_read(text, limit):
    assert parse(text, 1000).limit == limit


@pytest.mark.parametrize(
    "text",
    [
        *("abc", "", ",", "1-", "-3", "3-1", "1:2", "1-10:0", "1 3", "1-2-3", "1-5x", "1.5"),
        *("0x3", "%", "%2", "1-10%", "1-10%a", "1-10%-1", "1-10%2%3", "1-10%9999999999"),
    ],
)
def test_what_is_no_array_is_refused_with_examples(text):
    with pytest.raises(ValueError, match="expected"):
        parse(text, 1000)


def test_an_endless_list_is_refused_at_once():
    with pytest.raises(ValueError, match="at most 65536 characters"):
        parse("1," * 40000, 1000)


def test_an_index_over_the_highest_is_refused_and_the_highest_named():
    assert parse("1000", 1000).tasks == Ranges.of([1000])
    for text in ("1001", "0-2000", "1,999999999999999"):
        with pytest.raises(IndexTooLargeError, match="1000"):
            parse(text, 1000)


spans = st.tuples(st.integers(0, 999), st.integers(0, 999))


@example([(272, 237), (0, 257)], (0, 544), 16, None)
@given(st.lists(spans, max_size=5), spans, st.integers(1, 20), st.none() | st.integers(1, 999999))
def test_an_array_reads_back_as_it_was_printed(plain, stepped, step, limit):
    tasks = Ranges.span(stepped[0], sum(stepped), step)
    for first, length in plain:
        tasks |= Ranges.span(first, first + length)
    array = Array(tasks=tasks, limit=limit)
    assert parse(render(array), 2000) == array
    assert len(array.tasks) == len(list(array.tasks))


def test_many_ranges_with_a_step_are_read_while_they_lie_one_after_another():
    apart = ",".join(f"{first}-{first + 8}:2" for first in range(0, 1000, 10))
    assert len(parse(apart, 1000).tasks) == 500


def test_a_few_ranges_with_a_step_may_overlap():
    assert len(parse("0-9:4,1-9:4,2-9:4,3-9:4", 1000).tasks) == 10
    with pytest.raises(ValueError, match="at most 4 overlapping ranges with a step"):
        parse("0-99:4,1-99:5,2-99:7,3-99:9,4-99:11", 1000)
    with pytest.raises(ValueError, match="and 64 ranges with them"):
        parse("0-99:4,1-99:5," + ",".join(map(str, range(0, 200, 3))), 1000)


def test_what_would_fall_into_too_many_pieces_is_refused():
    with pytest.raises(ValueError, match="at most 10000 separate ranges"):
        parse("0-99999999:31,1-99999999:37,2-99999999:41,3-99999999:43", 10**8)


@given(st.text(alphabet="0123456789-,:% x", max_size=12))
def test_any_text_is_an_array_or_a_value_error(text):
    try:
        array = parse(text, 1000)
    except ValueError:
        return
    assert parse(render(array), 1000) == array
