"""Words on a command line are read as getopt_long reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.errors import EXIT_USAGE, UsageError
from tinysched.script.grammar import Option, has, shown, split, values

TABLE = (
    Option("hold", "H", "", "a flag"),
    Option("host", "o", "HOST", "a value"),
    Option("quiet", "Q", "", "another flag"),
    Option("time", "t", "TIME", "a value"),
    Option("time-min", "", "TIME", "a value whose name begins like another's"),
    Option("wait", "w", "[SECONDS]", "a value that may be left out"),
)


def read(*argv, stop_at_word=False):
    found, rest = split(TABLE, argv, "tscmd", stop_at_word=stop_at_word)
    return [(option.name, value) for option, value in found], rest


@pytest.mark.parametrize(
    ("argv", "found"),
    [
        (["--hold"], [("hold", None)]),
        (["--time=5"], [("time", "5")]),
        (["--time", "5"], [("time", "5")]),
        (["--time="], [("time", "")]),
        (["--time=a=b"], [("time", "a=b")]),
        (["--time", "--hold"], [("time", "--hold")]),
        (["-t5"], [("time", "5")]),
        (["-t", "5"], [("time", "5")]),
        (["-t", ""], [("time", "")]),
        (["-HQ"], [("hold", None), ("quiet", None)]),
        (["-HQt5"], [("hold", None), ("quiet", None), ("time", "5")]),
        (["-Ht", "5"], [("hold", None), ("time", "5")]),
        (["-tH"], [("time", "H")]),
        (["--qu"], [("quiet", None)]),
        (["--time-m=5"], [("time-min", "5")]),
        (["--time=5", "--time=6"], [("time", "5"), ("time", "6")]),
        (["--wait"], [("wait", None)]),
        (["--wait=3"], [("wait", "3")]),
        (["-w3"], [("wait", "3")]),
        (["-w"], [("wait", None)]),
    ],
)
def test_every_way_to_write_an_option_is_read(argv, found):
    assert read(*argv) == (found, [])


def test_words_may_stand_between_options():
    assert read("a", "-H", "b", "-t", "5", "-") == (
        [("hold", None), ("time", "5")],
        ["a", "b", "-"],
    )


def test_from_the_first_word_on_all_may_belong_to_that_word():
    assert read("-H", "job.sh", "-Q", "--nosuch", stop_at_word=True) == (
        [("hold", None)],
        ["job.sh", "-Q", "--nosuch"],
    )


def test_after_two_dashes_nothing_is_an_option():
    assert read("-H", "--", "-Q", "--") == ([("hold", None)], ["-Q", "--"])
    assert read("--", "-Q", stop_at_word=True) == ([], ["-Q"])


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["--nosuch"], "unknown option '--nosuch'"),
        (["--nosuch=5"], "unknown option '--nosuch'"),
        (["--=5"], "unknown option '--'"),
        (["-x"], "unknown option '-x'"),
        (["-Hx"], "unknown option '-x'"),
        (["--ho"], "option '--ho' may be any of --hold, --host"),
        (["--hold=yes"], "option '--hold' takes no value"),
        (["--time"], "option '--time' needs a value"),
        (["-t"], "option '-t' needs a value"),
        (["-Ht"], "option '-t' needs a value"),
        (["-H"] * 1001, "more than 1000 options"),
    ],
)
def test_a_misread_word_is_named(argv, why):
    with pytest.raises(UsageError) as failure:
        read(*argv)
    assert failure.value.sentence == f"cannot read the command line: {why}"
    assert failure.value.cure == "try 'tscmd --help'"
    assert failure.value.exit_code == EXIT_USAGE


def test_what_was_given_can_be_asked_for_by_name():
    found, _ = split(TABLE, ["-t5", "-w", "-t", "6"], "tscmd")
    assert has(found, "time")
    assert not has(found, "hold")
    assert values(found, "time") == ["5", "6"]
    assert values(found, "wait") == [""]


@given(st.lists(st.text(alphabet="-=HQtwox5 hodl", max_size=6), max_size=5), st.booleans())
def test_any_words_are_options_or_a_usage_error(argv, stop):
    try:
        found, rest = read(*argv, stop_at_word=stop)
    except UsageError:
        return
    assert len(found) + len(rest) <= sum(len(word) + 1 for word in argv)


def test_a_cluster_of_letters_as_long_as_a_message_is_refused_at_once():
    """Read letter by letter off a text that is copied each time, it would take minutes."""
    with pytest.raises(UsageError, match="more than 1000 options"):
        read("-" + "H" * 4_000_000)


@given(st.lists(st.sampled_from(["-H", "--quiet", "-t5", "--time=6", "-w"]), max_size=6))
def test_options_come_back_in_the_order_given(argv):
    found, rest = read(*argv)
    assert len(found) == len(argv)
    assert not rest
    assert found == [one for word in argv for one in read(word)[0]]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain ünïcode", "plain ünïcode"),
        ("a\nb\x1b[31m\t", "a\\nb\\x1b[31m\\t"),
        ("\udc80", "\\x80"),
        ("\u202e", "\\u202e"),
        ("x" * 81, "x" * 80 + "..."),
    ],
)
def test_users_words_in_a_message_stay_on_one_line_and_steer_nothing(text, safe):
    assert shown(text) == safe


def test_an_option_shows_its_name():
    assert repr(TABLE[0]) == "<Option --hold>"
