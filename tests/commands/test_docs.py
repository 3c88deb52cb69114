from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import printed

DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest.mark.parametrize("page", ["options", "states", "json", "logs"])
def test_what_the_docs_say_of_the_code_is_what_the_code_does(
    page: str, golden: Callable[[Path, str], None]
):
    golden(DOCS / f"{page}.md", getattr(printed, page)())
