"""Plays the scenario of a client as a user of a queue, or as two at once."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.clients.environments import python_of
from tests.slurm.town import Town

SCENARIOS = Path(__file__).parent / "scenarios"
_LIMIT_S = 420
_LAST_LINES = 60


@dataclass(frozen=True)
class Played:
    """How a scenario ended for somebody, and what it said."""

    who: str
    code: int
    said: str

    @property
    def is_well(self) -> bool:
        """Whether every act was played; a client may also end its process without a word."""
        count = (self.said.splitlines() or [""])[-1].split()
        return self.code == 0 and count[:1] == ["played"] and int(count[1]) > 0

    def __str__(self) -> str:
        """For whoever reads why it failed."""
        lines = self.said.splitlines()[-_LAST_LINES:]
        return "\n".join([f"{self.who}: exit code {self.code}", *lines])


def play(client: str, people: Sequence[str], town: Town) -> list[Played]:
    """All of it, for all of them; afterwards no job of theirs is left."""
    python = python_of(client)
    running = [(who, *_begun(client, who, town, python)) for who in people]
    end = time.monotonic() + _LIMIT_S
    try:
        return [
            Played(who, _code(process, end), log.read_text(errors="replace"))
            for who, process, log in running
        ]
    finally:
        town.clear()


def _begun(client: str, who: str, town: Town, python: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """It runs in a directory of its own, which is also its home."""
    real = town.user(who).home / client
    real.mkdir(mode=0o755, exist_ok=True)
    town.user(who).person.owns(real)
    seen = f"/home/{who}/{client}"
    usual = town.environment(who)
    more = {
        "HOME": seen,
        "PATH": f"{python.parent}:{usual['PATH']}",
        "PYTHONPATH": str(SCENARIOS),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    log = town.site.place / f"{client}.{who}.log"
    with log.open("wb") as stage:
        words = ["sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", seen]
        process = town.start(
            who,
            [*words, python, SCENARIOS / "stage.py", client],
            env={**usual, **more},
            stdout=stage,
            stderr=stage,
        )
    return process, log


def _code(process: subprocess.Popen[bytes], end: float) -> int:
    """Its exit code, or that of its end by force when the time is over."""
    try:
        return process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()
