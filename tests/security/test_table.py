"""The table of attacks in docs/security.md and the tests here are the same."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "security.md"
ROW = re.compile(r"^\| .+ \| .+ \| `(test_\w+)` \|$", re.MULTILINE)
TEST = re.compile(r"^def (test_\w+)\(", re.MULTILINE)


def named() -> Counter[str]:
    """The tests that the page names."""
    return Counter(ROW.findall(PAGE.read_text(encoding="utf-8")))


def written() -> Counter[str]:
    """The tests there are."""
    files = (path for path in HERE.glob("test_*.py") if path != Path(__file__))
    return Counter(name for path in files for name in TEST.findall(path.read_text()))


def test_every_attack_of_the_page_is_a_test_and_every_test_has_its_row():
    assert named() == written()
    assert set(written().values()) == {1}


def test_the_page_has_no_row_without_a_test():
    attacks = PAGE.read_text(encoding="utf-8").partition("## Attacks\n")[2].partition("\n## ")[0]
    rows = [line for line in attacks.splitlines() if line.startswith("| ")][1:]
    headings = [line for line in rows if re.fullmatch(r"\| \*\*[^*]+\*\* \| \| \|", line)]
    assert len(rows) - len(headings) == sum(named().values()) >= 45
