"""One agent per user and root: a lock in the user's own directory, held for life."""

from __future__ import annotations

import posix

from tinysched.errors import SpoolError
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import cannot, write_all
from tinysched.spool.locks import try_lock
from tinysched.spool.tree import CLOSED_FILE_MODE


class AgentLock:
    """The right to be the agent of one user and root.

    A forked worker has to `release` its copy: else the lock outlives the agent.
    """

    def __init__(self, folder: Folder, name: str, fd: int) -> None:
        self.fd = fd
        self._folder = folder
        self._name = name

    @classmethod
    def take(cls, folder: Folder, name: str) -> AgentLock | None:
        """Take it and write this process's pid into it; None: another agent lives."""
        disk = folder.disk
        for _ in range(100):
            lock = cls(folder, name, folder.keep(name, CLOSED_FILE_MODE))
            try:
                if not try_lock(disk, lock.fd):
                    lock.release()
                    return None
                if lock.is_in_place():
                    lock.write_pid()
                    return lock
            except OSError as error:
                lock.release()
                raise cannot("lock", folder.where(name), error) from error
            except SpoolError:
                lock.release()
                raise
            lock.release()  # removed, or replaced, between open and lock
        raise SpoolError(f"cannot take the lock {folder.where(name)}: it keeps changing")

    @classmethod
    def inherit(cls, folder: Folder, name: str, fd: int) -> AgentLock | None:
        """Go on with it as the program that this process has become; None: it is not the lock."""
        lock = cls(folder, name, fd)
        try:
            is_ours = lock.is_in_place() and try_lock(folder.disk, fd)
            posix.set_inheritable(fd, False)
        except OSError:
            return None
        if not is_ours:
            return None
        lock.show_pid()
        return lock

    def is_in_place(self) -> bool:
        """Whether the locked file is still the one that others would find."""
        found = self._folder.status(self._name)
        held = posix.fstat(self.fd)
        return found is not None and (found.st_dev, found.st_ino) == (held.st_dev, held.st_ino)

    def write_pid(self) -> None:
        """Tell others who holds it, and means to go on."""
        self._write(b"%d\n" % posix.getpid(), afresh=True)

    def hide_pid(self) -> None:
        """Tell others that its holder may be about to give it up. Takes no room on the disk."""
        self._write(b"-", afresh=False)

    def show_pid(self) -> None:
        """Take that back."""
        self._write(b"%d\n" % posix.getpid(), afresh=False)

    def _write(self, content: bytes, *, afresh: bool) -> None:
        disk = self._folder.disk
        try:
            posix.lseek(self.fd, 0, 0)
            write_all(disk, self.fd, content)
            if afresh:  # cut last: to write over what is there takes no room
                disk.truncate(self.fd, len(content))
        except OSError as error:
            raise cannot("write", self._folder.where(self._name), error) from error

    def release(self) -> None:
        """Give it up."""
        if self.fd >= 0:
            self._folder.disk.close(self.fd)
            self.fd = -1
