"""Replays cases in several towns at once: most of the time a case waits."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

from tests.slurm.judging import Judgement
from tests.slurm.recorded import Case
from tests.slurm.replaying import replay
from tests.slurm.town import Town


class Fleet:
    """Some towns, each busy with a case until there are none left. The slow ones go first."""

    def __init__(self, towns: int, cases: Iterable[Case]) -> None:
        self._free: SimpleQueue[Town] = SimpleQueue()
        self._towns: list[Town] = []
        try:
            for number in range(towns):
                self._towns.append(Town(number))
                self._free.put(self._towns[-1])
        except BaseException:
            self._close_towns()
            raise
        self._pool = ThreadPoolExecutor(towns)
        self._judgements: dict[str, Future[Judgement]] = {
            case.name: self._pool.submit(self._replay, case)
            for case in sorted(cases, key=lambda case: not case.slow)
        }

    def _replay(self, case: Case) -> Judgement:
        town = self._free.get()
        try:
            return replay(case, town)
        finally:
            self._free.put(town)

    def judgement(self, case: Case) -> Judgement:
        """How a case went, as soon as it has."""
        return self._judgements[case.name].result()

    def close(self) -> None:
        """End it all; what has not begun never will."""
        self._pool.shutdown(cancel_futures=True)
        self._close_towns()

    def _close_towns(self) -> None:
        for town in self._towns:
            town.close()
