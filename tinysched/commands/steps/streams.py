"""Where a step's tasks read from and write to: srun's own streams, files, or through srun."""

from __future__ import annotations

import fcntl
import posix
import stat

from tinysched.script.slurm.retelling import complaint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PIECE = 1 << 16
# A task that does not read holds up the others, as it does in Slurm.
_MOST_UNREAD = 1 << 20
_OWN = {"output": 1, "error": 2}
_WHAT = {"output": "stdout", "error": "stderr"}


class Outputs:
    """The files and streams behind --output and --error; a file that tasks share is open once."""

    def __init__(
        self, wants_of: Callable[[str], str | None], path_of: Callable[[str, int], str], *,
        append: bool, ranks: int,
    ) -> None:  # fmt: skip
        self._wants_of = wants_of
        self._path_of = path_of
        self._how = posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND | posix.O_CLOEXEC
        self._how |= 0 if append else posix.O_TRUNC
        self._ranks = ranks
        self._open: dict[str, int] = {}

    def of(self, rank: int) -> tuple[int, int]:
        """Descriptors for stdout and stderr of one task. Raises: VerbatimError."""
        out, err = self._wants_of("output"), self._wants_of("error")
        return self._sink("output", out, rank), self._sink(
            "error", out if err is None else err, rank, own=2 if err is None else None
        )

    def close(self) -> None:
        """The tasks have them now."""
        for fd in self._open.values():
            posix.close(fd)
        self._open.clear()

    def _sink(self, kind: str, mode: str | None, rank: int, own: int | None = None) -> int:
        if mode is None or mode == "all":
            return own or _OWN[kind]
        if mode.isdigit() and int(mode) < self._ranks:
            own = _OWN["output"] if own else _OWN[kind]  # who names no file for stderr joins both
            return own if int(mode) == rank else self._file("/dev/null", kind)
        return self._file("/dev/null" if mode == "none" else self._path_of(mode, rank), kind)

    def _file(self, path: str, kind: str) -> int:
        if path not in self._open:
            try:
                self._open[path] = posix.open(path, self._how, 0o666)
            except OSError as error:
                words = f"Could not open {_WHAT[kind]} file: {error.strerror}"
                raise complaint("srun", words) from None
        return self._open[path]


class Relays:
    """What tasks write, as it comes; `labelled`: in lines, each with its task's number."""

    def __init__(self, ranks: int, *, labelled: bool) -> None:
        self.labelled = labelled
        self._width = len(str(ranks - 1))
        self._pipes: dict[int, tuple[int, bytes, bytes]] = {}

    def pipe(self, rank: int, target: int) -> int:
        """The end for the task to write to; what it writes goes on to `target`."""
        reader, writer = posix.pipe2(posix.O_CLOEXEC)
        posix.set_blocking(reader, False)
        self._pipes[reader] = (_copy(target), b"%*d: " % (self._width, rank), b"")
        return writer

    @property
    def readers(self) -> Iterable[int]:
        """What to wait for."""
        return self._pipes.keys()

    def move(self, reader: int) -> None:
        """Hands on what has come, in whole lines."""
        target, mark, rest = self._pipes[reader]
        try:
            piece = posix.read(reader, _PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not self.labelled:
            write(target, piece)
            if not piece:
                self._end(reader)
            return
        lines = (rest + piece).split(b"\n")
        left = lines.pop()
        if not piece and left:
            lines.append(left)
            left = b""
        write(target, b"".join(mark + line + b"\n" for line in lines))
        self._pipes[reader] = (target, mark, left)
        if not piece:
            del self._pipes[reader]
            posix.close(reader)
            posix.close(target)

    def flush(self) -> None:
        """Hands on what is there to be read, without waiting."""
        for reader in list(self._pipes):
            while reader in self._pipes and self._is_ready(reader):
                self.move(reader)

    def finish(self) -> None:
        """The tasks are gone: hands on what is left; who still holds a pipe is not waited for."""
        self.flush()
        for reader in list(self._pipes):
            self._end(reader)

    def _is_ready(self, reader: int) -> bool:
        from select import POLLIN, poll

        look = poll()
        look.register(reader, POLLIN)
        return bool(look.poll(0))

    def _end(self, reader: int) -> None:
        target, mark, rest = self._pipes.pop(reader)
        if rest:
            write(target, mark + rest + b"\n")
        posix.close(reader)
        posix.close(target)


class Input:
    """srun's stdin, handed on to one task or to each of them."""

    def __init__(self) -> None:
        self._pipes: dict[int, bytes] = {}
        self.is_over = False

    def pipe(self) -> int:
        """The end for a task to read from."""
        reader, writer = posix.pipe2(posix.O_CLOEXEC)
        posix.set_blocking(writer, False)
        self._pipes[writer] = b""
        return reader

    @property
    def is_wanted(self) -> bool:
        """Whether to wait for more of it now."""
        if self.is_over or not self._pipes:
            return False
        return max(map(len, self._pipes.values())) < _MOST_UNREAD

    @property
    def writers(self) -> list[int]:
        """The tasks to which more is to be handed on."""
        return [writer for writer, left in self._pipes.items() if left]

    def take(self) -> None:
        """Reads on, and hands on what is taken at once."""
        try:
            piece = posix.read(0, _PIECE)
        except OSError:
            piece = b""
        self.is_over = not piece
        for writer in list(self._pipes):
            self._pipes[writer] += piece
            self.give(writer)

    def give(self, writer: int) -> None:
        """Hands on to one task; closes what is no more to be read or written."""
        left = self._pipes[writer]
        try:
            if left:
                left = left[posix.write(writer, left) :]
        except BlockingIOError:
            pass
        except OSError:
            left = b""
            self._drop(writer)
            return
        self._pipes[writer] = left
        if self.is_over and not left:
            self._drop(writer)

    def _drop(self, writer: int) -> None:
        del self._pipes[writer]
        posix.close(writer)


def write(target: int, content: bytes) -> None:
    """Writes all of it; a reader who has gone away is none of the tasks' business."""
    while content:
        try:
            content = content[posix.write(target, content) :]
        except BlockingIOError:
            _wait_until_writable(target)
        except OSError:
            return


def _wait_until_writable(target: int) -> None:
    from select import POLLOUT, poll

    look = poll()
    look.register(target, POLLOUT)
    look.poll()


def is_nothing(fd: int) -> bool:
    """Whether all may read from it at the same time: there is nothing in it."""
    try:
        found = posix.fstat(fd)
        return stat.S_ISCHR(found.st_mode) and found.st_rdev == posix.stat("/dev/null").st_rdev
    except OSError:
        return True


def _copy(fd: int) -> int:
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
