"""The commands in bin-dir."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from installer import launchers
from installer.words import InstallError
from tests.installer.asking import REPOSITORY, chosen


def test_a_short_path_is_named_in_the_first_line() -> None:
    assert launchers.shebang("/a/bin/python") == "#!/a/bin/python -IS\n"


@pytest.mark.parametrize("name", ["long" * 40, "with a space", "tab\there"])
def test_what_the_kernel_would_cut_off_goes_by_way_of_a_shell(place: Path, name: str) -> None:
    folder = place / name
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    path = place / "command"
    body = "import sys\nprint(sys.argv[1:], sys.flags.isolated, sys.flags.no_site)\n"
    path.write_text(launchers.shebang(str(folder / "python")) + body)
    path.chmod(0o755)
    done = subprocess.run([path, "a b", "'c"], capture_output=True, text=True, check=True)
    assert done.stdout == "['a b', \"'c\"] 1 1\n"


def test_a_command_of_somebody_else_is_never_replaced(place: Path) -> None:
    made = chosen(place)
    (place / "bin").mkdir()
    foreign = place / "bin" / "tsqueue"
    foreign.write_text("#!/bin/sh\n")
    with pytest.raises(InstallError, match="that this program did not make"):
        launchers.publish(made)
    assert foreign.read_text() == "#!/bin/sh\n"


def test_a_command_of_the_bash_version_is_kept_under_another_name(place: Path) -> None:
    made = chosen(place)
    (place / "bin").mkdir()
    (place / "bin" / "tsqueue").write_text("#!/usr/bin/env bash\n. tiny_sched_common.sh\n")
    launchers.publish(made)
    assert os.readlink(place / "bin" / "tsqueue") == f"{made.current}/commands/tsqueue"
    assert (place / "bin" / "tsqueue.bash-version").exists()


def test_every_command_has_its_module() -> None:
    for module in launchers.COMMANDS.values():
        assert (REPOSITORY / "tinysched" / "commands" / f"{module}.py").exists()
