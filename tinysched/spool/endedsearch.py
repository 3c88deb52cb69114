"""Finds jobs by their lines in state/ended.log without making sense of all the others."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

_GONE = b"gone"
_NOT_STARTED = b"-"
_ALL = b"*"
_FIELDS = 10


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
    uids = None if wanted.uids is None else {b"%d" % uid for uid in wanted.uids}
    names = _plain(wanted.names)
    outcomes = None if wanted.outcomes is None else {name.encode() for name in wanted.outcomes}
    found: dict[tuple[bytes, bytes], None] = {}
    purged: set[bytes] = set()
    for line in raw.split(b"\n")[:-1]:
        fields = line.split(b"\t")
        if fields[0] == _GONE and len(fields) > 2:
            if fields[2] == _ALL:
                purged.add(fields[1])  # for good: ids are never used again
            else:
                found.pop((fields[1], fields[2]), None)
            continue
        if len(fields) != _FIELDS:
            continue
        if (
            (uids is None or fields[2] in uids)
            and (names is None or fields[9].lower() in names)
            and (outcomes is None or fields[3] in outcomes or fields[5] == _NOT_STARTED)
            and _seconds(fields[4]) >= wanted.ended_since
        ):
            found[fields[0], fields[1]] = None
        elif found:
            found.pop((fields[0], fields[1]), None)
    return {int(number) for number, _ in found if number not in purged and number.isdigit()}


def _plain(names: Collection[str] | None) -> set[bytes] | None:
    """The names as they stand in a log; None if letters of theirs have no case that is plain."""
    if names is None or not all(name.isascii() for name in names):
        return None
    return {json.dumps(name)[1:-1].encode("ascii") for name in names}


def _seconds(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0
