"""Printing files, once or as they grow: what a job writes to stdout goes to ours, stderr alike."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence

from tinysched.commands import console
from tinysched.host.clock import Clock, SystemClock
from tinysched.report.text import visible
from tinysched.report.tsout import OutFile

# How often a growing file is looked at, and how often the queue is asked which ones still grow.
GLANCE_S = 0.1
ASK_S = 1.0
CHUNK = 1 << 20

_STREAMS = {"OUT": 1, "ERR": 2}


class Printer:
    """Writes pieces of files to stdout and stderr, with a title when the file changes.

    `titled`: several files share a stream, so that one has to be told from the other.
    """

    def __init__(self, *, titled: bool) -> None:
        self._titled = titled
        self._last: dict[int, str] = {}

    def write(self, file: OutFile, piece: bytes) -> None:
        """The next piece of a file."""
        stream = _STREAMS[file.kind]
        if self._titled and self._last.get(stream) != file.path:
            gap = "\n" if stream in self._last else ""
            console.say(f"{gap}==> {visible(file.path)} <==\n".encode(), stream)
        self._last[stream] = file.path
        console.say(piece, stream)


class Tail:
    """One file, read on from where it was left. No descriptor is kept: there may be thousands."""

    def __init__(self, file: OutFile) -> None:
        self.file = file
        self._at = 0

    def next_piece(self) -> bytes:
        """What has come since the last time, or the first part of it.

        Raises: OSError if the file cannot be read.
        """
        size = os.stat(self.file.path).st_size
        if size < self._at:
            self._at = 0  # truncated: the job was started again
        piece = _read(self.file.path, self._at)
        self._at += len(piece)
        return piece

    def follow(self, file: OutFile) -> None:
        """Takes the file under its present name: a task's is certain only once it has started."""
        if file.path != self.file.path:
            self._at = 0
        self.file = file


class Follower:
    """Prints files as they grow, until the jobs that write them have ended.

    `look` gives the files as the queue knows them now.
    """

    def __init__(self, look: Callable[[], Sequence[OutFile]], clock: Clock | None = None) -> None:
        self._look = look
        self._clock = clock or SystemClock()
        self._tails: dict[tuple[str, str], Tail] = {}
        self._unread: dict[str, str] = {}

    def run(self, files: Sequence[OutFile]) -> list[str]:
        """Follows to the end; gives what could not be read, as sentences."""
        printer = Printer(titled=_share_a_stream(_distinct(files)))
        while True:
            growing = any(file.growing for file in files)
            self._take(files)
            self._print_for(ASK_S if growing else 0.0, printer)
            if not growing:
                return list(self._unread.values())
            files = self._look()

    def _take(self, files: Sequence[OutFile]) -> None:
        for file in _distinct(files):
            tail = self._tails.setdefault((file.job, file.kind), Tail(file))
            tail.follow(file)

    def _print_for(self, length_s: float, printer: Printer) -> None:
        end = self._clock.boottime() + length_s
        while True:
            for tail in self._tails.values():
                while piece := self._next_piece(tail):
                    printer.write(tail.file, piece)
            if self._clock.boottime() >= end:
                return
            self._clock.sleep(GLANCE_S)

    def _next_piece(self, tail: Tail) -> bytes:
        path = tail.file.path
        self._unread.pop(path, None)
        try:
            return tail.next_piece()
        except OSError as error:
            if not (tail.file.growing and isinstance(error, FileNotFoundError)):
                self._unread[path] = f"cannot read {visible(path)}: {error.strerror}"
            return b""


def _read(path: str, at: int) -> bytes:
    """A piece of a regular file; never waits for the other end of a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return os.pread(descriptor, CHUNK, at)
    finally:
        os.close(descriptor)


def _distinct(files: Sequence[OutFile]) -> list[OutFile]:
    """Each file once, the discarded ones not at all."""
    by_path: dict[str, OutFile] = {}
    for file in files:
        if file.path != os.devnull:
            by_path.setdefault(file.path, file)
    return list(by_path.values())


def _share_a_stream(files: Sequence[OutFile]) -> bool:
    kinds = [file.kind for file in files]
    return len(set(kinds)) < len(kinds)
