"""Which variables a job sees, and that their values stay out of sight."""

from __future__ import annotations

import pytest

from tinysched.errors import UsageError
from tinysched.job.request import Export
from tinysched.script.submission import Settings, read


def submit(text, *arguments):
    argv = [f"--export={text}", "job.sh", *arguments]
    return read(argv, {}, "/w", b"#!/bin/sh\ntrue\n", Settings(max_array_index=1000))


def ask(text):
    return submit(text).request


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ALL", Export()),
        ("all", Export()),
        ("ALL,A=1", Export(values={"A": "1"})),
        ("ALL,HOME", Export(names=("HOME",))),
        ("NONE", Export(everything=False)),
        ("nil", Export(everything=False)),
        ("A,B", Export(everything=False, names=("A", "B"))),
        ("A=1,B=", Export(everything=False, values={"A": "1", "B": ""})),
        ("ALL,A=x y,B='p,q',C=a=b", Export(values={"A": "x y", "B": "'p,q'", "C": "a=b"})),
        ('ALL,A="it\'s, so",', Export(values={"A": '"it\'s, so"'})),
        ("ALL=1", Export(everything=False, values={"ALL": "1"})),
    ],
)
def test_every_form_of_export_is_read(text, expected):
    assert ask(text).export == expected


@pytest.mark.parametrize("text", ["NONE", "A,NIL", "1A", "A-B", "=1", "A='x", "a b", "é", "a;b=1"])
def test_what_is_no_export_is_refused_without_repeating_values(text):
    with pytest.raises(UsageError, match=r"^cannot read --export: ") as failure:
        ask(f"SECRET=hunter2,{text}")
    assert "hunter2" not in failure.value.sentence


@pytest.mark.parametrize("text", ["", ",", ",,"])
def test_an_export_of_nothing_at_all_is_refused(text):
    with pytest.raises(UsageError, match="expected ALL, NONE"):
        ask(text)


def test_export_values_do_not_show_in_the_repr_of_a_request():
    submission = submit("ALL,TOKEN=hunter2", "--password=hunter2")
    assert "hunter2" not in repr(submission)
