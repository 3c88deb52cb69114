"""Which signal a job wants before its time limit, when, and for whom."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.errors import ScriptError, UsageError
from tinysched.job.signals import NUMBERS, LimitSignal, Reach, name_of, number_of
from tinysched.script.submission import Settings, read

PLAIN = b"#!/bin/sh\ntrue\n"


def submit(*argv, script=PLAIN, command="tsbatch", **variables):
    settings = Settings(max_array_index=1000, command=command)
    return read([*argv, "job.sh"], variables, "/w", script, settings)


def ask(text):
    return submit(f"--signal={text}", "--time=5").request.limit_signal


def signal(number, before_s, reach=Reach.SCRIPT):
    return LimitSignal(number=number, before_s=before_s, reach=reach)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B:USR1@30", signal(10, 30)),
        ("B:USR1", signal(10, 60)),
        ("b:sigusr1@0", signal(10, 0)),
        ("B:10@00090", signal(10, 90)),
        ("USR2@65535", signal(12, 65535, Reach.STEPS)),
        ("INT", signal(2, 60, Reach.STEPS)),
        ("64@1", signal(64, 1, Reach.STEPS)),
    ],
)
def test_a_signal_before_the_limit_is_read_as_slurm_reads_it(text, expected):
    assert ask(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "@30",
            "B:",
            "B:@30",
            "FOO",
            "B:FOO@30",
            "USR1@",
            "USR1@-1",
            "USR1@1.5",
            "USR1@65536",
        ),
        *("X:USR1", "B:B:USR1", "BB:USR1", " USR1", "USR1 ", "USR1@30@40", "0", "65", "B:USR1@²"),
    ],
)
def test_what_is_no_signal_before_a_limit_is_told_the_form(text):
    with pytest.raises(UsageError) as failure:
        ask(text)
    assert failure.value.sentence == (
        f"cannot read --signal={text}: expected [B:]SIGNAL[@SECONDS] such as B:USR1@120,"
        " at most 65535 s"
    )


@pytest.mark.parametrize("text", ["R:USR1", "r:USR1@30", "RB:USR1"])
def test_a_signal_for_a_reservation_is_refused_by_name(text):
    with pytest.raises(ScriptError) as failure:
        ask(text)
    assert failure.value.sentence == (
        f"cannot grant --signal={text}: R: is for reservations, and this queue has none"
    )


def test_a_directive_and_a_variable_ask_for_it_too():
    script = b"#!/bin/sh\n#SBATCH --signal=B:TERM@5 -t 9\ntrue\n"
    assert submit(script=script).request.limit_signal == signal(15, 5)
    changed = submit(script=script, SBATCH_SIGNAL="B:HUP@6")
    assert changed.request.limit_signal == signal(1, 6)
    assert changed.warnings == ()


@pytest.mark.parametrize(
    ("argv", "warning"),
    [
        (["--signal=B:USR1", "-t5"], ()),
        (["--signal=B:USR1"], ("--signal=B:USR1@60: never sent, since there is no --time",)),
        (
            ["--signal=USR1@9", "-t5"],
            ("--signal=USR1@9: for job steps only; B:USR1@9 reaches the script",),
        ),
    ],
)
def test_who_asks_for_a_signal_that_reaches_nobody_is_told(argv, warning):
    assert submit(*argv).warnings == warning
    assert submit(*argv, command="sbatch").warnings == ()


names = st.sampled_from(sorted(NUMBERS)) | st.integers(1, 64).map(str)


@given(st.sampled_from(["", "B:", "b:"]), names, st.none() | st.integers(0, 65535))
def test_what_is_shown_asks_for_the_same_again(to, name, before_s):
    asked = ask(f"{to}{name}" + ("" if before_s is None else f"@{before_s}"))
    assert ask(str(asked)) == asked
    assert (asked.number, asked.before_s) == (number_of(name), 60 if before_s is None else before_s)


@given(st.text(alphabet="BRb:@0123456789USRTEMsig ²", max_size=12) | st.text(max_size=6))
def test_any_text_is_a_signal_or_an_error(text):
    try:
        found = str(ask(text))
    except (ScriptError, UsageError) as error:
        found = error.sentence
    assert re.match(r"(B:)?[A-Z0-9]+@\d+$|cannot (read|grant) --signal", found)


def test_every_signal_has_a_name_that_is_read_again():
    assert [number_of(name_of(number)) for number in range(1, 65)] == list(range(1, 65))
    assert name_of(10) == "USR1"
    assert name_of(40) == "40"
