"""Directories by their descriptors, and files in them that are whole or not there.

On the start-up path of tsbatch: imports only posix and light modules.

Nothing here follows a link, waits on a FIFO or trusts a size. Modes are set on the open
descriptor, so that the caller's umask has no say in them.
"""

from __future__ import annotations

import posix

from tinysched.errors import SpoolError
from tinysched.spool.disk import Disk, cannot, write_all
from tinysched.spool.tree import TEMP_PREFIX

_TYPE = 0o170000
_REGULAR = 0o100000
_READ = posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_NONBLOCK | posix.O_NOCTTY | posix.O_CLOEXEC
_MAKE = posix.O_CREAT | posix.O_EXCL | posix.O_RDWR | posix.O_NOFOLLOW | posix.O_CLOEXEC
_KEEP = posix.O_CREAT | posix.O_RDWR | posix.O_NOFOLLOW | posix.O_NONBLOCK | posix.O_CLOEXEC
_APPEND = (_KEEP & ~posix.O_RDWR) | posix.O_APPEND | posix.O_WRONLY
_LOOK = posix.O_RDONLY | posix.O_DIRECTORY | posix.O_NOFOLLOW | posix.O_CLOEXEC
_PIECE = 1 << 12
_ticket = iter(range(1, 1 << 62))

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Folder:
    """An open directory: all that is done in it goes through its descriptor, by plain names."""

    __slots__ = ("disk", "fd", "path")

    def __init__(self, disk: Disk, path: str, fd: int) -> None:
        self.disk = disk
        self.path = path
        self.fd = fd

    @classmethod
    def find(cls, disk: Disk, path: str, owner: int | None = None) -> Folder | None:
        """Open a directory that may be missing (None); another's, or a link, is refused."""
        return _open_folder(disk, path, path, None, owner)

    @classmethod
    def open(cls, disk: Disk, path: str, owner: int | None = None) -> Folder:
        """Open a directory that has to be there."""
        return _there(cls.find(disk, path, owner), path)

    @classmethod
    def open_root(cls, disk: Disk, path: str, owner: int | None = None) -> Folder:
        """Open a root: its path was chosen by an admin, and may be a link to another disk."""
        return _there(_open_folder(disk, path, f"{path}/.", None, owner), path)

    def close(self) -> None:
        """Let go of the descriptor."""
        if self.fd >= 0:
            self.disk.close(self.fd)
            self.fd = -1

    def where(self, name: str) -> str:
        """The whole path of a name in it."""
        return f"{self.path}/{name}"

    def find_below(self, name: str, owner: int | None = None) -> Folder | None:
        """Open a directory in it; None: it is missing."""
        return _open_folder(self.disk, self.where(name), name, self.fd, owner)

    def open_below(self, name: str, owner: int | None = None) -> Folder:
        """Open a directory in it that has to be there."""
        return _there(self.find_below(name, owner), self.where(name))

    def make_below(self, name: str, mode: int, owner: int | None = None) -> Folder:
        """Open a directory in it, made durably with exactly this mode if it was missing."""
        try:
            self.disk.mkdir(name, 0o700, self.fd)
        except FileExistsError:
            return self.open_below(name, owner)
        except OSError as error:
            raise cannot("make", self.where(name), error) from error
        made = self.open_below(name, owner)
        try:
            made.set_mode(mode)
            self.sync()
        except BaseException:
            made.close()
            raise
        return made

    def set_mode(self, mode: int) -> None:
        """Give the directory itself exactly this mode."""
        try:
            self.disk.chmod(self.fd, mode)
        except OSError as error:
            raise cannot("set the mode of", self.path, error) from error

    def names(self) -> list[str]:
        """All names in it, in no order."""
        try:
            return self.disk.names(self.fd)
        except OSError as error:
            raise cannot("list", self.path, error) from error

    def status(self, name: str) -> posix.stat_result | None:
        """What a name is, never through a link; None: nothing."""
        try:
            return self.disk.status(name, self.fd)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot("look at", self.where(name), error) from error

    def read(self, name: str, limit: int, owner: int | None = None) -> bytes | None:
        """Read a whole regular file of at most `limit` bytes; None: it is missing.

        Raises: SpoolError for anything else, also for a file of another than `owner`.
        """
        try:
            fd = self.disk.open(name, _READ, self.fd)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot("read", self.where(name), error) from error
        try:
            return _read_all(self.disk, fd, limit, owner, self.where(name))
        except OSError as error:
            raise cannot("read", self.where(name), error) from error
        finally:
            self.disk.close(fd)

    def _make(self, name: str, content: bytes, mode: int, wait: Callable[[int], None]) -> None:
        try:
            fd = self.disk.open(name, _MAKE, self.fd)
        except FileExistsError:
            raise
        except OSError as error:
            raise cannot("write", self.where(name), error) from error
        try:
            self.disk.chmod(fd, mode)
            write_all(self.disk, fd, content)
            wait(fd)
        except OSError as error:
            self.drop(name)
            raise cannot("write", self.where(name), error) from error
        finally:
            self.disk.close(fd)

    def stage(self, content: bytes, mode: int) -> str:
        """Write a file under a name that nobody used yet; returns the name."""
        return self._stage(content, mode, self.disk.sync)

    def draft(self, content: bytes, mode: int) -> str:
        """The same, without waiting for the disk: for what is safe elsewhere, or need not be."""
        return self._stage(content, mode, _wait_not)

    def _stage(self, content: bytes, mode: int, wait: Callable[[int], None]) -> str:
        for _ in range(1000):
            name = f"{TEMP_PREFIX}{posix.getpid()}.{next(_ticket)}"
            try:
                self._make(name, content, mode, wait)
            except FileExistsError:
                continue
            return name
        raise SpoolError(f"cannot write into {self.path}: no free name for a temporary file")

    def write_new(self, name: str, content: bytes, mode: int) -> None:
        """Write a file that is new, and may be found half written until `sync_file`."""
        self._make(name, content, mode, _wait_not)

    def sync_file(self, name: str) -> None:
        """Wait until the content of a file is on the disk, not yet its name."""
        try:
            fd = self.disk.open(name, _READ, self.fd)
            try:
                self.disk.sync(fd)
            finally:
                self.disk.close(fd)
        except OSError as error:
            raise cannot("write", self.where(name), error) from error

    def put(self, name: str, content: bytes, mode: int) -> None:
        """Write a file whole, for as long as the host is up: a power cut may take or empty it."""
        self._replace(name, self, self.draft(content, mode))

    def overwrite(self, name: str, content: bytes, mode: int) -> bool:
        """Write over a file with as many bytes, at least; False: there is none. See seals.py.

        Raises: SpoolError.
        """
        if self.status(name) is None:
            return False
        fd = self.keep(name, mode)
        try:
            # What is over is not to be read behind it, by people least of all.
            write_all(self.disk, fd, content.ljust(posix.fstat(fd).st_size, b"\n"))
        except OSError as error:
            raise cannot("write", self.where(name), error) from error
        finally:
            self.disk.close(fd)
        return True

    def take(self, name: str, source: Folder, source_name: str) -> None:
        """Rename a file of `source` to `name` here, over whatever was there."""
        try:
            self.disk.rename(source_name, name, source.fd, self.fd)
        except OSError as error:
            raise cannot("write", self.where(name), error) from error

    def sync(self) -> None:
        """Wait until the names in it are on the disk."""
        try:
            self.disk.sync(self.fd)
        except OSError as error:
            raise cannot("write", self.path, error) from error

    def save(self, name: str, content: bytes, mode: int, temps: Folder | None = None) -> None:
        """Write a file durably and whole: whoever looks sees the old one or the new one."""
        temps = temps or self
        self._replace(name, temps, temps.stage(content, mode))
        self.sync()

    def _replace(self, name: str, temps: Folder, staged: str) -> None:
        try:
            self.take(name, temps, staged)
        except SpoolError:
            temps.drop(staged)
            raise

    def remove(self, name: str) -> bool:
        """Remove a file; False: there was none."""
        try:
            self.disk.unlink(name, self.fd)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise cannot("remove", self.where(name), error) from error
        return True

    def drop(self, name: str) -> None:
        """Remove what nobody needs any more, if that can be done: clearing up must not fail."""
        try:
            self.disk.unlink(name, self.fd)
        except OSError:
            return

    def drop_folder(self, name: str) -> bool:
        """Remove a directory, with files and empty directories in it; False: that failed."""
        try:
            folder = self.find_below(name)
        except SpoolError:
            self.drop(name)
            return self.status(name) is None
        if folder is None:
            return True
        try:
            for inner in folder.names():
                _drop_any(folder, inner)
        except SpoolError:
            return False
        finally:
            folder.close()
        _drop_empty(self, name)
        return self.status(name) is None

    def keep(self, name: str, mode: int) -> int:
        """Open a file for good, made with exactly this mode if it was missing: a lock, a log.

        Raises: SpoolError for anything but a regular file.
        """
        return self._open_kept(name, _KEEP, mode)

    def append_to(self, name: str, mode: int) -> int:
        """Open a file to add lines at its end."""
        return self._open_kept(name, _APPEND, mode)

    def _open_kept(self, name: str, flags: int, mode: int) -> int:
        try:
            fd = self.disk.open(name, flags, self.fd)
        except OSError as error:
            raise cannot("open", self.where(name), error) from error
        try:
            status = posix.fstat(fd)
            if status.st_mode & _TYPE != _REGULAR:
                raise SpoolError(f"cannot open {self.where(name)}: it is no regular file")
            if status.st_uid == posix.geteuid() and status.st_mode & 0o7777 != mode:
                self.disk.chmod(fd, mode)
        except OSError as error:
            self.disk.close(fd)
            raise cannot("open", self.where(name), error) from error
        except SpoolError:
            self.disk.close(fd)
            raise
        return fd


