"""What a child waits at until its start is on record."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from tinysched.errors import TinyschedError
from tinysched.host import processes, streams

_GO = b"\n"  # a line, for who reads lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A child that becomes the job when its gate is opened.

    If the gate is shut, or the caller dies, it does so only if the start is on record.
    `hear` waits until it has become the job, or has ended; a sentence if it says why it could not.
    """

    pid: int
    opener: int
    hear: Callable[[], str]

    def let_through(self) -> str:
        """Open the gate; a sentence if there is no job behind it, and no child any more."""
        with contextlib.suppress(BrokenPipeError):  # it was killed
            os.write(self.opener, _GO)
        said = self.hear()
        os.close(self.opener)
        if said:
            os.waitpid(self.pid, 0)
        return said

    def turn_away(self) -> None:
        """End the child, which has run nothing, and reap it."""
        processes.send(self.pid, signal.SIGKILL)
        self.hear()
        os.close(self.opener)
        os.waitpid(self.pid, 0)


def pipe() -> tuple[int, int]:
    """A pipe that nobody inherits, away from the standard streams."""
    reader, writer = os.pipe()
    return streams.above_streams(reader), streams.above_streams(writer)


def sentence(error: BaseException) -> str:
    """Why a start was given up."""
    if isinstance(error, TinyschedError):
        return error.sentence
    return f"cannot start the job: {type(error).__name__}: {error}"
