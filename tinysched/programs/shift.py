"""A worker's end of the line to its agent: one run after another comes down it.

A worker takes another run only when nothing of the one before lives. It goes when the agent hangs
up, or has died.
"""

from __future__ import annotations

import _socket  # what socket adds to it is large
import sys
from dataclasses import dataclass

from tinysched.errors import TinyschedError
from tinysched.job.runs import Grant
from tinysched.wire import messages
from tinysched.wire.channel import Message
from tinysched.wire.fields import HEADER, pack, unpack

_LARGEST = 1 << 16
_VERB = "grant"
_INT = 4  # bytes of a descriptor in SCM_RIGHTS; see unix(7)
_CLOSED_BY_EXEC = _socket.MSG_CMSG_CLOEXEC
_ROOM = _socket.CMSG_LEN(2 * _INT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A claimed run with what belongs to it: both its locks."""

    grant: Grant
    worker_lock_fd: int
    alive_fd: int


class Shift:
    """The line, as the worker has it."""

    def __init__(self, line: _socket.socket) -> None:
        self._line = line

    def fileno(self) -> int:
        """What a forked worker keeps open."""
        return self._line.fileno()

    def close(self) -> None:
        """Lets go of the worker's end."""
        self._line.close()

    def wait(self) -> Handed | None:
        """The next run; None: there is none, and nobody to wait for."""
        try:
            content, attached, _, _ = self._line.recvmsg(_LARGEST, _ROOM, _CLOSED_BY_EXEC)
            if not content:
                return None
            verb, fields = unpack(content[HEADER:])
            grant = messages.read_grant(Message(verb=verb, fields=fields))
            lock, alive = _descriptors(attached)
        except (OSError, ValueError, TinyschedError):
            return None  # the agent finds that it did not start, and starts it otherwise
        return Handed(grant=grant, worker_lock_fd=lock, alive_fd=alive)


def open_line() -> tuple[_socket.socket, Shift]:
    """A new line: the agent's end, and the worker's."""
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    return ours, Shift(theirs)


def hand_over(line: _socket.socket, handed: Handed) -> bool:
    """Send a run down the line; False: nobody is there to take it."""
    content = pack(_VERB, list(messages.grant_fields(handed.grant)))
    descriptors = [handed.worker_lock_fd, handed.alive_fd]
    attached = b"".join(fd.to_bytes(_INT, sys.byteorder) for fd in descriptors)
    try:
        line.sendmsg([content], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, attached)])
    except OSError:
        return False
    return True


def _descriptors(attached: list[tuple[int, int, bytes]]) -> list[int]:
    """What came with a message."""
    return [
        int.from_bytes(content[at : at + _INT], sys.byteorder)
        for level, kind, content in attached
        if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS)
        for at in range(0, len(content) - len(content) % _INT, _INT)
    ]
