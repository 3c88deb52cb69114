"""A terminal with a shell in it, at which somebody types and looks."""

from __future__ import annotations

import contextlib
import errno
import os
import pty
import re

from tests.e2e.user import User
from tests.wait import until


class Terminal:
    """An interactive bash in a terminal of its own; what it shows is kept."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._shown = b""
        self._fd, theirs = pty.openpty()
        self._shell = user.start(
            "setsid",
            "--ctty",
            "bash",
            "--norc",
            "--noprofile",
            "-i",
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={"PS1": "ready> ", "TERM": "dumb"},
        )
        os.close(theirs)
        os.set_blocking(self._fd, False)
        self.shows("ready> ")

    def type(self, text: str) -> None:
        """What somebody types; what was shown before is forgotten."""
        self._look()
        self._shown = b""
        os.write(self._fd, text.encode())

    def shows(self, pattern: str) -> str:
        """Waits until the screen shows a pattern after what was typed."""

        def found() -> re.Match[str] | None:
            self._look()
            return re.search(pattern, self.text)

        try:
            until(found, f"the terminal shows {pattern!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text}\n{self._user.site.report()}") from None
        return self.text

    @property
    def text(self) -> str:
        return self._shown.decode(errors="replace").replace("\r\n", "\n")

    def close(self) -> None:
        os.close(self._fd)  # the terminal hangs up
        self._shell.wait(20)

    def _look(self) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                while piece := os.read(self._fd, 65536):
                    self._shown += piece
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
