"""Ranges behave as plain sets do, and stay few spans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.job.ranges import Ranges

small_sets = st.sets(st.integers(0, 60))


@st.composite
def spans(draw, most=400):
    first = draw(st.integers(0, most))
    return range(first, first + draw(st.integers(0, most)) + 1, draw(st.integers(1, 12)))


unions = st.lists(spans(), max_size=5)


def both(runs):
    """The same set twice: as ours, and as Python's."""
    ours = Ranges()
    for run in runs:
        ours |= Ranges.span(run.start, run.stop - 1, run.step)
    return ours, set().union(*runs)


def check(ranges, plain):
    """Invariants of every set that any operation returns."""
    assert list(ranges) == sorted(plain)
    assert len(ranges) == len(plain)
    assert bool(ranges) == bool(plain)
    assert sum((b - a) // c + 1 for a, b, c in ranges.spans) == len(plain)
    assert all((b - a) % c == 0 and (a < b or c == 1) for a, b, c in ranges.spans)
    assert list(ranges.spans) == sorted(ranges.spans)
    if plain:
        assert (ranges.first, ranges.last) == (min(plain), max(plain))


@given(unions, unions)
def test_operations_agree_with_those_of_plain_sets(one, two):
    (a, plain_a), (b, plain_b) = both(one), both(two)
    check(a, plain_a)
    check(a | b, plain_a | plain_b)
    check(a & b, plain_a & plain_b)
    check(a - b, plain_a - plain_b)
    assert (a == b) == (plain_a == plain_b)
    assert (a - b) | (a & b) == a


@given(small_sets, st.integers(-5, 70))
def test_adding_removing_and_asking_agree_with_plain_sets(plain, index):
    ranges = Ranges.of(plain)
    assert (index in ranges) == (index in plain)
    check(ranges.add(index), plain | {index})
    check(ranges.remove(index), plain - {index})


@given(unions, st.integers(0, 400))
def test_asking_for_membership_agrees_with_plain_sets(runs, index):
    ranges, plain = both(runs)
    assert (index in ranges) == (index in plain)


@given(small_sets, st.integers(-1, 70))
def test_taking_gives_the_smallest(plain, count):
    assert Ranges.of(plain).take(count) == tuple(sorted(plain)[: max(count, 0)])


@given(unions)
def test_what_is_printed_reads_back_as_the_same_set(runs):
    ranges, _ = both(runs)
    again = Ranges.parse(str(ranges))
    assert again == ranges
    assert hash(again) == hash(ranges)


@given(unions, unions)
def test_the_same_set_has_the_same_hash_however_it_was_made(one, two):
    (a, plain_a), (b, plain_b) = both(one), both(two)
    made_elsewise = Ranges.of(plain_a - plain_b)
    assert made_elsewise == a - b
    assert hash(made_elsewise) == hash(a - b)


@given(small_sets)
def test_the_order_of_building_does_not_show_in_the_spans(plain):
    grown = Ranges()
    for index in sorted(plain, key=lambda i: i * 7 % 61):
        grown = grown.add(index)
    assert grown.spans == Ranges.of(plain).spans


@given(small_sets, st.sets(st.integers(0, 60), max_size=4), st.booleans())
def test_a_small_change_gives_the_same_spans_as_building_anew(plain, few, adding):
    changed = Ranges.of(plain) | Ranges.of(few) if adding else Ranges.of(plain) - Ranges.of(few)
    assert changed.spans == Ranges.of(plain | few if adding else plain - few).spans


@given(st.text(alphabet="0123456789-,: x", max_size=12))
def test_any_text_is_a_set_or_a_value_error(text):
    try:
        ranges = Ranges.parse(text)
    except ValueError:
        return
    assert Ranges.parse(str(ranges)) == ranges


@pytest.mark.parametrize(
    ("indices", "text"),
    [
        ([], ""),
        ([7], "7"),
        ([1, 2], "1-2"),
        ([1, 5], "1,5"),
        ([3, 1, 2, 7, 9, 11, 13, 15], "1-3,7-15:2"),
        ([1, 3, 4, 5, 6], "1,3-6"),
        ([1, 3, 5, 6, 7, 8], "1-5:2,6-8"),
        ([1, 2, 4, 6, 8], "1-2,4-8:2"),
        ([0, 10, 20, 30], "0-30:10"),
        ([1, 2, 4, 5, 7, 8], "1-2,4-5,7-8"),
        ([1, 4, 6, 7], "1,4,6-7"),
        ([1, 2, 3, 4, 6, 8], "1-4,6,8"),
    ],
)
def test_a_set_is_printed_as_few_even_runs(indices, text):
    assert str(Ranges.of(indices)) == text


@pytest.mark.parametrize(
    "text",
    ["1-", "-3", "3-1", "1:2", "1-10:0", "1,,2", ",", " 1", "1 ", "x", "1-2-3", "٣", "9" * 19],
)
def test_what_is_no_set_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        Ranges.parse(text)


def test_an_empty_set_has_neither_a_first_nor_a_last_index():
    for end in ("first", "last"):
        with pytest.raises(ValueError, match="empty"):
            getattr(Ranges(), end)
    assert hash(Ranges()) == hash(Ranges.parse(""))


def test_a_set_is_no_other_thing():
    assert Ranges.of([1]) != {1}
    assert "1" not in Ranges.of([1])


BIG = 10**15  # walking it would take years


def test_a_huge_span_stays_one_span_and_costs_nothing():
    everything = Ranges.span(0, BIG)
    assert len(everything) == BIG + 1
    assert everything.take(3) == (0, 1, 2)
    assert str(everything - Ranges.span(10, BIG - 10)) == f"0-9,{BIG - 9}-{BIG}"
    assert everything & Ranges.span(5, BIG, 7) == Ranges.span(5, BIG, 7)
    assert (everything - Ranges.span(0, BIG)).spans == ()
    assert everything.remove(5).add(5).spans == everything.spans


def test_odd_and_even_make_one_span_again():
    even, odd = Ranges.span(0, BIG, 2), Ranges.span(1, BIG - 1, 2)
    assert (even | odd).spans == ((0, BIG, 1),)
    assert (Ranges.span(0, BIG) - even).spans == odd.spans
    assert (even & odd).spans == ()


def test_a_comb_vanishes_in_a_span_that_holds_it():
    for comb, span in [
        (Ranges.span(0, 289, 17), Ranges.span(0, 289)),
        (Ranges.span(5, 999, 40),) * 2,
    ]:
        assert (comb | span).spans == (span | comb).spans == span.spans
    assert Ranges.parse("0-289:17,0-289,3-100:5") == Ranges.span(0, 289)


def test_overlapping_combs_fall_into_parts():
    left, right = Ranges.span(0, 1000, 2), Ranges.span(501, 1501, 2)
    assert str(left | right) == "0-500:2,501-1001,1003-1501:2"


def test_every_second_without_every_third_stays_few_spans():
    rest = Ranges.span(0, BIG, 2) - Ranges.span(0, BIG, 3)
    assert len(rest.spans) <= 4
    assert rest.take(4) == (2, 4, 8, 10)
    assert 6 not in rest
    assert (rest | Ranges.span(0, BIG, 6)) == Ranges.span(0, BIG, 2)
    assert rest.first == 2
    assert Ranges.parse(str(rest)) == rest


def test_a_tangle_of_many_spans_is_left_as_it_is():
    tangle = Ranges()
    for first in range(20):
        tangle |= Ranges.span(first * first, 10**6, 401)
    plain = set().union(*(range(i * i, 10**6 + 1, 401) for i in range(20)))
    assert len(tangle) == len(plain)
    assert tangle.take(50) == tuple(sorted(plain)[:50])


def test_a_span_needs_indices_and_a_step():
    for first, last, step in [(3, 1, 1), (1, 3, 0), (1, 3, -1)]:
        with pytest.raises(ValueError, match="no span"):
            Ranges.span(first, last, step)


def test_a_long_list_of_single_indices_is_handled_at_once():
    scattered = Ranges.of(i * i for i in range(3000))
    everything = Ranges.span(0, 3000 * 3000)
    assert (everything - scattered) | scattered == everything
    assert Ranges.parse(str(scattered)) == scattered
