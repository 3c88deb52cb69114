"""Opening what a job reads from and writes to, without ever waiting for anybody."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Sequence

from tinysched.errors import TinyschedError

Stream = str | int
"""A path to open, or a descriptor to hand on (a foreground job keeps its terminal)."""

_OPEN_ALWAYS = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FIRST_FREE = 3


class StreamError(TinyschedError):
    """A stream that cannot be opened."""


def opened(wanted: tuple[Stream, Stream, Stream], umask: int, *, append: bool) -> list[int]:
    """Open stdin, stdout and stderr as new descriptors, which nobody inherits, none of them 0 to 2.

    The last two are the same if they are of one file. Raises: StreamError.
    """
    # What others add, we among them, a job never writes over: not even if it may truncate.
    how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (0 if append else os.O_TRUNC)
    # The mode is given whole: a default ACL on the directory would switch a umask off.
    mode = 0o666 & ~umask
    found: list[int] = []
    before = os.umask(0)
    try:
        for stream, flags in zip(wanted, (os.O_RDONLY, how, how), strict=True):
            found.append(_open(stream, flags, mode))
    except StreamError:
        _close(found)
        raise
    finally:
        os.umask(before)
    if os.path.samestat(os.fstat(found[1]), os.fstat(found[2])):
        # One file: one offset for both, or each would write over the other's lines.
        os.close(found[2])
        found[2] = found[1]
    return found


def above_streams(descriptor: int) -> int:
    """Move a descriptor away from 0, 1 and 2, should the caller have none of these."""
    if descriptor >= _FIRST_FREE:
        return descriptor
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
    os.close(descriptor)
    return moved


def shut_all() -> None:
    """Have every exec from now on close whatever a job was not promised."""
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor >= _FIRST_FREE:
            try:
                if os.get_inheritable(descriptor):
                    os.set_inheritable(descriptor, False)
            except OSError:
                continue  # the listing's own, closed by now


def _open(stream: Stream, how: int, mode: int) -> int:
    """Open a stream without ever waiting for somebody at the other end of a FIFO."""
    try:
        if isinstance(stream, int):
            return fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
        descriptor = above_streams(os.open(stream, how | _OPEN_ALWAYS, mode))
        try:
            _settle(descriptor)
        except OSError:
            os.close(descriptor)
            raise
    except OSError as error:
        why = "nobody reads from this FIFO" if error.errno == errno.ENXIO else error.strerror
        raise StreamError(f"cannot open {stream}: {why}") from error
    return descriptor


def _settle(descriptor: int) -> None:
    """Have reads and writes wait from now on. Raises: OSError for a directory."""
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
