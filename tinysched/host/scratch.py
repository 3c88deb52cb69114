"""The directory for temporary files that a job is promised in TMPDIR."""

from __future__ import annotations

import os
import stat

ELSEWHERE = b"/tmp"
_NAME = b"TMPDIR"


def settle(variables: dict[bytes, bytes]) -> tuple[str, ...]:
    """Make the directory that TMPDIR names, or name another; words if it had to be another.

    Relative names count from the working directory; nothing above it is made.
    """
    path = variables.get(_NAME, ELSEWHERE)
    why = _unusable(path)
    if not why:
        return ()
    variables[_NAME] = ELSEWHERE
    return why, f"Setting TMPDIR to {os.fsdecode(ELSEWHERE)}"


def _unusable(path: bytes) -> str:
    name = os.fsdecode(path)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        return f"Unable to create TMPDIR [{name}]: {error.strerror}"
    else:
        return ""
    try:
        if not stat.S_ISDIR(os.stat(path).st_mode):
            return f"TMPDIR [{name}] is not a directory"
    except OSError as error:
        return f"TMPDIR [{name}] is not a directory: {error.strerror}"
    if not os.access(path, os.X_OK | os.W_OK, effective_ids=True):
        return f"TMPDIR [{name}] is not writeable"
    return ""
