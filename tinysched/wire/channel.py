"""One end of a conversation: whole messages in, whole messages out, never waiting for the other.

For programs that serve many at once. Who is at the other end is asked of the kernel, never of the
other end.
"""

from __future__ import annotations

import _socket  # what socket adds to it is large
import os
from collections.abc import Sequence
from dataclasses import dataclass

from tinysched.errors import WireError
from tinysched.site import Site
from tinysched.wire.client import connect, dial, peer
from tinysched.wire.fields import HEADER, MAX_MESSAGE, body_size, pack, unpack

CHUNK = 64 * 1024
PART = 1024 * 1024
# So much is taken in at a time, and so much may wait for a slow reader before no more is taken in.
TURN = 1024 * 1024
PATIENCE = 1024 * 1024
LONGEST_BACKLOG = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who is at the other end, as the kernel knows it."""

    pid: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: its verb, and its fields in the order they came."""

    verb: str
    fields: Sequence[tuple[str, bytes]]

    def raw(self, name: str, default: bytes | None = None) -> bytes:
        """The last value of a field.

        Raises: WireError if it is missing and there is no default.
        """
        for given, value in reversed(self.fields):
            if given == name:
                return value
        if default is None:
            raise WireError(f"cannot read '{self.verb}': it has no field '{name}'")
        return default

    def text(self, name: str, default: str | None = None) -> str:
        """A field as text; bytes that are no UTF-8 survive as surrogates."""
        return self.raw(name, None if default is None else default.encode()).decode(
            "utf-8", "surrogateescape"
        )

    def many(self, name: str) -> list[str]:
        """All values of a repeated field, as text."""
        return [
            value.decode("utf-8", "surrogateescape")
            for given, value in self.fields
            if given == name
        ]


