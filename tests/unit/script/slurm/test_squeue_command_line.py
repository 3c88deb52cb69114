from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.errors import VerbatimError
from tinysched.job import slurmstates
from tinysched.job.listing import Listing, Shape, StepName
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.script.slurm.squeue import Caller, read
from tinysched.script.slurm.squeue_options import SQUEUE, USAGE

USERS = {"alice": 1001, "1001": 1001, "bob": 1002}


def ask(*argv: str, **variables: str) -> Listing:
    caller = Caller(uid=1001, variables=variables, uid_of=USERS.get, host="quant1")
    return read(argv, caller)


def refusal(*argv: str, **variables: str) -> tuple[str, int, str]:
    with pytest.raises(VerbatimError) as refused:
        ask(*argv, **variables)
    return refused.value.text, refused.value.exit_code, refused.value.out


def test_without_words_all_open_jobs_are_meant():
    listing = ask()
    assert listing.wanted.states == slurmstates.OPEN
    assert (listing.wanted.selectors, listing.wanted.uids) == (None, None)
    assert (listing.header, listing.shape, listing.is_dated) == (True, Shape.SHORT, False)


@pytest.mark.parametrize(
    "argv",
    [
        ("-j", "42,43_7"),
        ("-j42,43_7",),
        ("--jobs=42,43_7",),
        ("--job", "42,43_7"),
        ("42,43_7", "-j"),
    ],
)
def test_the_ids_may_stand_apart(argv: tuple[str, ...]):
    assert ask(*argv).wanted.selectors == (
        Selector(number=42),
        Selector(number=43, tasks=Ranges.of([7])),
    )


@pytest.mark.parametrize(("text", "number"), [("12x", 12), ("12.0", 12), ("12+1", 12)])
def test_what_follows_a_number_is_not_looked_at(text: str, number: int):
    assert ask("-j", text).wanted.selectors == (Selector(number=number),)


def test_no_ids_are_all_ids():
    assert ask("-j", "").wanted.selectors is None


@pytest.mark.parametrize("word", ["abc", "0", "_1"])
def test_what_is_no_id_is_refused(word: str):
    assert refusal("-j", f"1,{word}")[:2] == (f"squeue: error: Invalid job id: {word}\n", 1)


def test_a_stray_word_is_refused_with_the_usage():
    words = "squeue: error: Unrecognized option: extra\n"
    assert refusal("extra") == (words, 1, USAGE)
    assert refusal("-j", "1", "extra") == (words, 1, USAGE)


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("R", {"RUNNING"}),
        ("pd,r", {"PENDING", "RUNNING"}),
        ("Completed,OOM", {"COMPLETED", "OUT_OF_MEMORY"}),
        ("", slurmstates.OPEN),
        ("all", None),
        ("ALL", None),
    ],
)
def test_states_go_by_either_name(text: str, states: set[str] | None):
    assert ask("-t", text).wanted.states == states
    assert ask(SQUEUE_STATES=text).wanted.states == states


@pytest.mark.parametrize("word", ["foo", "all"])
def test_an_unknown_state_is_refused(word: str):
    err, code, _ = refusal("-t", f"R,{word}")
    assert code == 1
    assert err.splitlines() == [
        f"squeue: error: Invalid job state specified: {word}",
        f"squeue: error: Valid job states include: {','.join(slurmstates.SHORT)}",
        "",
    ]


def test_the_last_of_user_and_me_counts():
    assert ask("-u", "bob", "--me").wanted.uids == {1001}
    assert ask("--me", "-u", "bob").wanted.uids == {1002}
    assert ask("-u", "alice,bob").wanted.uids == {1001, 1002}
    assert ask("-u", "1001", SQUEUE_USERS="bob").wanted.uids == {1001}
    assert ask(SQUEUE_USERS="bob").wanted.uids == {1002}


def test_an_unknown_user_is_told_and_nobody_is_meant():
    listing = ask("-u", "nosuch")
    assert listing.wanted.uids == frozenset()
    assert listing.complaints == "squeue: error: Invalid user: nosuch\n\n"


@pytest.mark.parametrize(
    ("option", "variable", "of"),
    [
        ("-p", "SQUEUE_PARTITION", "partitions"),
        ("-A", "SQUEUE_ACCOUNT", "accounts"),
        ("-q", "SQUEUE_QOS", "qos"),
        ("-L", "SQUEUE_LICENSES", "licenses"),
        ("-n", "SQUEUE_NAMES", "names"),
    ],
)
def test_lists_of_names_choose(option: str, variable: str, of: str):
    assert getattr(ask(option, "a,b").wanted, of) == {"a", "b"}
    assert getattr(ask(**{variable: "a,b"}).wanted, of) == {"a", "b"}
    assert getattr(ask(option, "c", **{variable: "a"}).wanted, of) == {"c"}
    assert getattr(ask(option, "").wanted, of) is None


def test_a_reservation_has_no_variable():
    assert ask("-R", "r", SQUEUE_RESERVATION="x").wanted.reservations == {"r"}
    assert ask(SQUEUE_RESERVATION="x").wanted.reservations is None


