"""What was published last, in two files that are written one after the other and used again.

A transaction is safe here, all of it or nothing, with one wait for the disk; the queue's own files
are written at leisure (placing.py), and what the system has not yet put on the disk of them by
itself is waited for when a file of the journal is to be used again (settling.py).
"""

from __future__ import annotations

import posix
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tinysched.errors import SpoolError
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import cannot, write_all
from tinysched.spool.endedlog import Key
from tinysched.spool.transactions import (
    HEAD_SIZE,
    MARK_SIZE,
    NO_FRAME,
    NO_HEAD,
    Entry,
    Kind,
    frame,
    frames,
    head,
    read_head,
)

LARGEST = 1 << 30
# A file grows by so much at a time, and is written no further when it is as large as this.
STEP = 1 << 18
ENOUGH = 1 << 24


@dataclass(slots=True)
class Part:
    """A file of the journal, while it has a turn. `homes`: where the newest it has of each lies.

    `end`: of its last transaction; 0: it has not even a head.
    """

    name: str
    fd: int
    turn: int
    mark: bytes
    end: int = 0
    homes: dict[Key, str] = field(default_factory=dict)
    scripts: set[int] = field(default_factory=set)

    def learn(self, entry: Entry) -> None:
        """One more entry of it."""
        if entry.kind is Kind.RECORD:
            self.homes[entry.number, entry.task] = entry.folder
        elif entry.kind is Kind.SCRIPT:
            self.scripts.add(entry.number)

    def __bool__(self) -> bool:
        """Whether it has a transaction."""
        return self.end > HEAD_SIZE


class Journal:
    """For the queue's one writer. `on_use`: called before the first transaction after none."""

    def __init__(self, state: Folder, on_use: Callable[[], None]) -> None:
        self._state = state
        self._on_use = on_use
        self._fds: dict[str, int] = {}
        self._parts: list[Part] = []  # the oldest first; the last one is written
        self._turn = 0
        self._is_torn = False
        self._is_used = False

    def recover(self) -> tuple[list[Entry], list[str]]:
        """What a former writer left, in order, and a sentence about each file that is damaged.

        Raises: SpoolError.
        """
        entries: list[Entry] = []
        found, notes = _read_all(self._state)
        for name, turn, mark, raw in found:
            part = Part(name, self._fd(name), turn, mark, HEAD_SIZE)
            for some, part.end in frames(mark, raw):
                entries += some
                for entry in some:
                    part.learn(entry)
            self._parts.append(part)
            self._turn = turn
        self._is_used = bool(found)
        return entries, notes

    # Writing

    def append(self, entries: Sequence[Entry]) -> None:
        """Make a transaction safe.

        Raises: SpoolError; it has not happened then, now or after a restart.
        """
        if not self._is_used:
            self._on_use()
            self._is_used = True
        part = self._part()
        if self._is_torn:
            self._mend(part)
        content = frame(part.mark, entries)
        if not part.end:
            content = head(part.turn, part.mark) + content
        try:
            self._write(part, content)
        except OSError as error:
            self._is_torn = True
            with suppress(SpoolError):
                self._mend(part)
            raise cannot("write", self._state.where(part.name), error) from error
        part.end += len(content)
        for entry in entries:
            part.learn(entry)

    def _write(self, part: Part, content: bytes) -> None:
        """Into what is there; if that is too small, it grows by more than is needed now."""
        end = part.end + len(content)
        if end > posix.fstat(part.fd).st_size:
            content += bytes(-end % STEP)
        posix.lseek(part.fd, part.end, 0)
        write_all(self._state.disk, part.fd, content)
        self._state.disk.datasync(part.fd)

    def _mend(self, part: Part) -> None:
        """Make sure that what was refused is not found by a later writer.

        Raises: SpoolError.
        """
        try:
            posix.lseek(part.fd, part.end, 0)
            write_all(self._state.disk, part.fd, NO_FRAME if part.end else NO_HEAD)
            self._state.disk.datasync(part.fd)
        except OSError as error:
            raise cannot("write", self._state.where(part.name), error) from error
        self._is_torn = False

    @property
    def is_torn(self) -> bool:
        """Whether what was refused could not be taken back yet."""
        return self._is_torn

    def mend(self) -> None:
        """Take it back. Raises: SpoolError."""
        if self._is_torn:
            self._mend(self._parts[-1])

    def _part(self) -> Part:
        """The file to write; another one when it is large enough, and the other one is free."""
        if not self._parts or (self._parts[-1].end > ENOUGH and len(self._parts) == 1):
            self.turn_over()
        return self._parts[-1]

    def turn_over(self) -> None:
        """Write another file from now on, if there is something in this one and one is free.

        Raises: SpoolError.
        """
        used = {part.name for part in self._parts}
        free = [name for name in tree.JOURNALS if name not in used]
        if not free or self._is_torn or (self._parts and not self._parts[-1]):
            return
        fd = self._fd(free[0])
        self._turn += 1
        self._parts.append(Part(free[0], fd, self._turn, posix.urandom(MARK_SIZE)))

    def _fd(self, name: str) -> int:
        if name not in self._fds:
            is_new = self._state.status(name) is None
            fd = self._state.keep(name, tree.CLOSED_FILE_MODE)
            self._fds[name] = fd
            if is_new:
                self._state.sync()
        return self._fds[name]

    @property
    def is_used(self) -> bool:
        """Whether it had something since it was opened."""
        return self._is_used

    # What it covers

    @property
    def parts(self) -> Sequence[Part]:
        """The files that have a turn, the oldest first; the last one is being written."""
        return self._parts

    def covers(self, numbers: set[int]) -> set[int]:
        """Those of these jobs that it has something of."""
        found: set[int] = set()
        for part in self._parts:
            found |= {key[0] for key in part.homes if key[0] in numbers} | part.scripts & numbers
        return found

    def forget(self, numbers: set[int]) -> None:
        """Jobs are gone for good, and a transaction says so: nothing of them is waited for."""
        for part in self._parts:
            part.scripts -= numbers
            for key in [key for key in part.homes if key[0] in numbers]:
                del part.homes[key]

    def free(self) -> None:
        """The oldest file's turn is over: all it has is safe elsewhere.

        Raises: SpoolError.
        """
        part = self._parts[0]
        disk = self._state.disk
        try:
            posix.lseek(part.fd, 0, 0)
            write_all(disk, part.fd, NO_HEAD)
            if posix.fstat(part.fd).st_size > ENOUGH + STEP:
                disk.truncate(part.fd, ENOUGH)
            disk.datasync(part.fd)
        except OSError as error:
            raise cannot("write", self._state.where(part.name), error) from error
        del self._parts[0]
        self._is_torn = self._is_torn and bool(self._parts)

    def close(self) -> None:
        """Let go of the files."""
        for fd in self._fds.values():
            self._state.disk.close(fd)
        self._fds.clear()


