from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import printed, printed_slurm
from tinysched.script.slurm.differences import DIFFERENT, KEYWORDS
from tinysched.script.slurm.scontrol_options import KEYWORDS as SCONTROL_KEYWORDS

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = {
    "options": printed.options,
    "states": printed.states,
    "json": printed.json,
    "logs": printed.logs,
    "slurm": printed_slurm.slurm,
}


@pytest.mark.parametrize("page", PAGES)
def test_what_the_docs_say_of_the_code_is_what_the_code_does(
    page: str, golden: Callable[[Path, str], None]
):
    golden(DOCS / f"{page}.md", PAGES[page]())


def test_differences_are_told_of_options_that_there_are():
    tables = {one.name: one.options for one in printed_slurm.commands()}
    for command, words in DIFFERENT.items():
        honoured = {one.name for one in tables[command] if one.disposition == "honoured"}
        assert words.keys() <= honoured, command
    assert KEYWORDS.keys() <= {name for name, *_ in SCONTROL_KEYWORDS}


def test_what_says_that_it_is_refused_is_marked_so():
    for command in printed_slurm.commands():
        for option in command.options:
            if option.help.startswith("refused:"):
                assert option.disposition == "refused", (command.name, option)
