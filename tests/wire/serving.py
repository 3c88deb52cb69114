"""A small server of one's own, in a thread: what a client meets at the other end."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator

from tinysched.site import Site
from tinysched.wire.fields import HEADER, pack, unpack

Work = Callable[[socket.socket], object]


def read_message(connection: socket.socket) -> tuple[str, list[tuple[str, bytes]]]:
    """One whole message, read the patient way."""
    size = int.from_bytes(_exactly(connection, HEADER), "big")
    return unpack(_exactly(connection, size))


def _exactly(connection: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        piece = connection.recv(size - len(content))
        if not piece:
            raise EOFError
        content += piece
    return content


def reply(*fields: tuple[str, bytes]) -> Work:
    """Reads a question and answers it with these fields."""

    def work(connection: socket.socket) -> None:
        read_message(connection)
        connection.sendall(pack("reply", list(fields)))

    return work


def site_at(root: object, admin_uid: int | None = None) -> Site:
    return Site(str(root), admin_uid, "/bin")


@contextlib.contextmanager
def serving(root: object, work: Work, *, as_uid: int | None = None) -> Iterator[None]:
    """Does `work` for one caller of the root's socket."""
    os.makedirs(f"{root}/run", exist_ok=True)
    folder = os.open(f"{root}/run", os.O_PATH)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(f"/proc/self/fd/{folder}/ctl.sock")
    _listen(listener, as_uid)
    thread = threading.Thread(target=_serve, args=(listener, work))
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # ends an accept that nobody answered
        thread.join(10)
        listener.close()
        os.close(folder)
        assert not thread.is_alive(), "the server still waits"


def _listen(listener: socket.socket, as_uid: int | None) -> None:
    """The kernel tells callers whose process began to listen."""
    if as_uid is not None:
        os.seteuid(as_uid)
    try:
        listener.listen(8)
    finally:
        if as_uid is not None:
            os.seteuid(0)


def _serve(listener: socket.socket, work: Work) -> None:
    try:
        connection, _ = listener.accept()
    except OSError:
        return
    with connection, contextlib.suppress(OSError, EOFError):
        work(connection)
