"""Whatever anybody writes: a request, or an error that names its place."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tinysched.errors import ScriptError, UsageError
from tinysched.script.options import TSBATCH
from tinysched.script.submission import Settings, read

SETTINGS = Settings(max_array_index=1000)


def submit(script):
    return read(["job.sh"], {}, "/w", script, SETTINGS)


# What hypothesis draws below is near enough to real scripts to reach every branch.
words = st.sampled_from(
    [f"--{option.name}" for option in TSBATCH]
    + [f"-{option.short}" for option in TSBATCH if option.short]
    + ["=", "5", "1-3", "x", "'", '"', "#", "--", "\\", "\t", "ALL,A=1", "2G", "é", "\udc80"]
) | st.text(max_size=5)
header_lines = st.lists(words, max_size=5).map(" ".join).map(lambda line: f"#SBATCH {line}")
scripts = st.lists(
    header_lines | st.sampled_from(["", "# note", "true", "#SBATCHx", "#PBS -N x"]), max_size=6
).map(lambda lines: "\n".join(["#!/bin/sh", *lines]).encode("utf-8", "surrogatepass"))
PLACE = re.compile(r"line \d+|--[a-z]|SBATCH_|command line|cannot submit|cannot name")


@given(
    st.lists(words, max_size=4),
    st.dictionaries(st.sampled_from([o.variable for o in TSBATCH if o.variable]), words),
    scripts | st.binary(max_size=40),
)
def test_any_text_is_a_submission_or_an_error_that_names_its_place(argv, variables, script):
    try:
        submission = read(argv, variables, "/w", script, SETTINGS)
    except (ScriptError, UsageError) as error:
        place = PLACE.search(error.sentence)
    else:
        place = submission.request.name
    assert place


@given(scripts, st.data())
def test_blank_lines_comments_and_trailing_blanks_change_nothing(script, data):
    lines = script.split(b"\n")
    at = data.draw(st.integers(1, len(lines)))
    added = data.draw(st.sampled_from([b"", b"# note", b"   ", b"  # note", b"##SBATCH -H"]))
    assert outcome([*lines[:at], added, *lines[at:]]) == outcome(lines)


def outcome(lines):
    """The request, or the complaint without the number of the line."""
    try:
        return submit(b"\n".join(lines)).request
    except ScriptError as error:
        return re.sub(r"line \d+", "line", error.sentence)


@given(st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), max_size=9))
def test_a_directive_below_the_first_command_changes_nothing_but_a_warning(text):
    script = f"#!/bin/bash\ntrue\n#SBATCH {text}\n".encode()
    submission = submit(script)
    assert submission.request == submit(b"#!/bin/bash\ntrue\n").request
    assert [warning.partition(":")[0] for warning in submission.warnings] == ["job.sh line 3"]
