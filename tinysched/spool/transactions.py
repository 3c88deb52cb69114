"""What a journal's file holds: a head, then transactions, each of them whole or not there at all.

A head names the file's turn and the mark that each transaction of this turn bears: what is left of
former turns, and what anybody has written into a script, is none of them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from tinysched.spool.tree import FOLDERS

MARK_SIZE = 8
_MAGIC = b"\xf5tsjrn1\n"
_HEAD = struct.Struct(f"<8sQ{MARK_SIZE}sI")
_FRAME = struct.Struct(f"<{MARK_SIZE}sQI")
_ENTRY = struct.Struct("<BBQqQQ")
HEAD_SIZE = _HEAD.size
FRAME_SIZE = _FRAME.size
NO_HEAD = bytes(HEAD_SIZE)
NO_FRAME = bytes(FRAME_SIZE)


class Kind(IntEnum):
    """What an entry is about; its number is on the disk."""

    RECORD = 1
    SCRIPT = 2
    GONE = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A record or script that lies in a folder from now on, or a job that is gone for good."""

    kind: Kind
    number: int
    task: int | None = None
    folder: str = FOLDERS[0]
    revision: int = 0
    content: bytes = b""


def head(turn: int, mark: bytes) -> bytes:
    """The head of a file whose turn it is."""
    checked = zlib.crc32(_HEAD.pack(_MAGIC, turn, mark, 0))
    return _HEAD.pack(_MAGIC, turn, mark, checked)


def read_head(raw: bytes) -> tuple[int, bytes] | None:
    """The turn and the mark; None: it has no turn, or this is no head."""
    if len(raw) < HEAD_SIZE:
        return None
    magic, turn, mark, _ = _HEAD.unpack_from(raw)
    if magic != _MAGIC or raw[:HEAD_SIZE] != head(turn, mark):
        return None
    return turn, mark


def frame(mark: bytes, entries: Sequence[Entry]) -> bytes:
    """One transaction."""
    parts = []
    for entry in entries:
        task = -1 if entry.task is None else entry.task
        place = FOLDERS.index(entry.folder)
        size = len(entry.content)
        parts.append(_ENTRY.pack(entry.kind, place, entry.number, task, entry.revision, size))
        parts.append(entry.content)
    body = b"".join(parts)
    checked = zlib.crc32(body, zlib.crc32(_FRAME.pack(mark, len(body), 0)))
    return _FRAME.pack(mark, len(body), checked) + body


def frames(mark: bytes, raw: bytes) -> Iterator[tuple[list[Entry], int]]:
    """All transactions of a file, in order, and where each of them ends."""
    at = HEAD_SIZE
    while len(raw) - at >= FRAME_SIZE:
        found, size, checked = _FRAME.unpack_from(raw, at)
        body = raw[at + FRAME_SIZE : at + FRAME_SIZE + size]
        if found != mark or len(body) != size:
            return
        if zlib.crc32(body, zlib.crc32(_FRAME.pack(mark, size, 0))) != checked:
            return
        try:
            entries = list(_entries(body))
        except (ValueError, IndexError, struct.error):
            return  # nobody of us has written that
        at += FRAME_SIZE + size
        yield entries, at


def _entries(body: bytes) -> Iterator[Entry]:
    at = 0
    while at < len(body):
        kind, place, number, task, revision, size = _ENTRY.unpack_from(body, at)
        at += _ENTRY.size
        yield Entry(
            Kind(kind),
            number,
            None if task < 0 else task,
            FOLDERS[place],
            revision,
            body[at : at + size],
        )
        at += size