def test_only_hosts_that_exist_are_taken():
    assert ask("-w", "quant1").wanted.hosts == {"quant1"}
    assert refusal("-w", "quant1,x")[:2] == ("squeue: error: Invalid node name x\n", 1)


@pytest.mark.parametrize(
    ("argv", "variables", "letters", "words"),
    [
        (["-o", "%i"], {}, "%i", None),
        (["-O", "name"], {}, None, "name"),
        ([], {"SQUEUE_FORMAT": "%j"}, "%j", None),
        ([], {"SQUEUE_FORMAT2": "name"}, None, "name"),
        ([], {"SQUEUE_FORMAT": "%j", "SQUEUE_FORMAT2": "name"}, "%j", None),
        (["-O", "name"], {"SQUEUE_FORMAT": "%j"}, None, "name"),
        (["-o", "%i"], {"SQUEUE_FORMAT2": "name"}, "%i", None),
        (["-l"], {"SQUEUE_FORMAT": "%j"}, None, None),
        (["--start"], {"SQUEUE_FORMAT": "%j"}, None, None),
        (["-s"], {"SQUEUE_FORMAT": "%j"}, None, None),
    ],
)
def test_options_outweigh_variables(
    argv: list[str], variables: dict[str, str], letters: str | None, words: str | None
):
    listing = ask(*argv, **variables)
    assert (listing.letters, listing.words) == (letters, words)


def test_formats_that_exclude_each_other():
    both = "squeue: error: -o (--format) is incompatible with -O (--Format)\n"
    assert refusal("-O", "jobid", "-o", "%i")[:2] == (both, 1)
    assert "mutually exclusive" in refusal("-l", "-o", "%i")[0]


def test_start_lists_what_waits():
    assert ask("--start", "-t", "R").wanted.states == {"PENDING"}


def test_steps_are_named():
    assert ask("-s").steps is None
    assert ask("-s", "42.0,43").steps == (
        StepName(selector=Selector(number=42), step="0"),
        StepName(selector=Selector(number=43)),
    )
    both = ask("-s", "-j", "42")
    assert (both.steps, both.wanted.selectors) == (None, (Selector(number=42),))
    assert refusal("-s", "foo")[0] == "squeue: error: Invalid job_step id: foo.??\n"


@pytest.mark.parametrize("pause", ["x", "0", ""])
def test_a_pause_of_nothing_is_refused(pause: str):
    assert refusal("-i", pause)[:2] == (f"squeue: error: --iterate={pause}\n\n", 1)


def test_what_is_repeated_has_a_date():
    assert ask("-i", "5").is_dated
    assert ask("-l").is_dated
    assert not ask("-l", "-h").is_dated


@pytest.mark.parametrize(
    ("argv", "changed"),
    [
        (["-h"], {"header": False}),
        (["-r"], {"every_task": True}),
        (["-P"], {"every_partition": True}),
        (["--json"], {"json": True}),
        (["-S", "-p,i"], {"sort": "-p,i"}),
        (["--noconvert"], {"keeps_units": True}),
    ],
)
def test_flags_change_the_listing(argv: list[str], changed: dict[str, object]):
    listing, usual = ask(*argv), ask()
    for name, value in changed.items():
        assert getattr(listing, name) == value != getattr(usual, name)


# One host has one cluster, nothing hidden and nothing more to say: these change nothing.
SAME = ["-a", "--hide", "--array-unique", "--federation", "--local", "--sibling", "-v", "-M x"]


@pytest.mark.parametrize("word", SAME)
def test_what_has_one_meaning_here_changes_nothing(word: str):
    assert ask(*word.split()) == ask()


def test_variables_of_the_listing():
    listing = ask(
        SQUEUE_ARRAY="1",
        SQUEUE_PRIORITY="1",
        SQUEUE_SORT="j",
        SLURM_TIME_FORMAT="relative",
        SLURM_BITSTR_LEN="20",
        SQUEUE_ALL="1",
        SQUEUE_LOCAL="1",
    )
    assert (listing.every_task, listing.every_partition, listing.sort) == (True, True, "j")
    assert (listing.time_style, listing.task_list_cut) == ("relative", 20)


def test_yaml_is_refused():
    assert refusal("--yaml")[0].startswith("squeue: error: --yaml is not supported")


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("--nosuch", "unrecognized option '--nosuch'"),
        ("-X", "invalid option -- 'X'"),
        ("-n", "option requires an argument -- 'n'"),
    ],
)
def test_wrong_options_cost_one(word: str, why: str):
    text = f'squeue: {why}\nTry "squeue --help" for more information\n'
    assert refusal(word)[:2] == (text, 1)


@given(
    st.lists(
        st.sampled_from([f"--{option.name}" for option in SQUEUE]) | st.text(max_size=8), max_size=6
    )
)
def test_no_command_line_breaks_it(argv: list[str]):
    with contextlib.suppress(VerbatimError):
        ask(*argv)
