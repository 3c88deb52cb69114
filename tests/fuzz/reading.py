"""How parsers are handed their texts: as bytes, words, files, messages."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tinysched.errors import SpoolError
from tinysched.spool import decoding, requests
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import DISK
from tinysched.wire.channel import Message
from tinysched.wire.fields import unpack

REQUEST_FILES = {
    "argv": b"job.sh\0", "variables": b"SBATCH_X=1\0", "environment": b"A=1\0", "cwd": b"/w",
    "umask": b"0022\n", "limits": b"", "command": b"tsbatch\n",
}  # fmt: skip

Read = Callable[[bytes, str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """`read` takes the text and an empty directory that it may fill.

    `errors` is all that may be raised, `seeds` are texts that make sense. `longest`: nobody reads
    more of it (bytes).
    """

    read: Read
    seeds: tuple[bytes, ...]
    errors: tuple[type[Exception], ...] = ()
    longest: int = 2**20


def raw(read: Callable[[bytes], object]) -> Read:
    """A parser of bytes."""
    return lambda content, _place: read(content)


def text(read: Callable[[str], object]) -> Read:
    """A parser of text."""
    return lambda content, _place: read(content.decode("utf-8", "surrogateescape"))


def words(read: Callable[[list[str]], object]) -> Read:
    """A parser of a command line: NUL between its words."""
    return text(lambda line: read(line.split("\0")))


def said(read: Callable[[Message], object]) -> Read:
    """A parser of a message, or of a field in it."""

    def parse(content: bytes, _place: str) -> object:
        verb, found = unpack(content)
        return read(Message(verb=verb, fields=found))

    return parse


def document(read: Callable[[decoding.Fields], object]) -> Read:
    """A parser of a part of a record."""
    return raw(lambda content: read(decoding.parse(content, "record")))


def stored(name: str, read: Callable[[Folder], object]) -> Read:
    """A parser of a file."""

    def parse(content: bytes, place: str) -> object:
        Path(place, name).write_bytes(content)
        folder = Folder.open_root(DISK, place)
        try:
            return read(folder)
        finally:
            folder.close()

    return parse


def a_request(content: bytes, place: str) -> object:
    """Each file of an older stored request in turn, with the others as they should be.

    Raises: SpoolError if it makes sense in none of them, and none as a request of today.
    """
    for name, sensible in REQUEST_FILES.items():
        Path(place, name).write_bytes(sensible)
    refusals: list[SpoolError] = []
    read = partial(requests.read_request, token="t", uid=os.getuid())
    for name, sensible in REQUEST_FILES.items():
        try:
            stored(name, read)(content, place)
        except SpoolError as error:
            refusals.append(error)
        Path(place, name).write_bytes(sensible)
    try:
        stored("request", partial(requests.read_request, token="t", uid=os.getuid()))(
            content, place
        )
    except SpoolError as error:
        refusals.append(error)
    Path(place, "request").unlink()
    if len(refusals) == len(REQUEST_FILES) + 1:
        raise refusals[0]
    return None
