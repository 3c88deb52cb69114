"""The kernel's files about processes, each read in as few calls as there can be."""

from __future__ import annotations

import os

_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
_PIECE = 1 << 16


def content(path: str) -> bytes:
    """What a file below /proc says; nothing of a process that is gone, or may not be looked at."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except _GONE:
        return b""
    try:
        found = piece = os.read(descriptor, _PIECE)
        while piece:
            piece = os.read(descriptor, _PIECE)
            found += piece
        return found
    except _GONE:
        return b""
    finally:
        os.close(descriptor)
