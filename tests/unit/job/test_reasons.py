from __future__ import annotations

import ast
from pathlib import Path

from tinysched.job.reasons import REASONS

PACKAGE = Path(__file__).parent.parent.parent.parent / "tinysched"


def names_given() -> set[str]:
    """The name of every Reason(...) in the code."""
    return {
        keyword.value.value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Reason"
        for keyword in node.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    }


def test_every_reason_that_is_given_is_explained_and_the_other_way_round():
    assert names_given() - {""} == set(REASONS)
