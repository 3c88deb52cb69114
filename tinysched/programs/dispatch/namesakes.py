"""The jobs of each name: which is the oldest is known at once, however many there are."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

_FEW = 16

Name = tuple[int, str]
"""Whose job it is, and what it is called."""


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

    def __bool__(self) -> bool:
        """There are any."""
        return bool(self._numbers)

    @property
    def first(self) -> int | None:
        """The lowest; None: there is none."""
        while self._heap and self._heap[0] not in self._numbers:
            heappop(self._heap)
        return self._heap[0] if self._heap else None


class Namesakes:
    """Such numbers by name; names that nobody has any more are forgotten."""

    def __init__(self) -> None:
        self._numbers: dict[Name, Lowest] = {}

    def add(self, name: Name, number: int) -> None:
        """A job has this name."""
        if name not in self._numbers:
            self._numbers[name] = Lowest()
        self._numbers[name].add(number)

    def discard(self, name: Name, number: int) -> None:
        """A job has it no longer; one that had not is no mistake."""
        numbers = self._numbers.get(name)
        if numbers is not None:
            numbers.discard(number)
            if not numbers:
                del self._numbers[name]

    def first(self, name: Name) -> int | None:
        """The oldest of a name; None: there is none."""
        numbers = self._numbers.get(name)
        return None if numbers is None else numbers.first
