"""How the installer speaks: steps, warnings, and failures as one sentence and a cure."""

from __future__ import annotations

import sys


class InstallError(Exception):
    """An installation that cannot go on: `cannot <verb> <what>: <why>`, and perhaps a cure."""

    def __init__(self, sentence: str, cure: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.cure = cure


def step(words: str) -> None:
    """Tell what is being done."""
    print(f"-- {words}", flush=True)


def warn(words: str) -> None:
    """Tell what could not be done, or what is worth knowing."""
    sys.stdout.flush()
    print(f"install.py: warning: {words}", file=sys.stderr, flush=True)


def shown(error: OSError) -> str:
    """Why the system refused."""
    return error.strerror or str(error)
