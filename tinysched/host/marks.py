"""A mark that no process can wash off, nor keep from its children.

Variables can be emptied, descriptors closed, sessions left and parents lost. What stays is a hard
limit, which only root raises again. One of them means nothing to any kernel since 2.4.25, that of
file locks: so a number in it tells whose a process is, and changes nothing for it.
Source: getrlimit(2), RLIMIT_LOCKS.
"""

from __future__ import annotations

import os
import resource

from tinysched.host import limits

RLIMIT_LOCKS = 10  # asm-generic/resource.h; Python has no name for it
_LINE = b"Max file locks"
_UNLIMITED_TOP = 1 << 62
# Whoever is marked already can only be marked lower. That goes on for so long.
_LEAST = 1 << 40


def new() -> int:
    """Draw a number for a mark that this process may give; 0: it can give none any more."""
    hard = resource.getrlimit(RLIMIT_LOCKS)[1]
    top = _UNLIMITED_TOP if hard == resource.RLIM_INFINITY else hard
    if top < _LEAST:
        return 0
    half = top // 2
    return half + int.from_bytes(os.urandom(8), "big") % half


def as_limit(mark: int) -> dict[int, tuple[int, int]]:
    """What to set to mark a process and all it will start; nothing for 0."""
    return {RLIMIT_LOCKS: (mark, mark)} if mark else {}


def put_on(mark: int) -> None:
    """Mark this process and all it will start; 0, or what cannot be done, changes nothing."""
    limits.apply(as_limit(mark))


def carried_by(pid: int) -> int:
    """Tell the mark of a process; 0: it has none, or is gone."""
    try:
        with open(f"/proc/{pid}/limits", "rb") as file:
            text = file.read()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith(_LINE):
            hard = line[len(_LINE) :].split()[1]
            return int(hard) if hard.isdigit() else 0
    return 0
