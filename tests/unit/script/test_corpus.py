"""Whole scripts and what becomes of them: NNN-what.sh beside NNN-what.expected.

A new case is two text files: write the script, run `pytest --bless`, read what it wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from enum import Enum
from pathlib import Path

import pytest

from tinysched.errors import TinyschedError
from tinysched.job.request import Array, Export, Request
from tinysched.script import arrays
from tinysched.script.submission import Settings, Submission, read

CORPUS = Path(__file__).parents[2] / "golden" / "scripts"
SETTINGS = Settings(max_array_index=1000, command="tsbatch")
SCRIPTS = sorted(CORPUS.glob("*/*.sh"))


def verdict(script: Path) -> tuple[str, str]:
    """The folder a script belongs in, and all that there is to say about it."""
    try:
        submission = read(["job.sh"], {}, "/home/alice", script.read_bytes(), SETTINGS)
    except TinyschedError as error:
        cure = [f"cure: {error.cure}"] if error.cure else []
        said = [f"error: {error.sentence}", *cure, f"exit: {error.exit_code}"]
        return "refused", "".join(f"{line}\n" for line in said)
    folder = "warned" if submission.warnings else "accepted"
    return folder, "".join(f"{line}\n" for line in story(submission))


def story(submission: Submission) -> Iterator[str]:
    """Every field that says something, in the order of the model, then the warnings."""
    plain = Request(name="", submit_dir="/home/alice")
    for field in fields(Request):
        value = getattr(submission.request, field.name)
        if value != getattr(plain, field.name):
            yield f"{field.name}: {text_of(value)}"
    for flag in ("parsable", "quiet", "test_only"):
        if getattr(submission, flag):
            yield f"{flag}: True"
    for warning in submission.warnings:
        yield f"warning: {warning}"


def text_of(value: object) -> str:
    """A field's value, so that blanks and odd letters show."""
    if isinstance(value, Array):
        return arrays.render(value)
    if isinstance(value, Export):
        values = " ".join(f"{name}={text!r}" for name, text in value.values.items())
        kind = "everything" if value.everything else "a fresh environment"
        return " ".join(filter(None, (kind, *value.names, values)))
    if isinstance(value, Enum):
        return str(value.value)
    return ascii(value)


@pytest.mark.parametrize(
    "script", SCRIPTS, ids=lambda script: f"{script.parent.name}/{script.stem}"
)
def test_a_script_is_understood_as_recorded(script, golden):
    folder, said = verdict(script)
    assert folder == script.parent.name, said
    golden(script.with_suffix(".expected"), said)


def test_every_folder_has_scripts_and_every_record_has_its_script():
    assert {script.parent.name for script in SCRIPTS} == {"accepted", "warned", "refused"}
    assert [script.with_suffix(".expected") for script in SCRIPTS] == sorted(
        CORPUS.glob("*/*.expected")
    )
