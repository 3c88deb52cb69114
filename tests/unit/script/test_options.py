"""The tables of options hold together, and cost the start-up path nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tinysched.script import grammar, options
from tinysched.script.values import readers

TABLES = {
    name: getattr(options, name)
    for name in ("TSBATCH", "TSQUEUE", "TSCANCEL", "TSCONTROL", "TSOUT", "TSPURGE", "RUN_JOB")
}
WITHOUT_EFFECT_ON_A_REQUEST = {"help", "version", "parsable", "quiet", "test-only", "wrap"}
LIGHT = {"__future__", "sys", "posix", "errno", "fcntl", "_socket", "collections.abc"}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_option_has_one_name_one_letter_and_a_help_text(table):
    names = [option.name for option in table]
    letters = [option.short for option in table if option.short]
    assert len(set(names)) == len(names)
    assert len(set(letters)) == len(letters)
    assert all(len(letter) == 1 for letter in letters)
    assert all(option.help for option in table)
    assert {"help", "version"} <= set(names)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_option_is_honoured_or_said_to_be_stored(table):
    for option in table:
        assert option.disposition in {grammar.HONOURED, grammar.STORED}
        assert (option.disposition == grammar.STORED) == ("no effect" in option.help)


def test_every_option_of_tsbatch_changes_a_request_or_says_why_not():
    names = {option.name for option in options.TSBATCH}
    assert names == set(readers(1000, float)) | WITHOUT_EFFECT_ON_A_REQUEST


def test_every_variable_stands_for_one_option():
    variables = [option.variable for option in options.TSBATCH if option.variable]
    assert len(set(variables)) == len(variables)
    assert all(variable.startswith("SBATCH_") for variable in variables)


def test_a_wrapped_command_becomes_a_script_of_its_own():
    script = options.wrapped("echo 'a b' | wc\nls")
    assert script.startswith(b"#!/bin/sh\n")
    assert script.endswith(b"\necho 'a b' | wc\nls\n")
    assert options.wrapped("echo \udcff").endswith(b"echo \xff\n")


@pytest.mark.parametrize("module", [grammar, options], ids=["grammar", "options"])
def test_modules_of_the_start_up_path_import_nothing_heavy(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        for name in names:
            light_one_of_ours = name in {"tinysched.errors", "tinysched.script.grammar"}
            assert light_one_of_ours or name in LIGHT
