"""Plays one scenario: `python stage.py CLIENT` calls what is named `it_...` in with_CLIENT.py.

In the order in which they are written; the first that fails ends it. Runs in the client's own
environment, and so on the standard library alone. Also holds what scenarios share.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

PARTITION = "debug"
USER = os.environ["USER"]
HERE = Path.cwd()
_EVERY_S = 0.5
_COMMAND_S = 100
Found = TypeVar("Found")


def play(client: str) -> None:
    """Play every act; says at the end how many there were."""
    acts = vars(importlib.import_module(f"with_{client.replace('-', '_')}"))
    names = [name for name in acts if name.startswith("it_")]
    for name in names:
        print(f"{name.replace('_', ' ')} ...", flush=True)
        began = time.monotonic()
        acts[name]()
        print(f"... {time.monotonic() - began:.1f} s", flush=True)
    print(f"played {len(names)} acts", flush=True)


def shell(*words: str, code: int = 0) -> str:
    """What a command prints that ends with this exit code; stderr goes through."""
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=_COMMAND_S
    )
    assert done.returncode == code, f"{words} ended with {done.returncode}: {done.stdout}"
    return done.stdout


def submit(command: str, *options: str) -> str:
    """The number of a small job in the background of a scenario."""
    usual = ("--parsable", "--mem=150M", "--time=5", f"--partition={PARTITION}")
    return shell("sbatch", *usual, *options, f"--wrap={command}").strip()


def states(*jobs: str) -> list[str]:
    """What the history calls the states of jobs, each by its first word."""
    listed = shell("sacct", "-X", "-n", "-P", "-o", "State", "-j", ",".join(jobs))
    return [line.split()[0] for line in listed.splitlines()]


def until(condition: Callable[[], Found], says: str, timeout_s: float = 60) -> Found:
    """What `condition` gives as soon as that is something; `says` names what was waited for."""
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, f"{says}: not within {timeout_s} s"
        time.sleep(_EVERY_S)
    return found


def same(found: object, wanted: object, *beside: object) -> None:
    """Complains with both, which an assertion does not, and with what lies beside them."""
    assert found == wanted, f"{found!r} instead of {wanted!r} {beside or ''}"


def tool(name: str) -> str:
    """A program of the client's environment."""
    return str(Path(sys.executable).parent / name)


if __name__ == "__main__":
    # A run of the tests in the background ignores Ctrl-C, and clients would with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    play(sys.argv[1])
