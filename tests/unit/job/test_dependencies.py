"""Dependencies as words, and what they come to."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.job.dependencies import Dependencies, Edge, Kind, Parent, Verdict, judge, parse
from tinysched.job.ranges import Ranges

NAMED = [kind for kind in Kind if kind is not Kind.SINGLETON]
numbers = st.integers(0, 10**9)
edges = st.builds(Edge, kind=st.sampled_from(NAMED), number=numbers, task=st.none() | numbers) | (
    st.just(Edge(kind=Kind.SINGLETON))
    | st.builds(Edge, kind=st.just(Kind.AFTER), number=numbers, delay_min=st.integers(0, 99))
)
some = st.builds(
    Dependencies,
    edges=st.lists(edges, min_size=1, max_size=5, unique=True).map(tuple),
    any_will_do=st.booleans(),
)


@given(some)
def test_what_is_shown_is_what_was_written_with_verdicts(wanted):
    shown = str(wanted)
    again = parse(shown.replace("(unfulfilled)", ""))
    assert again.edges == wanted.edges
    assert again.any_will_do == (wanted.any_will_do and len(wanted.edges) > 1)


@given(st.text(alphabet="afterokny:0123456789_*+,?singleto ", max_size=30) | st.text(max_size=10))
def test_any_text_is_a_dependency_or_no_valid_one(text):
    try:
        found = parse(text)
    except ValueError:
        return
    assert found.edges


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("41", "afterany:41(unfulfilled)"),
        ("AfterOK:41:42", "afterok:41(unfulfilled),afterok:42(unfulfilled)"),
        ("afterok:41,42", "afterok:41(unfulfilled),afterany:42(unfulfilled)"),
        ("after:41+5", "after:41+5(unfulfilled)"),
        ("afterok:41_3", "afterok:41_3(unfulfilled)"),
        ("afterok:41_*", "afterok:41_*(unfulfilled)"),
        ("afterok:41_[1,3]", "afterok:41_1(unfulfilled),afterok:41_3(unfulfilled)"),
        ("41_[2]", "afterany:41_2(unfulfilled)"),
        ("afterok:41,afterok:41:41", "afterok:41(unfulfilled)"),
        ("afterok:1?singleton", "afterok:1(unfulfilled)?singleton(unfulfilled)"),
    ],
)
def test_the_forms_of_slurm_are_read(text, shown):
    assert str(parse(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "afterok",
        "afterok:",
        "afterok:x",
        "1_[",
        "1_[]",
        "1_[1-999999]",
        "1_[2]x",
        "soon:4",
        "afterok:1+5",
        "1,2?3",
        "singleton:4",
        ":4",
    ],
)
def test_what_is_no_dependency_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_nothing_is_in_the_way_once_one_of_several_will_do():
    found = parse("afterok:1?afterany:2").judged(
        lambda edge: replace(edge, verdict=NEVER if edge.number == 1 else YES)
    )
    assert str(found) == ""


def parent(started_at=None, *, ended=False, bad=False, good=()):
    return Parent(
        started_at=started_at,
        has_ended=ended,
        any_bad=bad,
        good=Ranges.of(good),
    )


RUNS = parent(100.0)
DONE = parent(100.0, ended=True)
FAILED = parent(100.0, ended=True, bad=True)
OPEN, YES, NEVER = Verdict.OPEN, Verdict.FULFILLED, Verdict.FAILED


@pytest.mark.parametrize(
    ("kind", "waits", "runs", "done", "failed"),
    [
        (Kind.AFTER, OPEN, YES, YES, YES),
        (Kind.AFTERANY, OPEN, OPEN, YES, YES),
        (Kind.AFTEROK, OPEN, OPEN, YES, NEVER),
        (Kind.AFTERNOTOK, OPEN, OPEN, NEVER, YES),
        (Kind.AFTERCORR, OPEN, OPEN, YES, NEVER),
    ],
)
def test_each_kind_has_its_verdict_at_each_stage_of_its_parent(kind, waits, runs, done, failed):
    found = [
        judge(Edge(kind=kind, number=41), stage, 200.0).verdict
        for stage in (parent(), RUNS, DONE, FAILED)
    ]
    assert found == [waits, runs, done, failed]


@pytest.mark.parametrize("kind", NAMED)
def test_an_unknown_parent_is_not_waited_for(kind):
    assert judge(Edge(kind=kind, number=41), None, 0.0).verdict is YES


@given(st.lists(st.sampled_from(Verdict), min_size=1, max_size=5))
def test_all_must_hold_or_any(verdicts):
    found = tuple(Edge(kind=Kind.AFTEROK, number=1, verdict=verdict) for verdict in verdicts)
    every = Dependencies(edges=found).verdict
    some = Dependencies(edges=found, any_will_do=True).verdict
    assert (every is YES) == all(verdict is YES for verdict in verdicts)
    assert (every is NEVER) == (NEVER in verdicts)
    assert (some is YES) == (YES in verdicts)
    assert (some is NEVER) == all(verdict is NEVER for verdict in verdicts)
