"""The job around a step, as its srun sees it: its worker is told of steps, and watched."""

from __future__ import annotations

from tinysched.errors import WireError
from tinysched.wire.client import dial
from tinysched.wire.fields import pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket

    from tinysched.commands.steps.place import Place


class Job:
    """One job; `line` is readable when there is something to `hear`.

    Who is a part of the job is ended with it, anybody else has to watch. While this process has the
    line the worker knows that it lives.
    """

    def __init__(self, place: Place, host: str) -> None:
        self.place = place
        self.host = host
        self._line = self._dial()
        self._is_over = self._line is None and not place.is_ours

    @property
    def line(self) -> int | None:
        """What to wait for."""
        return None if self._line is None else self._line.fileno()

    def is_over(self) -> bool:
        """The job that this is no part of has ended."""
        if self._line is not None:
            self._hear(self._line)
        return self._is_over

    def nudge(self) -> None:
        """Has the worker look at the log: others want to know of live steps."""
        if self._line is None and self.place.is_ours:
            self._line = self._dial()
        if self._line is None:
            return  # it was killed, or is about to end: whoever takes over looks by itself
        try:
            self._line.setblocking(True)
            self._line.sendall(pack("steps", []))
        except (OSError, WireError):
            self._lose()

    def _dial(self) -> _socket.socket | None:
        try:
            return dial(self.place.socket)
        except OSError:
            return None

    def _hear(self, line: _socket.socket) -> None:
        line.setblocking(False)
        try:
            while line.recv(4096):
                pass  # news for agents
        except BlockingIOError:
            return
        except OSError:
            pass
        self._lose()

    def _lose(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line, self._is_over = None, not self.place.is_ours
