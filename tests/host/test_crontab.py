"""The text of a crontab: one line comes and goes, the others stay."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.errors import TinyschedError
from tinysched.host import crontab

ROOT, PROGRAM = "/scratch/host/tiny-scheduler", "/opt/bin/tsagent"
lines = st.text(st.characters(exclude_characters="\n", exclude_categories=("Cs",)))
crontabs = st.lists(lines).map(lambda found: "".join(f"{line}\n" for line in found))
paths = st.text(st.characters(exclude_characters="\n\0", exclude_categories=("Cs",)), min_size=1)


@given(crontabs, paths, paths)
def test_what_was_there_is_there_again_after_the_line_has_come_and_gone(text, root, program):
    enabled = crontab.with_line(text, f"/{root}", f"/{program}")
    assert enabled.startswith(text)
    assert crontab.without_line(enabled, f"/{root}") == text


@given(crontabs, paths)
def test_the_line_comes_only_once(text, root):
    once = crontab.with_line(text, root, PROGRAM)
    assert crontab.with_line(once, root, PROGRAM) == once


def test_an_installation_that_has_moved_leaves_no_former_line():
    text = crontab.with_line("", ROOT, "/former/bin/tsagent")
    assert crontab.with_line(text, ROOT, PROGRAM) == crontab.with_line("", ROOT, PROGRAM)


def test_another_roots_line_stays():
    one, other = crontab.with_line("", "/a", PROGRAM), crontab.with_line("", "/a b", PROGRAM)
    both = crontab.with_line(one, "/a b", PROGRAM)
    assert crontab.without_line(both, "/a b") == one
    assert crontab.without_line(both, "/a") == other


@given(paths, paths)
def test_a_shell_that_cron_calls_sees_the_paths_as_they_are(root, program):
    text = crontab.with_line("", root, program).split("\n")[1]
    command = text.removeprefix("@reboot ").replace("\\%", "%")
    assert "%" not in text.replace("\\%", "")
    assert shlex.split(command) == [
        "/usr/bin/env",
        f"TJS_ROOT={root}",
        program,
        "start",
        "--at-boot",
    ]


def test_sh_agrees():
    line = crontab.with_line("", "/a 'b' 100% $x", "/bin/echo").split("\n")[1]
    command = line.removeprefix("@reboot ").replace("\\%", "%")
    command = command.replace("/bin/echo", "/bin/sh -c 'echo \"$TJS_ROOT\"'")
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "/a 'b' 100% $x\n"


@pytest.mark.parametrize("path", ["/a\nb", "/a\0b"])
def test_a_path_that_a_crontab_cannot_hold_is_refused(path):
    with pytest.raises(TinyschedError):
        crontab.enable(path, PROGRAM)
