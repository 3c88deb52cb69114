"""Command lines of the small commands become queries, or a sentence that says what is wrong."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.errors import EXIT_USAGE, UsageError
from tinysched.job.queries import CancelQuery, Filter, QueueQuery, Selector
from tinysched.job.ranges import Ranges
from tinysched.job.selecting import named
from tinysched.job.signals import NUMBERS, Reach, number_of
from tinysched.job.states import MEANINGS
from tinysched.script import queries


def queue(*argv):
    return queries.queue(argv, me="alice")


def cancel(*argv):
    return queries.cancel(argv, me="alice")


def some(**wishes):
    return QueueQuery(filter=Filter(**wishes))


JOB_42 = Selector(number=42)


@pytest.mark.parametrize(
    ("argv", "query"),
    [
        ([], some()),
        (["-u", "bob"], some(users=frozenset({"bob"}))),
        (["--user=bob,1002"], some(users=frozenset({"bob", "1002"}))),
        (["-u", "bob", "-u", "carol"], some(users=frozenset({"bob", "carol"}))),
        (["--me"], some(users=frozenset({"alice"}))),
        (["--me", "-u", "bob"], some(users=frozenset())),
        (["-t", "pd,RUNNING"], some(states=frozenset({"PENDING", "RUNNING"}))),
        (["--states=OOM"], some(states=frozenset({"OUT_OF_MEMORY"}))),
        (["-j", "42"], some(selectors=(JOB_42,))),
        (["-n", "pi,my job"], some(names=frozenset({"pi", "my job"}))),
        (["-t", "all"], QueueQuery(filter=Filter(), everything=True)),
        (["-a"], QueueQuery(filter=Filter(), everything=True)),
        (["--all"], QueueQuery(filter=Filter(), everything=True)),
        (["-r"], QueueQuery(filter=Filter(), one_line_a_task=True)),
        (["--json"], QueueQuery(filter=Filter(), json=True)),
        (["-h"], QueueQuery(filter=Filter(), header=False)),
        (["--noheader"], QueueQuery(filter=Filter(), header=False)),
        (
            ["-ahr", "-t", "PD"],
            QueueQuery(
                filter=Filter(states=frozenset({"PENDING"})),
                everything=True,
                one_line_a_task=True,
                header=False,
            ),
        ),
    ],
)
def test_tsqueue_lists_what_is_asked_for(argv, query):
    assert queue(*argv) == query


@pytest.mark.parametrize(
    ("text", "selectors"),
    [
        ("42", (JOB_42,)),
        ("42_7", (Selector(number=42, tasks=Ranges.of([7])),)),
        ("42_0", (Selector(number=42, tasks=Ranges.of([0])),)),
        ("42_[2-4,9]", (Selector(number=42, tasks=Ranges.of([2, 3, 4, 9])),)),
        ("42_[0-9:3]", (Selector(number=42, tasks=Ranges.span(0, 9, 3)),)),
        ("42,43_[1,2],44", (JOB_42, *queries.selectors("43_[1-2]"), *queries.selectors("44"))),
        ("42_[0-999999999]", (Selector(number=42, tasks=Ranges.span(0, 999999999)),)),
    ],
)
def test_jobs_and_tasks_are_named_in_every_form(text, selectors):
    assert queries.selectors(text) == selectors


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "abc", "12x", "+1", "42_", "42_x", "42_[]", "42_[1", "42_1]", "42_[3-1]"),
        *("42,,43", "42,", "42_7-9", "42_*", "_7", "42_7_8", "4 2", "9" * 19, "42_[1,2],"),
        *("²", "0_1"),
    ],
)
def test_what_names_no_job_is_refused_with_the_forms_that_would(text):
    for command in (lambda: queue("-j", text), lambda: cancel(text), lambda: queries.out([text])):
        with pytest.raises(UsageError, match="expected 42, 42_7 or 42_") as failure:
            command()
        assert failure.value.exit_code == EXIT_USAGE


@given(
    st.lists(
        st.tuples(st.integers(1, 10**9), st.none() | st.sets(st.integers(0, 50), min_size=1)),
        min_size=1,
    )
)
def test_selectors_read_back_as_they_are_printed(wanted):
    selectors = tuple(
        Selector(number=number, tasks=None if tasks is None else Ranges.of(tasks))
        for number, tasks in dict(wanted).items()
    )
    assert queries.selectors(",".join(map(named, selectors))) == selectors


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("42_[0-99:2,0-99:3]", "ranges with a step may not overlap"),
        ("42_[0-99:2],42_[0-99:3]", "only one list of tasks with a step may be given for a job"),
    ],
)
def test_steps_that_cross_are_refused(text, why):
    for command in (lambda: queue("-j", text), lambda: cancel(text)):
        with pytest.raises(UsageError, match=why):
            command()
    apart = text.split(",42")
    if len(apart) > 1:
        with pytest.raises(UsageError, match=why):
            cancel(apart[0], f"42{apart[1]}")
        with pytest.raises(UsageError, match=why):
            queue("-j", apart[0], "-j", f"42{apart[1]}")


def test_steps_that_do_not_cross_are_fine():
    assert len(queries.selectors("42_[0-8:2,11-19:2],43_[0-9:3],42_1,42_3,42_5")) == 5


@pytest.mark.parametrize(
    ("argv", "query"),
    [
        (["42"], CancelQuery(filter=Filter(selectors=(JOB_42,)))),
        (["42", "43,44"], CancelQuery(filter=Filter(selectors=queries.selectors("42,43,44")))),
        (["-u", "bob"], CancelQuery(filter=Filter(users=frozenset({"bob"})))),
        (["--me"], CancelQuery(filter=Filter(users=frozenset({"alice"})))),
        (["-t", "PENDING"], CancelQuery(filter=Filter(states=frozenset({"PENDING"})))),
        (["-n", "pi"], CancelQuery(filter=Filter(names=frozenset({"pi"})))),
        (
            ["42", "-t", "R", "-u", "bob"],
            CancelQuery(
                filter=Filter(
                    selectors=(JOB_42,), users=frozenset({"bob"}), states=frozenset({"RUNNING"})
                )
            ),
        ),
        (["-s", "USR1", "42"], CancelQuery(filter=Filter(selectors=(JOB_42,)), signal=10)),
        (["42", "--signal=sigkill"], CancelQuery(filter=Filter(selectors=(JOB_42,)), signal=9)),
        (
            ["-b", "-s", "10", "42"],
            CancelQuery(filter=Filter(selectors=(JOB_42,)), signal=10, reach=Reach.SCRIPT),
        ),
        (["-fsUSR1", "42"], CancelQuery(filter=Filter(selectors=(JOB_42,)), signal=10)),
        (
            ["-vQ", "42"],
            CancelQuery(filter=Filter(selectors=(JOB_42,)), quiet=True, verbose=True),
        ),
    ],
)
def test_tscancel_means_whom_it_names(argv, query):
    assert cancel(*argv) == query


@pytest.mark.parametrize("argv", [[], ["-s", "USR1"]])
def test_tscancel_without_anybody_named_is_a_wrong_command_line(argv):
    with pytest.raises(UsageError, match="neither a job nor a filter is given") as failure:
        cancel(*argv)
    assert failure.value.cure == "try 'tscancel --help'"


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["-t", "foo"], "cannot read --state=foo: expected some of PENDING, RUNNING"),
        (["-t", "COMPLETED"], "cannot read --state=COMPLETED: expected some of"),
        (["-t", "all"], "cannot read --state=all: expected some of"),
        (["-u", ""], "cannot read --user=: expected names with commas"),
        (["-n", "a,,b"], "cannot read --name=a,,b: expected names"),
        (["-s", "FOO", "42"], "cannot read --signal=FOO: expected a signal such as USR1"),
        (["x"], "cannot read the command line: x is no job: expected 42"),
        (["--nosuch"], "cannot read the command line: unknown option '--nosuch'"),
        (["-b", "42"], "cannot read the command line: --batch needs a --signal"),
        (["-f", "42"], "cannot read the command line: --full needs a --signal"),
        (
            ["-bf", "-s1", "42"],
            "cannot read the command line: --batch and --full exclude each other",
        ),
    ],
)
def test_tscancel_says_what_is_wrong(argv, why):
    with pytest.raises(UsageError) as failure:
        cancel(*argv)
    assert failure.value.sentence.startswith(why)


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["42"], "cannot read the command line: 42 is no option; name jobs with --jobs="),
        (["-t", "foo"], "cannot read --states=foo: expected some of PENDING"),
    ],
)
def test_tsqueue_says_what_is_wrong(argv, why):
    with pytest.raises(UsageError) as failure:
        queue(*argv)
    assert failure.value.sentence.startswith(why)


def test_every_state_can_be_asked_for():
    assert queue("-t", ",".join(MEANINGS)).filter.states == set(MEANINGS)


def test_signals_have_the_names_and_numbers_of_this_system():
    for name, number in NUMBERS.items():
        assert signal.Signals[f"SIG{name}"] == number


@pytest.mark.parametrize(
    ("text", "number"), [("USR1", 10), ("sigusr1", 10), ("10", 10), ("9", 9), ("64", 64), ("01", 1)]
)
def test_a_signal_is_read_by_name_or_number(text, number):
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["", "0", "65", "-9", "SIG", "9x", "²", "9" * 5000, "SIGSIGINT"])
def test_what_is_no_signal_is_refused(text):
    with pytest.raises(ValueError, match="expected a signal"):
        number_of(text)


def test_a_flood_of_ids_is_refused():
    assert len(cancel(*map(str, range(1, 1000))).filter.selectors) == 999
    with pytest.raises(UsageError, match="more than 100000 jobs are named"):
        cancel(",".join(["1"] * 50_000), ",".join(["2"] * 50_001))


READERS = {
    "queue": queue,
    "cancel": cancel,
    "control": lambda *argv: queries.control(argv),
    "out": lambda *argv: queries.out(argv),
    "purge": lambda *argv: queries.purge(argv),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@given(
    argv=st.lists(
        st.sampled_from(["-u", "-t", "-j", "-s", "show", "job", "hold", "--keep-last", "--me"])
        | st.text(alphabet="-=0123456789_[],.:agePD \n\udc80", max_size=8),
        max_size=4,
    )
)
def test_any_command_line_is_a_query_or_a_usage_error(read, argv):
    try:
        query = read(*argv)
    except UsageError as error:
        query = error.sentence
    assert query
