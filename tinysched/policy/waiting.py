"""The jobs that could start now, in order of age, found by size without a walk of the queue."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Age = tuple[int, float, int]
"""(rank, eligible_at, id): the smaller, the older."""

Size = tuple[int, int, str]
"""Cores, memory (MiB; 0 if it is not counted) and partition that one start takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A job, or all tasks of an array that may start now (`count`); the sizes are what one takes.

    `eligible_at`: since when it could have started; of two of the same rank it decides.
    """

    id: int
    uid: int
    cores: int
    eligible_at: float
    count: int = 1
    rank: int = 0
    memory_mib: int = 0
    partition: str = ""

    @property
    def age(self) -> Age:
        """Its place in the queue."""
        return (self.rank, self.eligible_at, self.id)

    @property
    def size(self) -> Size:
        """What one start takes."""
        return (self.cores, self.memory_mib, self.partition)


class Waiting:
    """Entries by user and size, oldest first in each bucket.

    Of a bucket only the oldest can matter to a plan: where it does not fit, none behind it does.
    """

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._buckets: dict[tuple[int, Size], list[Age]] = {}

    def put(self, entry: Entry) -> None:
        """Add an entry; one with the same id is replaced."""
        former = self._entries.get(entry.id)
        if former is not None and (former.uid, former.size, former.age) == (
            entry.uid,
            entry.size,
            entry.age,
        ):
            self._entries[entry.id] = entry  # in its place; perhaps another count
            return
        self.drop(entry.id)
        self._entries[entry.id] = entry
        insort(self._buckets.setdefault((entry.uid, entry.size), []), entry.age)

    def drop(self, number: int) -> None:
        """Take an entry out; one that is not there is no mistake."""
        entry = self._entries.pop(number, None)
        if entry is None:
            return
        key = (entry.uid, entry.size)
        bucket = self._buckets[key]
        del bucket[bisect_left(bucket, entry.age)]
        if not bucket:
            del self._buckets[key]

    def get(self, number: int) -> Entry | None:
        """Find an entry by its id."""
        return self._entries.get(number)

    def buckets(self) -> Iterator[tuple[int, Size, Sequence[Age]]]:
        """Go through (uid, size, ages): the ages of a bucket are not empty and in order."""
        for (uid, size), ages in self._buckets.items():
            yield uid, size, ages

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        for _, _, number in heapq.merge(*self._buckets.values()):
            yield self._entries[number]
