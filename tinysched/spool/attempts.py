"""What a user's agent remembers of attempts whose directories are gone: none is started again.

Not even if the dispatcher says so. While a run's directory is there, that is the claim; before it
goes, a line goes into the request's own directory, and stays as long as the script does.
"""

from __future__ import annotations

from collections.abc import Iterable

from tinysched.errors import SpoolError
from tinysched.job.model import RunId
from tinysched.job.ranges import Ranges
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import cannot, write_all
from tinysched.spool.runrecords import run_of

_LARGEST = 256 << 20


class Attempts:
    """The attempts of one request that are over: for each task, all up to some number."""

    def __init__(self) -> None:
        self._first = Ranges()
        self._last: dict[int, int] = {}

    def __contains__(self, run: RunId) -> bool:
        """Whether this attempt, or a later one, is over."""
        return run.attempt <= self.last(run.job.task)

    def last(self, task: int | None) -> int:
        """The highest attempt that is over; 0: none is."""
        key = _key(task)
        return self._last.get(key, int(key in self._first))

    @property
    def tasks(self) -> Ranges:
        """The tasks of an array of which an attempt is over."""
        return Ranges.of(key - 1 for key in self._last if key) | Ranges.of(
            key - 1 for key in self._first if key
        )

    def told(self) -> list[tuple[int, Ranges | None]]:
        """Each number of attempts, and for which tasks (None: the plain job) it is the last."""
        counts: dict[int, Ranges] = {}
        if self._first:
            counts[1] = self._first - Ranges.of(self._last)
        for key, last in self._last.items():
            counts[last] = counts.get(last, Ranges()).add(key)
        return [
            (last, None if 0 in keys else Ranges.of(key - 1 for key in keys))
            for last, keys in counts.items()
            if keys
        ]

    def add(self, run: RunId) -> None:
        """This one is over."""
        key = _key(run.job.task)
        if run.attempt == 1:
            self._first = self._first.add(key)  # nearly all there are: in few ranges
        else:
            self._last[key] = max(run.attempt, self._last.get(key, 0))


def _key(task: int | None) -> int:
    """The plain job goes before all tasks."""
    return 0 if task is None else task + 1


def read(request: Folder, uid: int) -> Attempts:
    """What is remembered in a request's directory.

    Raises: SpoolError if it cannot be read: then nothing of this request may be started.
    """
    attempts = Attempts()
    raw = request.read(tree.ATTEMPTS, _LARGEST, uid) or b""
    for line in raw.decode("ascii", "replace").split("\n"):
        run = run_of(line)  # a torn line tells of a run whose directory was never removed
        if run is not None:
            attempts.add(run)
    return attempts


def append(request: Folder, runs: Iterable[RunId]) -> None:
    """Remember durably that attempts are over.

    Raises: SpoolError.
    """
    is_new = request.status(tree.ATTEMPTS) is None
    fd = request.append_to(tree.ATTEMPTS, tree.CLOSED_FILE_MODE)
    try:
        write_all(request.disk, fd, "".join(f"\n{run}" for run in runs).encode())
        request.disk.sync(fd)
    except OSError as error:
        raise cannot("write", request.where(tree.ATTEMPTS), error) from error
    finally:
        request.disk.close(fd)
    if is_new:
        request.sync()


def check(attempts: Attempts, run: RunId) -> None:
    """Raises: SpoolError if a run may not be started, because it is over."""
    if run in attempts:
        raise SpoolError(
            f"cannot start {run.job}: attempt {attempts.last(run.job.task)} of it is over"
        )
