"""Words of ours in a file that a job writes to."""

from __future__ import annotations

import os

_HELD = os.O_PATH | os.O_CLOEXEC
_OPEN_TO_ADD = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Output:
    """One output file of a job, kept by what it is: whatever takes its name later is another.

    `follow`: that a link may stand there, as the job's own start allowed.
    """

    def __init__(self, path: str, *, follow: bool) -> None:
        self._fd = -1
        if path:
            try:
                self._fd = os.open(path, _HELD if follow else _HELD | os.O_NOFOLLOW)
            except OSError:
                self._fd = -1  # it is gone: there is nobody to tell

    def add(self, text: str) -> bool:
        """Add a line; false if that cannot be done at once: nobody may be kept waiting for it."""
        if self._fd < 0:
            return False
        try:
            descriptor = os.open(f"/proc/self/fd/{self._fd}", _OPEN_TO_ADD)
        except OSError:
            return False
        line = text.encode("utf-8", "surrogateescape")
        try:
            return os.write(descriptor, line) == len(line)
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Let go of it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
