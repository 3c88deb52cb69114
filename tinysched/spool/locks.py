"""Locks that are held for life: whoever holds one is alive, and nothing has to be cleaned up.

All are flock(2) locks on local files. A lock belongs to the open file, not to the process: it is
shared by fork and by descriptors handed on through exec, and goes when the last of them is closed.
"""

from __future__ import annotations

import fcntl
import posix
from contextlib import suppress

from tinysched.errors import SpoolError
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import DISK, Disk, cannot, write_all
from tinysched.spool.tree import CLOSED_DIR_MODE, CLOSED_FILE_MODE

GLOBAL_LOCK = "global.lock"
# Digits of the largest pid that any kernel gives: 2^22.
LONGEST_PID = 7


def try_lock(disk: Disk, fd: int) -> bool:
    """Take the lock of an open file; False: somebody else holds it.

    Who only asks (`is_locked`) is in the way for a moment: that is told apart by asking, too.
    """
    for _ in range(1000):
        if disk.lock(fd, fcntl.LOCK_EX):
            return True
        if not disk.lock(fd, fcntl.LOCK_SH):
            return False
        posix.sched_yield()  # who only asks may be waiting for a processor, with the lock
    return False


def is_locked(folder: Folder, name: str) -> bool:
    """Whether somebody, this process included, holds the lock of a file."""
    try:
        fd = folder.disk.open(name, posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_NONBLOCK, folder.fd)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise cannot("open", folder.where(name), error) from error
    try:
        return not folder.disk.lock(fd, fcntl.LOCK_SH)
    except OSError as error:
        raise cannot("lock", folder.where(name), error) from error
    finally:
        folder.disk.close(fd)


def pid_in(raw: bytes | None) -> int | None:
    """The pid that the holder of a lock wrote into its file; None: that is no pid."""
    text = raw.strip() if raw is not None and raw.endswith(b"\n") else b""  # else it is torn
    return int(text) if text.isdigit() and len(text) <= LONGEST_PID else None


class DispatcherLock:
    """The right to be the dispatcher of a root: a lock on a file, and on the directory it is in.

    The second is what keeps others out after an `rm -f lock/*`. The file holds the pid, for
    people.
    """

    def __init__(self, folder: Folder, fd: int) -> None:
        self._folder = folder
        self._fd = fd

    @classmethod
    def take(cls, path: str, disk: Disk = DISK) -> DispatcherLock:
        """Take both locks, in a directory that is made if it is missing.

        Raises: SpoolError if they are held.
        """
        folder = _lock_folder(disk, path)
        try:
            fd = folder.keep(GLOBAL_LOCK, CLOSED_FILE_MODE)
        except SpoolError as error:
            folder.close()
            cure = f"rm -rf '{folder.where(GLOBAL_LOCK)}' is safe at any time; then start again"
            raise SpoolError(error.sentence, cure) from error
        try:
            if not (try_lock(disk, folder.fd) and try_lock(disk, fd)):
                raise _held(folder)
            _sign(disk, fd)
        except OSError as error:
            _close(disk, folder, fd)
            raise cannot("take the lock in", path, error) from error
        except SpoolError:
            _close(disk, folder, fd)
            raise
        return cls(folder, fd)

    def release(self) -> None:
        """Give the right up."""
        if self._fd >= 0:
            _close(self._folder.disk, self._folder, self._fd)
            self._fd = -1


def _sign(disk: Disk, fd: int) -> None:
    """Write the pid, for people: what a full disk refuses is no reason not to begin."""
    content = b"%d\n" % posix.getpid()
    with suppress(OSError):
        write_all(disk, fd, content)  # before it is cut: so it needs no room that may be gone
        disk.truncate(fd, len(content))


def _lock_folder(disk: Disk, path: str) -> Folder:
    """Open the lock's directory; one that exists keeps its mode: an admin may have named it."""
    parent_path, _, name = path.rstrip("/").rpartition("/")
    parent = Folder.open_root(disk, parent_path or "/")
    try:
        folder = parent.find_below(name)
        return folder or parent.make_below(name, CLOSED_DIR_MODE)
    finally:
        parent.close()


def _held(folder: Folder) -> SpoolError:
    try:
        pid = pid_in(folder.read(GLOBAL_LOCK, 64))
    except SpoolError:
        pid = None
    who = "" if pid is None else f" (pid {pid})"
    return SpoolError(
        f"cannot take the lock in {folder.path}: another dispatcher holds it{who}",
        "`tsdaemon status` tells about it",
    )


def _close(disk: Disk, folder: Folder, fd: int) -> None:
    disk.close(fd)
    folder.close()
