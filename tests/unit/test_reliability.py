"""docs/reliability.md names tests that there are, and each campaign has its place on it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"
ROW = re.compile(r"^\| (.+) \| `([\w/]+\.py)::(test_\w+)` \|$", re.MULTILINE)


def rows() -> list[tuple[str, str]]:
    """File and name of each test that the page names."""
    return [(path, name) for _, path, name in ROW.findall(PAGE.read_text(encoding="utf-8"))]


def written_in(path: Path) -> Iterator[ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def is_campaign(test: ast.FunctionDef) -> bool:
    return any(ast.unparse(mark) == "pytest.mark.soak" for mark in test.decorator_list)


def test_every_promise_names_a_test_that_there_is():
    for path, name in rows():
        assert name in [test.name for test in written_in(TESTS / path)], f"{path}::{name}"


def test_every_line_of_the_tables_is_a_promise_with_a_test():
    promises = PAGE.read_text(encoding="utf-8").partition("## Promises\n")[2].partition("\n## ")[0]
    lines = [line for line in promises.splitlines() if line.startswith("| ")]
    assert len(lines) - lines.count("| promise | test |") == len(rows()) == len(set(rows())) >= 50


def test_every_campaign_holds_a_promise():
    campaigns = {
        (str(path.relative_to(TESTS)), test.name)
        for path in TESTS.rglob("test_*.py")
        for test in written_in(path)
        if is_campaign(test)
    }
    assert campaigns
    assert campaigns - set(rows()) == set()
