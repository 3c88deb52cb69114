"""What commands call: one question to the dispatcher, one answer, nothing heavy imported.

Imported on the start-up path of tsbatch, tsqueue and tscancel.
"""

from __future__ import annotations

import _socket
import posix
import sys
import time  # noqa: TID251 - loaded by every interpreter anyhow; only to wait between two tries

from tinysched import __version__
from tinysched.errors import (
    ASK_FOR_GROUP,
    HungUpError,
    NoAccessError,
    TryLaterError,
    WireError,
)
from tinysched.site import Site
from tinysched.wire.fields import HEADER, PROTOCOL, body_size, pack, unpack

SOCKET = "run/ctl.sock"
LONGEST_PATH = 107
ANSWER_S = 30.0
RETRY_S = 0.05
LARGEST_EXIT = 255


class Reply:
    """The dispatcher's answer: ready text and an exit code.

    `agent_missing`: the caller has unfinished jobs and no agent. `values`: whatever else was said.
    `server_pid` is the dispatcher's own, as the kernel knows it.
    """

    __slots__ = ("agent_missing", "err", "exit_code", "out", "server_pid", "values")

    def __init__(self, fields: list[tuple[str, bytes]], out: bytes, server_pid: int) -> None:
        values: dict[str, bytes] = {}
        for name, value in fields:
            values[name] = value
        self.exit_code = exit_code_in(values.pop("exit", b"1"))
        self.out = out + values.pop("out", b"")
        self.err = values.pop("err", b"")
        self.agent_missing = values.pop("agent_missing", b"0") == b"1"
        self.values = values
        self.server_pid = server_pid


def ask(site: Site, verb: str, fields: list[tuple[str, bytes]], wait_s: float = 0.0) -> Reply:
    """One question, one answer.

    `wait_s`: how long to go on trying while no dispatcher is there.

    Raises: TryLaterError if no dispatcher answers (HungUpError if one heard the question);
    WireError if the one who does is not the admin.
    """
    connection = connect(site, wait_s)
    try:
        connection.settimeout(ANSWER_S)
        _say(connection, pack(verb, hello() + fields))
        return _reply(connection, peer(connection)[0])
    except ConnectionResetError:
        raise _hung_up() from None
    except OSError as error:
        raise TryLaterError(
            f"cannot ask the dispatcher: {_words(error)}", "try again, or ask 'tsdaemon status'"
        ) from None
    finally:
        connection.close()


def _say(connection: _socket.socket, message: bytes) -> None:
    try:
        connection.sendall(message)
    except BrokenPipeError:
        return  # hung up before it heard the question: but it may have said why


def hello() -> list[tuple[str, bytes]]:
    """What every conversation begins with."""
    return [("protocol", b"%d" % PROTOCOL), ("version", __version__.encode())]


def connect(site: Site, wait_s: float = 0.0) -> _socket.socket:
    """A blocking connection to the dispatcher of a site, its owner checked.

    Raises: TryLaterError if there is none; WireError if it belongs to somebody else.
    """
    connection = _dial_patiently(site, int(wait_s / RETRY_S))
    try:
        trusted = site.admin_uid if site.admin_uid is not None else posix.stat(site.root).st_uid
        uid = peer(connection)[1]
        if uid != trusted:
            raise WireError(
                f"cannot trust the dispatcher of {site.root}: it runs as uid {uid}, not {trusted}"
            )
    except BaseException:
        connection.close()
        raise
    return connection


def _dial_patiently(site: Site, retries: int) -> _socket.socket:
    while True:
        try:
            return dial(f"{site.root}/{SOCKET}")
        except OSError as error:
            if retries <= 0 or isinstance(error, PermissionError):
                raise _nobody_there(site, error) from None
        retries -= 1
        time.sleep(RETRY_S)


def dial(path: str) -> _socket.socket:
    """A connection to a Unix socket whose path may be longer than the kernel takes."""
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        if len(path) <= LONGEST_PATH:
            connection.connect(path)
            return connection
        folder, _, name = path.rpartition("/")
        descriptor = posix.open(folder, posix.O_PATH | posix.O_DIRECTORY | posix.O_CLOEXEC)
        try:
            connection.connect(f"/proc/self/fd/{descriptor}/{name}")
        finally:
            posix.close(descriptor)
    except BaseException:
        connection.close()
        raise
    return connection


def peer(connection: _socket.socket) -> tuple[int, int, int]:
    """Pid, uid and gid of the other end, from the kernel."""
    raw = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    order = sys.byteorder
    return (
        int.from_bytes(raw[0:4], order),
        int.from_bytes(raw[4:8], order),
        int.from_bytes(raw[8:12], order),
    )


def _reply(connection: _socket.socket, server_pid: int) -> Reply:
    parts: list[bytes] = []
    while True:
        body = _read(connection, body_size(_read(connection, HEADER)))
        verb, fields = unpack(body)
        if verb == "reply":
            return Reply(fields, b"".join(parts), server_pid)
        if verb != "part":
            raise WireError(
                f"cannot read the dispatcher's answer: unknown message {verb[:40]!r}",
                "it may be of another version: 'tsdaemon status' tells",
            )
        parts.extend(value for name, value in fields if name == "out")


def exit_code_in(value: bytes) -> int:
    """The exit code in an answer.

    Raises: WireError for what no command can end with.
    """
    if len(value) > 3 or not value.isdigit() or int(value) > LARGEST_EXIT:
        raise WireError(f"cannot read the dispatcher's answer: exit code {value[:20]!r}")
    return int(value)


def _read(connection: _socket.socket, size: int) -> bytes:
    pieces: list[bytes] = []
    while size:
        piece = connection.recv(min(size, 1 << 20))
        if not piece:
            raise _hung_up()
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _hung_up() -> HungUpError:
    return HungUpError("cannot read the dispatcher's answer: it hung up", "try again in a moment")


def _nobody_there(site: Site, error: OSError) -> TryLaterError:
    if isinstance(error, PermissionError):
        return NoAccessError(
            f"cannot reach the dispatcher of {site.root}: permission denied",
            ASK_FOR_GROUP,
        )
    return TryLaterError(
        f"cannot reach the dispatcher of {site.root}: it is not running",
        "start it with 'tsdaemon start' (the queue's admin), then try again",
    )


def _words(error: OSError) -> str:
    return error.strerror or "no answer in time"
