"""What lives long loads little: each module is memory of every user's agent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"typing", "yaml", "click", "subprocess", "socket", "asyncio", "pathlib", "argparse", "ast"}

# The program finds no queue, and leaves.
PROBE = """\
import sys
sys.path += {libraries!r}
from tinysched import __main__ as door
from tinysched.site import Site

door.main(Site({root!r}, 0, {root!r}), [{program!r}])
print(*sys.modules)
"""


@pytest.mark.process
@pytest.mark.parametrize("program", ["dispatcher", "agent"])
def test_a_program_that_lives_long_loads_nothing_heavy(program: str, tmp_path: Path):
    text = PROBE.format(libraries=sys.path, root=f"{tmp_path}/none", program=program)
    command = [sys.executable, "-IS", "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert f"tinysched.programs.{program}" in loaded
    assert not HEAVY & loaded