def _open_folder(
    disk: Disk, path: str, name: str, at: int | None, owner: int | None
) -> Folder | None:
    try:
        fd = disk.open(name, _LOOK, at)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot("open", path, error) from error
    found = posix.fstat(fd).st_uid
    if owner is not None and found != owner:
        disk.close(fd)
        raise SpoolError(f"cannot use {path}: it belongs to uid {found}, not to uid {owner}")
    return Folder(disk, path, fd)


def _there(folder: Folder | None, path: str) -> Folder:
    if folder is None:
        raise SpoolError(f"cannot open {path}: No such file or directory")
    return folder


def _wait_not(_fd: int) -> None:
    """The disk is not waited for."""


def _drop_any(folder: Folder, name: str) -> None:
    try:
        folder.disk.unlink(name, folder.fd)
    except OSError:
        _drop_empty(folder, name)


def _drop_empty(folder: Folder, name: str) -> None:
    try:
        folder.disk.rmdir(name, folder.fd)
    except OSError:
        return


def _read_all(disk: Disk, fd: int, limit: int, owner: int | None, path: str) -> bytes:
    status = posix.fstat(fd)
    if status.st_mode & _TYPE != _REGULAR:
        raise SpoolError(f"cannot read {path}: it is no regular file")
    if owner is not None and status.st_uid != owner:
        raise SpoolError(
            f"cannot read {path}: it belongs to uid {status.st_uid}, not to uid {owner}"
        )
    pieces: list[bytes] = []
    left = limit + 1 if status.st_size <= limit else 0
    while left:
        piece = disk.read(fd, min(left, max(status.st_size + 1, _PIECE)))  # Python has to find room
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        left -= len(piece)
    raise SpoolError(f"cannot read {path}: it is larger than {limit} bytes")
