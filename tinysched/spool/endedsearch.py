"""Finds jobs by their lines in state/ended.log without making sense of all the others."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from dataclasses import dataclass

_GONE = b"gone"
_NOT_STARTED = b"-"
_ALL = b"*"
_FIELDS = 10
# Bytes of a stretch that is passed over, or searched, as a whole.
_STRETCH = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which jobs may be meant: those of which something ended so. None: any. Moments: UTC, seconds.

    `names` are in lower case; those of jobs may be in any. An array as a whole has an outcome that
    none of its tasks may have; so it, and what never started, is found whatever the `outcomes`.
    """

    ended_since: float = 0.0
    uids: Collection[int] | None = None
    names: Collection[str] | None = None
    outcomes: Collection[str] | None = None


def search(raw: bytes, wanted: Search) -> set[int]:
    """The numbers of the jobs that the text of a log knows, and that may be meant."""
    found = _Found(wanted)
    found.take(raw)
    return found.numbers()


class Finder:
    """Searches a log that grows, and remembers which stretches of it tell of old ends alone.

    What it passes over could only take back what was found: ends follow each other in time.
    """

    def __init__(self) -> None:
        self._ends: list[int] = []
        self._latest: list[float] = []

    def forget(self) -> None:
        """It is another log from now on."""
        self._ends, self._latest = [], []

    def search(self, raw: bytes, wanted: Search) -> set[int]:
        """The same as `search`, of a log that begins as it did at the last time."""
        self._learn(raw)
        found, start = _Found(wanted), 0
        for end, latest in zip(self._ends, self._latest, strict=True):
            if latest >= wanted.ended_since:
                found.take(raw[start:end])
            start = end
        found.take(raw[start:])
        return found.numbers()

    def _learn(self, raw: bytes) -> None:
        at = self._ends[-1] if self._ends else 0
        while len(raw) - at > _STRETCH:
            end = raw.find(b"\n", at + _STRETCH) + 1
            if not end:
                return
            self._ends.append(end)
            self._latest.append(_latest(raw[at:end]))
            at = end


class _Found:
    """What was found so far. What is taken back later has to be seen in the order it was told."""

    def __init__(self, wanted: Search) -> None:
        self._since = wanted.ended_since
        self._uids = None if wanted.uids is None else {b"%d" % uid for uid in wanted.uids}
        self._names = _plain(wanted.names)
        outcomes = wanted.outcomes
        self._outcomes = None if outcomes is None else {name.encode() for name in outcomes}
        self._keys: dict[tuple[bytes, bytes], None] = {}
        self._purged: set[bytes] = set()

    def take(self, lines: bytes) -> None:
        """Looks at whole lines; one that is torn at the end counts for nothing."""
        for line in lines.split(b"\n")[:-1]:
            fields = line.split(b"\t")
            if fields[0] == _GONE and len(fields) > 2:
                self._take_back(fields[1], fields[2])
            elif len(fields) == _FIELDS:
                self._see(fields)

    def _take_back(self, number: bytes, task: bytes) -> None:
        if task == _ALL:
            self._purged.add(number)  # for good: ids are never used again
        else:
            self._keys.pop((number, task), None)

    def _see(self, fields: list[bytes]) -> None:
        if (
            (self._uids is None or fields[2] in self._uids)
            and (self._names is None or fields[9].lower() in self._names)
            and (self._outcomes is None or fields[3] in self._outcomes or fields[5] == _NOT_STARTED)
            and _seconds(fields[4]) >= self._since
        ):
            self._keys[fields[0], fields[1]] = None
        elif self._keys:
            self._keys.pop((fields[0], fields[1]), None)

    def numbers(self) -> set[int]:
        """Of which jobs something was found."""
        kept = (number for number, _ in self._keys if number not in self._purged)
        return {int(number) for number in kept if number.isdigit()}


def _latest(lines: bytes) -> float:
    """The latest end in some lines; for ever if they take something back."""
    latest = -1.0
    for line in lines.split(b"\n"):
        if line.startswith(_GONE):
            return math.inf
        fields = line.split(b"\t", 5)
        if len(fields) > 5:
            latest = max(latest, _seconds(fields[4]))
    return latest


def _plain(names: Collection[str] | None) -> set[bytes] | None:
    """The names as they stand in a log; None if letters of theirs have no case that is plain."""
    if names is None or not all(name.isascii() for name in names):
        return None
    return {json.dumps(name)[1:-1].encode("ascii") for name in names}


def _seconds(text: bytes) -> float:
    try:
        seconds = float(text)
    except ValueError:
        return -1.0
    return seconds if math.isfinite(seconds) else -1.0