def newest(entries: Sequence[Entry]) -> dict[tuple[Kind, Key], Entry]:
    """What counts of all that was ever written, by kind and job."""
    found: dict[tuple[Kind, Key], Entry] = {}
    gone: set[int] = set()
    for entry in reversed(entries):
        if entry.kind is Kind.GONE:
            gone.add(entry.number)
        elif entry.number not in gone:
            found.setdefault((entry.kind, (entry.number, entry.task)), entry)
    return found


def peek(state: Folder) -> list[Entry]:
    """What is in the journal of somebody else's queue, as far as it can be read."""
    try:
        found, _ = _read_all(state)
    except SpoolError:  # it is for the queue's owner alone: others see it a little later
        return []
    return [entry for _, _, mark, raw in found for some, _ in frames(mark, raw) for entry in some]


def _read_all(state: Folder) -> tuple[list[tuple[str, int, bytes, bytes]], list[str]]:
    """Name, turn, mark and content of each file that has a turn, in order."""
    found: list[tuple[str, int, bytes, bytes]] = []
    notes: list[str] = []
    for name in tree.JOURNALS:
        try:
            raw = state.read(name, LARGEST) or b""
        except SpoolError as error:
            cure = (
                "what was recorded last is in it: without that it can be removed, as a last resort"
            )
            raise SpoolError(error.sentence, cure) from error
        known = read_head(raw)
        if known is not None:
            found.append((name, *known, raw))
        if _is_damaged(known, raw):
            what = "it is damaged; what was recorded last may be missing"
            notes.append(f"cannot read all of {state.where(name)}: {what}")
    found.sort(key=lambda part: part[1])
    return found, notes


def _is_damaged(known: tuple[int, bytes] | None, raw: bytes) -> bool:
    """A write that was cut short leaves nothing behind it; anything else is damage."""
    if known is None:
        return any(raw[:HEAD_SIZE])
    end = max([HEAD_SIZE, *(end for _, end in frames(known[1], raw))])
    return raw.find(known[1], end + 1) >= 0
