"""Small records written over older ones in the same file, and still whole or not there.

To make a file and to remove it costs more than all that is written to it. A record that lies where
another one lay ends with a sum over itself: one that a power cut has torn, or that is just being
written, is told from a whole one. Behind it are empty lines, where the older one was longer.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping

from tinysched.spool.decoding import render

_LAST_LINE = b"\n}\n"
_MARK = b'{\n  "is_sealed": true,'
_SEAL = b',\n  "seal": "%08x"\n}\n'
_UNSEALED = len(_SEAL % 0)


def sealed(record: Mapping[str, object]) -> bytes:
    """A record as JSON, with a sum over all that comes before that."""
    content = render({"is_sealed": True, **record}).removesuffix(_LAST_LINE)
    return content + _SEAL % zlib.crc32(content)


def whole(raw: bytes) -> bytes | None:
    """The record in a file; None: there is none that is whole."""
    record = raw[: raw.find(_LAST_LINE) + len(_LAST_LINE)]
    content, seal = record[:-_UNSEALED], record[-_UNSEALED:]
    if seal == _SEAL % zlib.crc32(content):
        return record
    return raw if not raw.startswith(_MARK) and _is_json(raw) else None


def _is_json(raw: bytes) -> bool:
    """One by an older release, which has no seal, was never written over another."""
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True
