from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.errors import VerbatimError
from tinysched.job.cancelling import Cancelling, Victim
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.job.signals import Reach
from tinysched.script.slurm.scancel import Caller, read
from tinysched.script.slurm.scancel_options import SCANCEL

USERS = {"alice": 1001, "1001": 1001, "bob": 1002}


def order(*argv: str, **variables: str) -> Cancelling:
    return read(argv, Caller(uid=1001, variables=variables, uid_of=USERS.get))


def refusal(*argv: str, **variables: str) -> str:
    with pytest.raises(VerbatimError) as refused:
        order(*argv, **variables)
    assert refused.value.exit_code == 1
    return refused.value.text


@pytest.mark.parametrize(
    ("word", "number", "tasks", "step"),
    [
        ("42", 42, None, None),
        (" 42", 42, None, None),
        ("42_7", 42, "7", None),
        ("42_*", 42, None, None),
        ("42_[2-4,7]", 42, "2-4,7", None),
        ("42_[07-09]", 42, "7-9", None),
        ("42_[5,3]", 42, "3,5", None),
        ("42_[3-]", 42, "3", None),
        ("42.0", 42, None, 0),
        ("42_7.3", 42, "7", 3),
    ],
)
def test_ids_in_all_their_forms(word: str, number: int, tasks: str | None, step: int | None):
    [victim] = order(word).victims
    named = None if tasks is None else Ranges.parse(tasks)
    assert victim == Victim(
        written=word.strip(), selector=Selector(number=number, tasks=named), step=step
    )


def test_ids_in_lists():
    assert [victim.written for victim in order("1,2", "3_[1,2]").victims] == ["1", "2", "3_[1,2]"]


@pytest.mark.parametrize(
    "word",
    ["abc", "12x", "0", "", "1_x", "1_[2", "1_-1", "1_1_1", "1 2", "1_1-3", "1.x", "1.batch", "-"],
)
def test_what_is_no_id_is_refused(word: str):
    assert refusal("--", "7", word) == f"scancel: error: Invalid job id {word}\n"


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        ("3-8:2", "Invalid range: `3-8:2'"),
        ("3-1", "Invalid range: `3-1'"),
        ("a", "Invalid range: `a'"),
        ("", "Invalid range: `'"),
        ("1,,2", "Invalid range: `'"),
        ("0-99999999", "Too many hosts in range `0-99999999'"),
    ],
)
def test_a_wrong_range_is_told(inside: str, why: str):
    assert refusal(f"1_[{inside}]") == (
        f"scancel: error: _parse_single_range: {why}\nscancel: error: Invalid job id 1_[{inside}]\n"
    )


@pytest.mark.parametrize("argv", [(), ("-s", "USR1"), ("-b",), ("-i",), ("-Q",)])
def test_nobody_is_cancelled_by_default(argv: tuple[str, ...]):
    assert refusal(*argv) == "scancel: error: No job identification provided\n"


@pytest.mark.parametrize(
    ("argv", "of", "value"),
    [
        (("-A", "acc"), "accounts", {"acc"}),
        (("-n", "a,b"), "names", {"a,b"}),
        (("-p", "debug,short"), "partitions", {"debug,short"}),
        (("-q", "q"), "qos", {"q"}),
        (("-R", "r"), "reservations", {"r"}),
        (("-w", "h"), "hosts", {"h"}),
        (("--wckey=k",), "wckeys", {"k"}),
        (("-u", "bob"), "uids", {1002}),
        (("--me",), "uids", {1001}),
        (("--me", "-u", "bob"), "uids", {1002}),
        (("-t", "pd"), "states", {"PENDING"}),
        (("--state=running",), "states", {"RUNNING"}),
    ],
)
def test_filters_are_single_values(argv: tuple[str, ...], of: str, value: set[object]):
    given = order(*argv)
    assert getattr(given.wanted, of) == value
    assert not given.is_plain


@pytest.mark.parametrize(
    ("name", "value", "of"),
    [
        ("SCANCEL_ACCOUNT", "a", "accounts"),
        ("SCANCEL_NAME", "a", "names"),
        ("SCANCEL_PARTITION", "a", "partitions"),
        ("SCANCEL_QOS", "a", "qos"),
        ("SCANCEL_WCKEY", "a", "wckeys"),
    ],
)
def test_variables_stand_for_filters(name: str, value: str, of: str):
    assert getattr(order("1", **{name: value}).wanted, of) == {value}


