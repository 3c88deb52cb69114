"""docs/walk.md, typed line by line."""

from __future__ import annotations

import pytest

from tests.e2e import pages
from tests.e2e.rig import Site


def test_the_walk_shows_what_happens(own_site: Site) -> None:
    pages.walk("docs/walk.md", own_site, {"bob": own_site.ann.move()})


def test_every_block_of_the_walk_is_typed() -> None:
    assert pages.blocks("docs/walk.md")
    assert [block.line for block in pages.blocks("docs/walk.md") if not block.who] == []


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n...\nc", "a\nb\nb\nc", True),
        ("a\n...\nc", "a\nc", True),
        ("a\n...", "a\nb", True),
        ("a\nc", "a\nb\nc", False),
        ("a", "a\nb", False),
        ("a.c", "abc", False),
    ],
)
def test_what_a_page_shows_is_compared_word_for_word(shown: str, printed: str, same: bool) -> None:
    assert pages.agrees(shown, printed) is same
