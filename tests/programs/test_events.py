"""Every line of the logs is in one table, and has one form."""

from __future__ import annotations

import ast
import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinysched
from tinysched.programs import events
from tinysched.programs.loglines import LONGEST_FACT, OneLine

LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
HOUSE = Path(tinysched.__file__).parent
CONSTANTS = {name: value for name, value in vars(events).items() if name.isupper()}
KINDS = [*events.JOB_EVENTS, *events.DISPATCHER_EVENTS, *events.AGENT_EVENTS]
# Their user is in a record that is about to be removed, or cannot be read.
WITHOUT_USER = {"Purged", "RecordNotRead"}
FACT = r'(?:[a-z_]+)=(?:[\w.,:/+@%~-]+|"(?:[^"\\]|\\.)*")'
LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d [A-Z]+ [A-Z][A-Za-z]+" rf"(?: {FACT})*"
)


def calls() -> Iterator[tuple[str, ast.Call, ast.AST]]:
    """Where something is logged: the place, the call, and the function around it."""
    for path in sorted(HOUSE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and logs(node.func):
                    yield f"{path.relative_to(HOUSE)}:{node.lineno}", node, function


def logs(function: ast.expr) -> bool:
    """`LOG.info`, `logging.getLogger().info`, `logging.info`."""
    if not isinstance(function, ast.Attribute) or function.attr not in LEVELS:
        return False
    owner = ast.unparse(function.value)
    return owner == "LOG" or "logging" in owner or "getLogger" in owner


def count(values: list[ast.expr], function: ast.AST) -> int:
    """How many facts a call gives; `*facts` is a tuple that the same function makes."""
    total = 0
    for value in values:
        if not isinstance(value, ast.Starred):
            total += 1
            continue
        made = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == ast.unparse(value.value)
        ]
        sizes = {len(tuple_.elts) for tuple_ in made if isinstance(tuple_, ast.Tuple)}
        assert len(sizes) == 1, "make the tuple in the same function"
        total += sizes.pop()
    return total


def test_whatever_is_logged_is_in_the_table_with_all_its_facts():
    used = set()
    for place, call, function in calls():
        name = ast.unparse(call.args[0])
        assert name.startswith("events."), f"{place}: say it with a kind of programs/events.py"
        words = CONSTANTS[name.removeprefix("events.")]
        given_ = count(call.args[1:], function)
        assert given_ == words.count("%"), f"{place}: '{words}' has other facts"
        used.add(name.removeprefix("events."))
    assert len(used) > 40, "the search finds nothing"
    unused = {name for name, value in CONSTANTS.items() if isinstance(value, str)} - used
    assert not unused, f"nobody says {sorted(unused)}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_the_form_that_grep_finds(kind: events.Kind):
    assert re.fullmatch(r"[A-Z][A-Za-z]+( [a-z_]+=%(s|d|\.1f))*", kind.words)
    assert kind.says


@pytest.mark.parametrize("kind", events.JOB_EVENTS, ids=lambda kind: kind.name)
def test_every_line_about_a_job_names_it_and_its_user(kind: events.Kind):
    assert kind.facts[0] == "job"
    assert kind.facts[1] == "user" or kind.name in WITHOUT_USER


@pytest.mark.parametrize(
    "kinds", [events.JOB_EVENTS + events.DISPATCHER_EVENTS, events.AGENT_EVENTS]
)
def test_a_name_means_one_thing_in_a_log(kinds: list[events.Kind]):
    names = [kind.name for kind in kinds]
    assert sorted(set(names)) == sorted(names)


def written(words: str, *facts: object) -> str:
    """A line as it stands in the file."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(OneLine())
    handler.handle(logging.LogRecord("x", logging.INFO, "x.py", 1, words, facts, None))
    return out.getvalue()


@given(st.text() | st.text('\udcff\n\x1b"\\ =abc', min_size=1), st.text())
def test_no_fact_can_pass_for_two_or_for_a_line(one: str, other: str):
    line = written("Refused uid=%d verb=%s why=%s", 7, one or "x", other or "x")
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    assert LINE.fullmatch(line[:-1])
    assert re.findall(rf" ({FACT})", line)[0] == "uid=7"
    assert len(re.findall(rf" ({FACT})", line)) == 3


def test_a_fact_is_cut_where_it_would_fill_the_log():
    assert len(written("Refused why=%s", "x" * 10_000)) < LONGEST_FACT + 100


def test_a_traceback_is_set_in_and_cannot_forge_a_line():
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(OneLine())
    try:
        raise ValueError("x\n2026-01-01T00:00:00.000+00:00 INFO Ended job=1\x1b[2J")
    except ValueError as error:
        facts = (ValueError, error, error.__traceback__)
    handler.handle(logging.LogRecord("x", logging.ERROR, "x.py", 1, "Bug uid=%d", (7,), facts))
    first, *rest = out.getvalue().splitlines()
    assert LINE.fullmatch(first)
    assert rest
    assert all(line.startswith("    ") and line.isprintable() for line in rest)
