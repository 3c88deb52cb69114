"""Systems side by side, and turns that they take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.bench import processes
from tests.bench.processes import BenchError
from tests.bench.results import Results
from tests.bench.scale import Scale
from tests.bench.systems.system import System

Kind = TypeVar("Kind", bound=System)
# What costs one cell and not the run.
FAILURES = (BenchError, OSError, ValueError, IndexError)


class Bench:
    """One run: what is measured, how much of it, where, and what came of it.

    `wanted`: the measures that were asked for.
    """

    def __init__(
        self,
        place: Path,
        kinds: Sequence[type[System]],
        scale: Scale,
        wanted: frozenset[str],
        results: Results,
    ) -> None:
        self.place = place
        self.kinds = tuple(kinds)
        self.scale = scale
        self.wanted = wanted
        self.results = results
        self._stages = 0

    def wants(self, *measures: str) -> bool:
        """Whether any of these was asked for."""
        return not self.wanted.isdisjoint(measures)

    def kinds_of(self, kind: type[Kind]) -> list[type[Kind]]:
        """The systems of a kind that are measured."""
        return [one for one in self.kinds if issubclass(one, kind)]

    def failed(self, row: str, system: str, error: Exception) -> None:
        """What went wrong costs one cell."""
        sentence = f"{system}, {row}: {type(error).__name__}: {error}"
        self.results.errors.append(sentence)
        say(sentence)

    @contextmanager
    def stage(
        self, kinds: Sequence[type[System]], slots: int, *, forgets_at_once: bool = False
    ) -> Iterator[Stage]:
        """Systems that are up, each with so many slots; afterwards nothing of them is left."""
        self._stages += 1
        place = self.place / f"stage{self._stages}"
        place.mkdir(mode=0o755)
        stage = Stage(self, place, forgets_at_once)
        try:
            for kind in kinds:
                stage.open(kind, slots)
            yield stage
        except BaseException:  # there is no time for an orderly end
            processes.end_all()
            raise
        stage.close()


class Stage:
    """Systems that are up at the same time.

    `forgets_at_once`: where that is a setting, listings are without what has ended.
    """

    def __init__(self, bench: Bench, place: Path, forgets_at_once: bool) -> None:
        self._forgets_at_once = forgets_at_once
        self.bench = bench
        self.place = place
        self.systems: list[System] = []
        self._playing = ""

    def open(self, kind: type[Kind], slots: int, label: str = "") -> Kind | None:
        """One more; None if it does not come up."""
        system = kind(self.place, label)
        system.forgets_at_once = self._forgets_at_once
        try:
            system.start(slots)
        except FAILURES as error:
            self.bench.failed("start", system.name, error)
            self._stop(system)
            return None
        self.systems.append(system)
        return system

    def close(self) -> None:
        """All go down, in order or by force."""
        try:
            for system in self.systems:
                self._stop(system)
        finally:
            processes.end_all()

    def _stop(self, system: System) -> None:
        try:
            system.stop()
        except FAILURES as error:
            self.bench.failed("stop", system.name, error)

    def play(
        self,
        row: str,
        act: Callable[[System, int], None],
        rounds: int = 1,
        systems: Sequence[System] | None = None,
    ) -> None:
        """Each system's turn in each round; each round begins with another one.

        What fails costs a cell of that row.
        """
        if row != self._playing:
            say(f"  {row}")
            self._playing = row
        cast = list(self.systems if systems is None else systems)
        for number in range(rounds):
            for system in turned(cast, number):
                try:
                    act(system, number)
                except FAILURES as error:
                    self.bench.failed(row, system.name, error)
                processes.bury()


def turned(systems: Sequence[System], number: int) -> list[System]:
    """The order of a round: each begins with another one."""
    turn = number % len(systems) if systems else 0
    return [*systems[turn:], *systems[:turn]]


def say(words: str) -> None:
    """Progress, for whoever waits."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")
    sys.stderr.flush()
