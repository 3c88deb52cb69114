"""The text of a unit that starts an agent at boot."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tinysched.errors import TinyschedError
from tinysched.host import userunit

ODD = '/tmp/a b/100% "q" $x \\y \'z'


def test_odd_signs_in_paths_mean_nothing_to_systemd():
    text = userunit._text(ODD, "/opt/my bin/tinysched", "")
    command = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    assert command == (
        'ExecStart=/usr/bin/env "TJS_ROOT=/tmp/a b/100%% \\"q\\" $$x \\\\y \'z"'
        ' "/opt/my bin/tinysched" agent'
    )


def test_systemd_itself_finds_nothing_to_complain_of(tmp_path):
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("CI cannot run this: it has no systemd")
    unit = tmp_path / "tinysched-agent-x.service"
    unit.write_text(userunit._text(ODD, "/bin/echo", userunit.OUR_LINGER))
    done = subprocess.run(
        [program, "--user", "verify", unit],
        capture_output=True,
        text=True,
        check=False,
        env={"XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_path_that_a_unit_cannot_hold_is_refused():
    with pytest.raises(TinyschedError):
        userunit.enable("/a\nb", "/bin/tinysched")
