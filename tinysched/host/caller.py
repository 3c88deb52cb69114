"""What the caller of a command handed it, before Python had a say.

Imported on the start-up path of tsbatch: imports only posix.
"""

from __future__ import annotations

import posix

_PIECE = 1 << 16


def environment() -> bytes:
    """The environment this process was started with, as it was; NUL after each variable.

    Not `os.environ`: in a C locale Python adds LC_CTYPE to that, which the caller never set.
    Raises: OSError.
    """
    return whole("/proc/self/environ")


def variables() -> dict[bytes, bytes]:
    """The same as a table; of two of one name the first counts, as for getenv(3)."""
    table: dict[bytes, bytes] = {}
    for pair in environment().split(b"\0"):
        name, equals, value = pair.partition(b"=")
        if name and equals:
            table.setdefault(name, value)
    return table


def whole(path: str) -> bytes:
    """A file of /proc, whose size nobody knows before it is read. Raises: OSError."""
    descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        pieces: list[bytes] = []
        while piece := posix.read(descriptor, _PIECE):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        posix.close(descriptor)


def keep_streams_apart() -> None:
    """Fills the places of closed standard streams, so that no file of ours ends up in one.

    Reading from or writing to such a place fails, as it would have before.
    """
    for number, way in ((0, posix.O_WRONLY), (1, posix.O_RDONLY), (2, posix.O_RDONLY)):
        try:
            posix.fstat(number)
        except OSError:
            posix.open("/dev/null", way)  # the lowest free number: this one
