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
    """One job; `line` is readable when its worker has ended (None: not watched).

    Who is a part of the job is ended with it. Anybody else has to watch.
    """

    def __init__(self, place: Place, host: str) -> None:
        self.place = place
        self.host = host
        self._line: _socket.socket | None = None
        self._is_over = False
        if not place.is_ours:
            try:
                self._line = dial(place.socket)
            except OSError:
                self._line = None

    @property
    def line(self) -> int | None:
        """What to wait for."""
        return None if self._line is None else self._line.fileno()

    def is_over(self) -> bool:
        """The job that this is no part of has ended."""
        if self._line is None:
            return self._is_over
        self._line.setblocking(False)
        try:
            while piece := self._line.recv(4096):
                del piece  # news for agents
        except BlockingIOError:
            return False
        except OSError:
            pass
        self._line.close()
        self._line, self._is_over = None, True
        return True

    def nudge(self) -> None:
        """Has the worker look at the log: others want to know of live steps."""
        try:
            line = dial(self.place.socket)
        except OSError:
            return  # it was killed, or is about to end: whoever takes over looks by itself
        try:
            line.sendall(pack("steps", []))
        except (OSError, WireError):
            return
        finally:
            line.close()
