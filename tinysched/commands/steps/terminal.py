"""`srun --pty`: a terminal for task 0, whose other end is the terminal that srun has."""

from __future__ import annotations

import fcntl
import posix
import select
import signal
import termios

from tinysched.commands.steps.streams import write

_PIECE = 1 << 14
_END_OF_FILE = b"\x04"
_NO_KEYS = (
    b"srun: error: Not using a pseudo-terminal, disregarding --pty option\n"
    b"srun: error: ioctl(TIOCGWINSZ): Inappropriate ioctl for device\n"
)


class Terminal:
    """A pseudo terminal. `slave` is the task's end; `has_keys`: its input is our terminal's."""

    def __init__(self) -> None:
        self._master, self.slave = posix.openpty()
        posix.set_inheritable(self._master, False)
        posix.set_inheritable(self.slave, False)
        posix.set_blocking(self._master, False)
        self.has_keys = posix.isatty(0)
        self._is_over = not self.has_keys
        self._was: list[object] | None = None
        if not self.has_keys:
            write(2, _NO_KEYS)
        else:
            self._was = termios.tcgetattr(0)
            _make_raw()
            self._resize()
            signal.signal(signal.SIGWINCH, lambda _signum, _frame: self._resize())

    def register(self, look: select.poll) -> None:
        """What to wait for."""
        look.register(self._master, select.POLLIN)
        if not self._is_over:
            look.register(0, select.POLLIN)

    def move(self, ready: set[int]) -> None:
        """Hands on keys and what the task writes."""
        if self._master in ready:
            self.flush()
        if 0 in ready and not self._is_over:
            try:
                keys = posix.read(0, _PIECE)
            except OSError:
                keys = b""
            self._is_over = not keys
            write(self._master, keys or _END_OF_FILE)

    def flush(self) -> None:
        """Shows what the task has written by now."""
        while True:
            try:
                piece = posix.read(self._master, _PIECE)
            except OSError:
                return  # nothing more now, or nobody holds the other end any more
            if not piece:
                return
            write(1, piece)

    def close(self) -> None:
        """Gives srun's own terminal back as it was."""
        self.flush()
        posix.close(self._master)
        posix.close(self.slave)
        if self._was is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self._was)  # type: ignore[arg-type]  # as it was got

    def _resize(self) -> None:
        size = fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, size)


def _make_raw() -> None:
    """Every key goes to the task, Ctrl-C too. Source: cfmakeraw(3)."""
    mode = termios.tcgetattr(0)
    mode[0] &= ~(
        termios.BRKINT | termios.ICRNL | termios.INPCK | termios.ISTRIP | termios.IXON
    )  # fmt: skip
    mode[1] &= ~termios.OPOST
    mode[2] = (mode[2] & ~(termios.CSIZE | termios.PARENB)) | termios.CS8
    mode[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    termios.tcsetattr(0, termios.TCSADRAIN, mode)
