"""Lines of a script that count as directives, and those that do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.errors import ScriptError
from tinysched.script.directives import check, read, split_words


def lines(script):
    return [(found.line, found.words) for found in read(script, "job.sh").lines]


def test_directives_count_up_to_the_first_command():
    script = (
        b"#!/bin/sh\n#SBATCH -J a\n# comment\n\n  # indented\n#SBATCH -c 2\ntrue\n#SBATCH -c 3\n"
    )
    assert lines(script) == [(2, ("-J", "a")), (6, ("-c", "2"))]
    assert read(script, "job.sh").warnings == (
        "job.sh line 8: ignored, since #SBATCH counts only above the first command (line 7)",
    )


def test_many_late_directives_are_one_warning():
    script = b"#!/bin/sh\ntrue\n" + b"#SBATCH -H\n" * 7
    assert read(script, "job.sh").warnings == (
        "job.sh lines 3, 4, 5, 6, 7 and 2 more: ignored,"
        " since #SBATCH counts only above the first command (line 2)",
    )


def test_directives_of_other_schedulers_are_not_read_but_named():
    script = b"#!/bin/sh\n#PBS -N x\n#SBATCH -H\n#PBS -l walltime=1\n#PBSx\ntrue\n#PBS -H\n"
    assert lines(script) == [(3, ("-H",))]
    assert read(script, "job.sh").warnings == (
        "job.sh lines 2, 4: ignored, since only #SBATCH lines are read",
    )


@pytest.mark.parametrize(
    "comment", [b"# SBATCH -H", b"##SBATCH -H", b" #SBATCH -H", b"#sbatch -H", b"\t#SBATCH -H"]
)
def test_what_only_resembles_a_directive_is_a_comment(comment):
    assert read(b"#!/bin/sh\n" + comment + b"\n#SBATCH -Q\ntrue\n", "job.sh").lines[0].line == 3


def test_text_glued_to_the_mark_is_refused():
    with pytest.raises(ScriptError, match=r"^job\.sh line 2: cannot read #SBATCHx: "):
        read(b"#!/bin/sh\n#SBATCHx -J glued\ntrue\n", "job.sh")


def test_glued_text_after_the_first_command_is_a_comment():
    assert read(b"#!/bin/sh\ntrue\n#SBATCHx\n", "job.sh").warnings == ()


def test_a_mark_alone_asks_for_nothing():
    assert lines(b"#!/bin/sh\n#SBATCH\n#SBATCH   \n#SBATCH # why\n") == [(2, ()), (3, ()), (4, ())]


def test_bytes_that_are_no_text_survive():
    ((_, words),) = lines(b"#!/bin/sh\n#SBATCH -J \xff\xc3\xa9\n")
    assert words == ("-J", "\udcffé")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" -J a  -c\t2 ", ["-J", "a", "-c", "2"]),
        ("--job-name='my job'", ["--job-name=my job"]),
        ('--job-name="my job" -c 2', ["--job-name=my job", "-c", "2"]),
        ("-J a#b # -H", ["-J", "a#b"]),
        ("-J '#' '' \"\"", ["-J", "#", "", ""]),
        ("-o $HOME/~/*", ["-o", "$HOME/~/*"]),
        (r"-o \a%j.txt", ["-o", r"\a%j.txt"]),
        (r"my\ job \# \" \' \\", ["my job", "#", '"', "'", "\\"]),
        (r'"say \"hi\" \\ \a"', [r'say "hi" \ \a']),
        (r"'\' x", ["\\", "x"]),
        ("a'b'\"c\"d", ["abcd"]),
        ("end\\", ["end\\"]),
        ("a\u00a0b", ["a\u00a0b"]),
    ],
)
def test_words_of_a_directive_are_parted_as_in_a_shell_without_expansion(text, words):
    assert split_words(text) == words


@pytest.mark.parametrize("text", ["'a", '"a', "x 'a b", r'"a\"', "a'b'\"", '"' + "\\" * 4001 + '"'])
def test_a_quote_that_is_not_closed_is_refused(text):
    with pytest.raises(ValueError, match="not closed"):
        split_words(text)
    with pytest.raises(ScriptError, match=r"^job\.sh line 2: cannot read #SBATCH: the quote . is"):
        read(b"#!/bin/sh\n#SBATCH " + text.encode() + b"\n", "job.sh")


@given(st.lists(st.text(alphabet="ab '\"\\#%$\t", max_size=6), max_size=4))
def test_quoted_words_read_back_as_they_were(words):
    text = " ".join("'" + word.replace("'", "'\"'\"'") + "'" for word in words)
    assert split_words(text) == words


def test_absurdly_many_or_long_directives_are_refused_at_once():
    for text in (b"#SBATCH -H\n" * 7000, b"#SBATCH -J " + b"x" * 70000 + b"\n"):
        with pytest.raises(ScriptError, match=r"cannot submit job\.sh: #SBATCH lines of more than"):
            read(b"#!/bin/sh\n" + text, "job.sh")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (b"", "it is empty"),
        (b"\n \t\n", "it holds nothing but blanks"),
        (b"echo hi\n", "its first line does not name an interpreter"),
        (b"\n#!/bin/sh\ntrue\n", "its first line does not name an interpreter"),
        (b"#! \ntrue\n", "its first line does not name an interpreter"),
        (b"#!/bin/sh\ntrue\r\ntrue\n", r"line 2 ends in a DOS line break (\r\n)"),
        (b"#!/bin/sh\r\ntrue\n", r"line 1 ends in a DOS line break (\r\n)"),
        (b"#!/bin/sh\n\necho \0\n", "line 3 holds a NUL byte"),
    ],
)
def test_what_is_no_script_is_refused_with_the_reason(script, why):
    with pytest.raises(ScriptError) as failure:
        check(script, "sub/job.sh")
    assert failure.value.sentence == f"cannot submit sub/job.sh: {why}"


def test_a_script_needs_no_more_than_an_interpreter():
    check(b"#!/bin/sh", "job.sh")
    check(b"#! /usr/bin/env python3\nprint('\\r')\n", "job.py")
