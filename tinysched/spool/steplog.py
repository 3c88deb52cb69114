"""The steps of a run, in a file of its directory: written by each srun, read by who watches it.

The first line holds the next number; who writes holds the file's lock. See job/steplines.py.
On the start-up path of srun: imports nothing heavy.
"""

from __future__ import annotations

import fcntl
import posix

from tinysched.errors import SpoolError
from tinysched.job import steplines
from tinysched.spool import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HEAD = b"next 0000000000\n"
_READ = posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NOFOLLOW | posix.O_NONBLOCK
_WRITE = posix.O_RDWR | posix.O_CREAT | posix.O_CLOEXEC | posix.O_NOFOLLOW
_APPEND = posix.O_WRONLY | posix.O_APPEND | posix.O_CLOEXEC | posix.O_NOFOLLOW
_PIECE = 1 << 16
# More of one run is not looked at: its steps ran, but no one counted them.
_MOST = 1 << 26


class Entry:
    """A step that is about to begin.

    `srun`: the process that looks after it. `cores` is what it is shown with, `taken` what others
    have to leave it. `inside`: the step that it is a part of (None: none).
    """

    def __init__(
        self, name: str, srun: str, tasks: int, cores: int, taken: int, inside: int | None
    ) -> None:
        self.name = name
        self.srun = srun
        self.tasks = tasks
        self.cores = cores
        self.taken = taken
        self.inside = inside


class StepLog:
    """The file of one run, as an srun writes it; `lives` tells of the srun of another step.

    Raises: SpoolError.
    """

    def __init__(self, run_path: str, lives: Callable[[str], bool]) -> None:
        self._lives = lives
        self._path = f"{run_path}/{tree.STEPS}"
        try:
            self._fd = posix.open(self._path, _WRITE, tree.CLOSED_FILE_MODE)
        except OSError as error:
            raise SpoolError(f"cannot open {self._path}: {error.strerror}") from error

    def begin(self, entry: Entry, cores: int, now: float) -> int | None:
        """The number of a step that begins; None: others have the cores, of `cores` in all."""
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        try:
            live = {}
            if entry.taken:
                live = _living(_whole(self._fd), self._lives)
                _leave_out(live, entry.inside)
                if entry.taken + sum(taken for taken, _ in live.values()) > cores:
                    return None
            number = self._next()
            said = steplines.begin(number, entry.srun, now, entry.tasks, entry.cores, entry.name)
            marks = f"taken={entry.taken} inside={'' if entry.inside is None else entry.inside}"
            self._add(said.replace(" name=", f" {marks} name=", 1))
            return number
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def add(self, lines: str) -> None:
        """What else there is to say of it; on a full disk it is not said."""
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        try:
            self._add(lines)
        except SpoolError:
            return
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def why_stopped(self) -> str | None:
        """Why the job around is being ended, as `note_stop` was told; None: it is not."""
        for line in reversed(_whole(self._fd).split(b"\n")):
            if line.startswith(b"stop "):
                return line[5:].decode("utf-8", "replace")
        return None

    def _next(self) -> int:
        posix.lseek(self._fd, 0, 0)
        head = posix.read(self._fd, len(_HEAD))
        number = int(head[5:15]) if head[:5] == _HEAD[:5] and head[5:15].isdigit() else 0
        posix.lseek(self._fd, 0, 0)
        self._write(b"next %010d\n" % (number + 1))
        return number

    def _add(self, lines: str) -> None:
        posix.lseek(self._fd, 0, 2)
        self._write(lines.encode("utf-8", "replace"))

    def _write(self, content: bytes) -> None:
        try:
            if posix.write(self._fd, content) == len(content):
                return
            why = "No space left on device"
        except OSError as error:
            why = error.strerror or str(error)
        raise SpoolError(f"cannot write {self._path}: {why}")


class StepTail:
    """The same file as its readers see it: what has been added since they looked last."""

    def __init__(self, run_path: str) -> None:
        self._path = f"{run_path}/{tree.STEPS}"
        self._at = len(_HEAD)

    def news(self) -> str:
        """Whole lines that were not read before; '' if there are none, or no such file."""
        try:
            fd = posix.open(self._path, _READ)
        except OSError:
            return ""
        try:
            posix.lseek(fd, self._at, 0)
            found = _whole(fd, from_here=True)
        except OSError:
            return ""
        finally:
            posix.close(fd)
        whole = found[: found.rfind(b"\n") + 1]
        self._at += len(whole)
        return whole.decode("utf-8", "replace")


def note_stop(run_path: str, why: str) -> None:
    """Has every srun of a run know that the signal to come is meant for the whole job.

    Where there is no log there is no srun; on a full disk they take it for their own.
    """
    try:
        fd = posix.open(f"{run_path}/{tree.STEPS}", _APPEND)
    except OSError:
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        head = b"" if posix.fstat(fd).st_size else _HEAD
        posix.write(fd, head + steplines.stop(why).encode())
    except OSError:
        return
    finally:
        posix.close(fd)


def _whole(fd: int, *, from_here: bool = False) -> bytes:
    if not from_here:
        posix.lseek(fd, 0, 0)
    pieces: list[bytes] = []
    while len(pieces) * _PIECE < _MOST and (piece := posix.read(fd, _PIECE)):
        pieces.append(piece)
    return b"".join(pieces)


def _living(content: bytes, lives: Callable[[str], bool]) -> dict[int, tuple[int, int | None]]:
    """Cores taken, and the step around it, of each step that has not ended; by number."""
    begun = {number: words for number, words in _lines(content, b"begin ")}
    for number, _ in _lines(content, b"end "):
        begun.pop(number, None)
    found: dict[int, tuple[int, int | None]] = {}
    for number, words in begun.items():
        facts = dict(word.partition("=")[::2] for word in words)
        if lives(facts.get("srun", "")):
            inside = facts.get("inside", "")
            taken = facts.get("taken", "")
            found[number] = (
                int(taken) if taken.isdigit() else 0,
                int(inside) if inside.isdigit() else None,
            )
    return found


def _lines(content: bytes, mark: bytes) -> Iterator[tuple[int, list[str]]]:
    for line in content.split(b"\n"):
        if line.startswith(mark):
            _, number, *words = line.decode("utf-8", "replace").split(" ")
            if number.isdigit():
                yield int(number), words


def _leave_out(live: dict[int, tuple[int, int | None]], inside: int | None) -> None:
    """A step in a step shares the cores of what it is a part of."""
    while inside is not None and inside in live:
        _, inside = live.pop(inside)