def test_filters_are_told_in_slurms_order():
    words = ("-Ax", "-qy", "-nz", "-pdebug", "-Rr", "-tR", "-ualice", "-wn", "--wckey=w", "--me")
    assert " ".join(order(*words).filters) == (
        "account=x job_name=z nodelist=n partition=debug qos=y reservation=r state=RUNNING"
        " user_name=1001 wckey=w"
    )


def test_unknown_users_and_states_are_refused():
    assert refusal("-u", "nosuch") == "scancel: error: Invalid user name: nosuch\n"
    assert refusal("-u", "") == "scancel: error: Invalid user name: \n"
    valid = "Valid job states are PENDING, RUNNING, and SUSPENDED\n"
    assert refusal("-t", "PD,R", "1") == f"Invalid job state specified: PD,R\n{valid}"
    wrong = refusal("1", SCANCEL_STATE="foo")
    assert wrong == f"Unrecognized SCANCEL_STATE value: foo\n{valid}"
    assert refusal("-t", "x", "1", SCANCEL_STATE="foo").startswith("Invalid job state specified: x")


@pytest.mark.parametrize(
    ("argv", "ends", "signal", "reach"),
    [
        ((), True, None, Reach.ALL),
        (("-f",), True, None, Reach.ALL),
        (("-b",), False, None, Reach.SCRIPT),
        (("-s", "KILL"), True, 9, Reach.ALL),
        (("-b", "-s", "9"), False, 9, Reach.SCRIPT),
        (("-s", "usr1"), False, 10, Reach.STEPS),
        (("-f", "--signal=SIGUSR1"), False, 10, Reach.ALL),
        (("-b", "--signal", "12"), False, 12, Reach.SCRIPT),
    ],
)
def test_a_signal_reaches_steps_unless_more_is_asked(
    argv: tuple[str, ...], ends: bool, signal: int | None, reach: Reach
):
    given = order(*argv, "1")
    assert (given.ends, given.signal, given.reach) == (ends, signal, reach)


@pytest.mark.parametrize("text", ["FOO", "", "0", "SIGFOO", "KILLX"])
def test_an_unknown_signal_is_refused(text: str):
    assert refusal("-s", text, "1") == f"Unknown job signal: {text}\n"


@pytest.mark.parametrize("argv", [(), ("-v",), ("-Q",), ("-H",), ("--ctld",), ("-M", "x"), ("-f",)])
def test_ids_alone_are_plain(argv: tuple[str, ...]):
    assert order(*argv, "1").is_plain
    assert order(*argv, "1") == order(*(word for word in argv if word in ("-v", "-f")), "1")


@pytest.mark.parametrize("argv", [("-i",), ("-b",), ("-s", "KILL"), ("-t", "R"), ("2.0",)])
def test_more_than_ids_is_not_plain(argv: tuple[str, ...]):
    assert not order("1", *argv).is_plain


def test_flags_come_as_variables_too():
    given = order("1", SCANCEL_VERBOSE="true", SCANCEL_BATCH="T", SCANCEL_INTERACTIVE="false")
    assert (given.is_verbose, given.reach, given.is_interactive) == (True, Reach.SCRIPT, False)
    odd = order("1", SCANCEL_VERBOSE="1")
    assert not odd.is_verbose
    assert odd.complaints == "scancel: error: Unrecognized SCANCEL_VERBOSE value: 1\n"


def test_wrong_options_cost_one():
    assert refusal("--nosuch", "1") == (
        "scancel: unrecognized option '--nosuch'\nTry \"scancel --help\" for more information\n"
    )


@given(
    st.lists(
        st.sampled_from([f"--{option.name}" for option in SCANCEL])
        | st.text("0123456789_[]-,.:*% x", max_size=8),
        max_size=6,
    )
)
def test_no_command_line_breaks_it(argv: list[str]):
    with contextlib.suppress(VerbatimError):
        order(*argv)
