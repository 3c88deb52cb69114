"""A set of numbers of which the lowest is known at once, however many there are."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

_FEW = 16


class Lowest:
    """Numbers that come and go."""

    def __init__(self) -> None:
        self._numbers: set[int] = set()
        self._heap: list[int] = []  # all of them, and some that have gone

    def add(self, number: int) -> None:
        """One more; one that is there is no mistake."""
        if number not in self._numbers:
            self._numbers.add(number)
            heappush(self._heap, number)

    def discard(self, number: int) -> None:
        """One less; one that is not there is no mistake."""
        self._numbers.discard(number)
        if len(self._heap) > 2 * len(self._numbers) + _FEW:
            self._heap = list(self._numbers)
            heapify(self._heap)

    @property
    def first(self) -> int | None:
        """The lowest; None: there is none."""
        while self._heap and self._heap[0] not in self._numbers:
            heappop(self._heap)
        return self._heap[0] if self._heap else None
