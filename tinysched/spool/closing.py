"""state/closed: what an admin has closed. Without the file nothing is."""

from __future__ import annotations

from tinysched.errors import SpoolError
from tinysched.job.closures import NOTHING_CLOSED, Closed, Closures
from tinysched.spool.atomic import Folder
from tinysched.spool.decoding import parse, render
from tinysched.spool.tree import CLOSED_PLACES, OPEN_FILE_MODE

_FORMAT = 1
_LARGEST = 65536


def save(state: Folder, temps: Folder, closures: Closures) -> None:
    """Writes the file. Raises: SpoolError."""
    host = closures.host
    content = render(
        {
            "format": _FORMAT,
            "host": host and {"reason": host.reason, "by": host.by, "at": host.at},
            "partitions": sorted(closures.partitions),
        }
    )
    state.save(CLOSED_PLACES, content, OPEN_FILE_MODE, temps)


def stored(state: Folder) -> Closures:
    """What the file says. Raises: SpoolError."""
    raw = state.read(CLOSED_PLACES, _LARGEST)
    return NOTHING_CLOSED if raw is None else read_closures(raw, state.where(CLOSED_PLACES))


def read_closures(raw: bytes, where: str) -> Closures:
    """What the bytes of the file mean. Raises: SpoolError."""
    fields = parse(raw, where)
    found = fields.integer("format")
    if found > _FORMAT:
        raise SpoolError(
            f"cannot read {where}: its format is {found}, this release reads up to {_FORMAT}"
        )
    host = fields.optional_inside("host")
    return Closures(
        host=None
        if host is None
        else Closed(reason=host.text("reason"), by=host.integer("by"), at=host.number("at")),
        partitions=frozenset(fields.texts("partitions")),
    )