class Channel:
    """A connection that is never waited for."""

    def __init__(self, connection: _socket.socket) -> None:
        connection.setblocking(False)
        self._socket = connection
        pid, uid, gid = peer(connection)
        self.peer = Peer(pid=pid, uid=uid, gid=gid)
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self.closed = False

    def fileno(self) -> int:
        """For a selector."""
        return self._socket.fileno()

    @property
    def wants_write(self) -> bool:
        """Something is left that the other end has not taken yet."""
        return bool(self._outgoing) and not self.closed

    @property
    def held(self) -> int:
        """Bytes kept for the other end: what it has begun to say, and what it has not read."""
        return len(self._incoming) + len(self._outgoing)

    @property
    def has_message(self) -> bool:
        """A whole message has come in and was not taken yet.

        Raises: WireError if what has come in is none.
        """
        return self._whole_at(0) is not None

    @property
    def is_slow(self) -> bool:
        """The other end does not read what it asked for: it may ask again when it has."""
        return len(self._outgoing) > PATIENCE

    def receive(self, most: int = MAX_MESSAGE) -> list[Message]:
        """At most so many messages that are whole by now; `closed` once the other end has gone.

        Raises: WireError if the other end breaks the rules.
        """
        if not self.has_message:
            self._fill()
        messages: list[Message] = []
        at = 0
        while len(messages) < most and (end := self._whole_at(at)) is not None:
            verb, fields = unpack(bytes(self._incoming[at + HEADER : end]))
            at = end
            messages.append(Message(verb=verb, fields=fields))
        del self._incoming[:at]
        return messages

    def _whole_at(self, at: int) -> int | None:
        """Where the message ends that begins here; None: there is more to come."""
        if len(self._incoming) - at < HEADER:
            return None
        end = at + HEADER + body_size(bytes(self._incoming[at : at + HEADER]))
        return None if len(self._incoming) < end else end

    def _fill(self) -> None:
        before = len(self._incoming)
        while not self.closed:
            try:
                piece = self._socket.recv(CHUNK)
            except BlockingIOError:
                return
            except OSError:
                piece = b""
            if not piece:
                self.closed = True
            self._incoming += piece
            if len(piece) < CHUNK or len(self._incoming) - before >= TURN:
                return

    def send(self, verb: str, fields: Sequence[tuple[str, bytes]]) -> None:
        """Queues a message and hands over as much as the other end takes; never raises for it."""
        self.queue(verb, fields)
        self.flush()

    def queue(self, verb: str, fields: Sequence[tuple[str, bytes]]) -> None:
        """Says something together with what is said next, or at the next `flush`."""
        if self.closed:
            return
        self._outgoing += pack(verb, list(fields))
        if len(self._outgoing) > LONGEST_BACKLOG:
            self.closed = True

    def answer(self, fields: Sequence[tuple[str, bytes]], out: bytes = b"") -> None:
        """Replies to a command; text of any length goes in parts."""
        for start in range(0, max(len(out) - PART, 0), PART):
            self.send("part", [("out", out[start : start + PART])])
        sent = max(0, -(-(len(out) - PART) // PART)) * PART
        self.send("reply", [*fields, ("out", out[sent:])])

    def flush(self) -> None:
        """Hands over what the other end takes now."""
        while self.wants_write:
            try:
                with memoryview(self._outgoing) as waiting:
                    taken = self._socket.send(waiting[:PART])
            except BlockingIOError:
                return
            except BrokenPipeError:
                self._outgoing.clear()  # it hung up; what it said before is still to be heard
                return
            except OSError:
                self.closed = True
                return
            del self._outgoing[:taken]

    def give_up(self) -> None:
        """Hears no more of what was said, and says no more: to be closed by whoever waits on it."""
        self.closed = True
        self._incoming.clear()
        self._outgoing.clear()

    def close(self) -> None:
        """Ends the conversation."""
        self.closed = True
        self._socket.close()


class Listener:
    """A Unix socket that others may call, bound under another name and renamed: live or absent."""

    def __init__(self, folder: str, name: str, mode: int) -> None:
        self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._name = name
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_NONBLOCK)
        draft = f".{name}.{os.getpid()}"
        try:
            self._remove(draft)
            self._socket.bind(f"/proc/self/fd/{self._folder}/{draft}")
            os.chmod(draft, mode, dir_fd=self._folder)
            self._socket.listen(512)
            os.rename(draft, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        except OSError as error:
            self._socket.close()
            os.close(self._folder)
            raise WireError(f"cannot listen on {folder}/{name}: {error.strerror}") from None

    def _remove(self, name: str) -> None:
        try:
            os.unlink(name, dir_fd=self._folder)
        except FileNotFoundError:
            return

    def fileno(self) -> int:
        """For a selector."""
        return self._socket.fileno()

    @property
    def descriptors(self) -> tuple[int, int]:
        """What a forked child keeps open to go on listening."""
        return self._socket.fileno(), self._folder

    def accept(self) -> Channel | None:
        """The next caller, or None if nobody calls any more."""
        try:
            descriptor, _ = self._socket._accept()  # type: ignore[attr-defined] # as socket calls it
        except OSError:
            return None
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, descriptor)
        try:
            return Channel(connection)
        except OSError:
            connection.close()
            return None

    def close(self) -> None:
        """Stops listening and takes the name away."""
        self._socket.close()
        self._remove(self._name)
        os.close(self._folder)

    def abandon(self) -> None:
        """Drops the descriptors in a forked child; the name stays with the parent."""
        self._socket.close()
        os.close(self._folder)


def call(path: str, trusted_uid: int) -> Channel:
    """A channel to a listener that must belong to `trusted_uid`.

    Raises: OSError if nobody listens; WireError if it is somebody else.
    """
    connection = dial(path)
    channel = Channel(connection)
    if channel.peer.uid != trusted_uid:
        channel.close()
        raise WireError(f"cannot trust {path}: it belongs to uid {channel.peer.uid}")
    return channel


def connected(site: Site, wait_s: float) -> Channel:
    """A channel to the dispatcher of a site, waited for as long as `wait_s` says.

    Raises: TryLaterError if there is none; WireError if it belongs to somebody else.
    """
    return Channel(connect(site, wait_s))
