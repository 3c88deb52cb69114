from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tinysched import __version__
from tinysched.commands import asking, help, tsagent
from tinysched.commands.pages import PAGES
from tinysched.errors import UsageError

GOLDEN = Path(__file__).parent.parent / "golden" / "help"


@pytest.mark.parametrize("command", PAGES)
def test_the_help_of_a_command_is_known(command: str, golden: Callable[[Path, str], None]):
    golden(GOLDEN / f"{command}.txt", help.text(command))


@pytest.mark.parametrize("command", PAGES)
def test_no_line_of_help_is_wider_than_a_terminal(command: str):
    assert max(map(len, help.text(command).splitlines())) <= 80


@pytest.mark.parametrize("command", PAGES)
def test_every_command_tells_its_version(command: str):
    assert (
        help.asked(command, ["--version"]) == f"{PAGES[command].shown} (tinysched) {__version__}\n"
    )


def test_help_may_be_abbreviated_and_stand_anywhere():
    page = help.text("tsqueue")
    for argv in (["--help"], ["-r", "--he"], ["-u", "bob", "--help"]):
        assert asking.help_text("tsqueue", argv) == page


def test_an_option_that_looks_like_help_is_none():
    assert asking.help_text("tsqueue", ["-h"]) is None
    assert asking.help_text("tsqueue", ["-u", "-Vera"]) is None
    assert asking.help_text("tsbatch", ["job.sh", "--help"]) is None
    assert asking.help_text("run_job", ["1", "no", "make", "--version"]) is None
    assert asking.help_text("tscancel", ["--", "--help"]) is None


def test_help_beside_an_unknown_option_is_refused():
    with pytest.raises(UsageError, match="unknown option '--frobnicate'"):
        asking.help_text("tsqueue", ["--frobnicate", "--help"])


def test_the_help_of_tsagent_and_its_verbs_is_known(golden: Callable[[Path, str], None]):
    calls = [[], *([verb] for verb in tsagent.cli.commands)]
    shell = CliRunner()
    pages = [
        shell.invoke(tsagent.cli, [*call, "--help"], prog_name="tsagent").output for call in calls
    ]
    text = "\n\n".join(pages)
    assert max(map(len, text.splitlines())) <= 80
    golden(GOLDEN / "tsagent.txt", text)
