"""What lives long loads little: each module is memory of every user's agent."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"typing", "yaml", "click", "subprocess", "socket", "asyncio", "pathlib", "argparse"}


@pytest.mark.process
@pytest.mark.parametrize("program", ["dispatcher", "agent"])
def test_a_program_that_lives_long_loads_nothing_heavy(program: str):
    text = f"import sys; sys.path += {sys.path!r}\nimport tinysched.programs.{program}\n"
    command = [sys.executable, "-IS", "-c", f"{text}print(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not HEAVY.intersection(done.stdout.split())
