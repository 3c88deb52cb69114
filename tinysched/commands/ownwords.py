"""What only the owner of a job has, and nobody else can change: words and paths.

The dispatcher knows how many arguments a script was given, not which; and no agent takes the name
of a file from it. So scontrol reads and writes its caller's own copy of the request.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from tinysched.errors import SpoolError, VerbatimError
from tinysched.report.text import visible
from tinysched.site import Site
from tinysched.spool.private import Private
from tinysched.wire.client import Reply


def write(site: Site, content: bytes) -> None:
    """Changes the copies of the requests that an update is about.

    Raises: VerbatimError if one cannot be changed.
    """
    try:
        private = Private.open(site.root, os.getuid())
        for one in json.loads(content):
            private.alter(str(one["token"]), int(one["job"]), one["changes"])
        private.close()
    except (SpoolError, ValueError) as error:
        raise VerbatimError(f"scontrol: error: {error}\n") from None


def filled_in(site: Site, reply: Reply) -> Reply:
    """The answer with the caller's own arguments where they are left open."""
    out = reply.out
    for mark, arguments in _arguments(site, reply.values["arguments"]):
        out = out.replace(mark, arguments)
    reply.out = out
    return reply


def _arguments(site: Site, content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """What stands open, and what belongs there; nothing, where it cannot be read."""
    try:
        private = Private.open(site.root, os.getuid())
    except SpoolError:
        private = None
    for line in content.decode().splitlines():
        number, count, token = line.split(" ")
        words: tuple[str, ...] = ()
        try:
            if private is not None and private.bound(token) == int(number):
                words = private.request(token).argv[-int(count) :]
        except SpoolError:
            words = ()
        text = "".join(f" {visible(word)}" for word in words)
        yield mark(int(number)), text.encode("utf-8", "surrogateescape")
    if private is not None:
        private.close()


def mark(number: int) -> bytes:
    """What the dispatcher writes where the arguments of a job belong."""
    return b"\x1a%d\x1a" % number
