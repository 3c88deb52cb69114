"""A log keeps nobody from working: what lies in its place, and takes no lines, is set aside."""

from __future__ import annotations

import os
import stat

_WRITE = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def make_way(path: str) -> str:
    """See that a log can be opened there, and will not block; a sentence if something had to go."""
    why = _trouble(path)
    if not why:
        return ""
    for count in range(1, 100):
        aside = f"{path}.aside.{count}"
        if os.path.lexists(aside):
            continue
        try:
            os.rename(path, aside)
        except OSError:
            return ""  # whoever opens it says why
        return f"cannot write {path}: {why}; moved to {aside}"
    return ""


def _trouble(path: str) -> str:
    try:
        fd = os.open(path, _WRITE, 0o600)
    except OSError as error:
        return error.strerror or str(error)
    try:
        return "it is a pipe" if stat.S_ISFIFO(os.fstat(fd).st_mode) else ""
    finally:
        os.close(fd)
