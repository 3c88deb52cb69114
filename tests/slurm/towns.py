"""Several towns at once, for what mostly waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Generic, TypeVar

from tests.slurm.town import Town

Outcome = TypeVar("Outcome")
Play = Callable[[Town], Outcome]


class Towns(Generic[Outcome]):
    """Some towns, each busy with a play until there are none left, in their order.

    `first`: the number of the first town; towns that exist at the same time need different ones.
    """

    def __init__(self, count: int, plays: Mapping[str, Play[Outcome]], first: int = 0) -> None:
        self._free: SimpleQueue[Town] = SimpleQueue()
        self._towns = [Town(number) for number in range(first, first + count)]
        for town in self._towns:
            self._free.put(town)
        self._pool = ThreadPoolExecutor(count)
        self._outcomes: dict[str, Future[Outcome]] = {
            name: self._pool.submit(self._played, play) for name, play in plays.items()
        }

    def _played(self, play: Play[Outcome]) -> Outcome:
        town = self._free.get()
        try:
            return play(town)
        finally:
            self._free.put(town)

    def outcome(self, name: str) -> Outcome:
        """How a play went, as soon as it has."""
        return self._outcomes[name].result()

    def close(self) -> None:
        """End it all; what has not begun never will."""
        self._pool.shutdown(cancel_futures=True)
        for town in self._towns:
            town.close()
