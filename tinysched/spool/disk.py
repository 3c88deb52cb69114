"""Every system call on a file, one method each, so that a test can stop the world between any two.

On the start-up path of tsbatch: imports only posix, fcntl and errno.
"""

from __future__ import annotations

import errno
import fcntl
import posix

from tinysched.errors import SpoolError

# Not the file's fault: to call it unreadable would throw good records out of the queue.
_OWN_FAULT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT)


class Disk:
    """The system calls. A test's disk overrides `step` to fail or to die at a chosen one."""

    __slots__ = ()

    def step(self, call: str, what: str) -> None:
        """Hear of the operation that comes next."""

    def open(self, path: str, flags: int, at: int | None = None, mode: int = 0o600) -> int:
        """Open below the directory `at`."""
        self.step("open", path)
        return posix.open(path, flags, mode, dir_fd=at)

    def close(self, fd: int) -> None:
        """Close; what counts was synced before, so that an error here has nothing to say."""
        try:
            posix.close(fd)
        except OSError:
            return

    def read(self, fd: int, count: int) -> bytes:
        """Read once."""
        self.step("read", "")
        return posix.read(fd, count)

    def write(self, fd: int, content: bytes | memoryview) -> int:
        """Write once; may write less."""
        self.step("write", "")
        return posix.write(fd, content)

    def sync(self, fd: int) -> None:
        """Wait until a file or a directory is on the disk."""
        self.step("sync", "")
        posix.fsync(fd)

    def datasync(self, fd: int) -> None:
        """Wait until what a file holds is on the disk, without the rest that is known of it."""
        self.step("sync", "")
        posix.fdatasync(fd)

    def chmod(self, fd: int, mode: int) -> None:
        """Set the mode of an open file."""
        self.step("chmod", "")
        posix.fchmod(fd, mode)

    def truncate(self, fd: int, length: int) -> None:
        """Cut off what is beyond `length`."""
        self.step("truncate", "")
        posix.ftruncate(fd, length)

    def reserve(self, fd: int, length: int) -> None:
        """Take the blocks now, so that a later write cannot find the disk full."""
        self.step("reserve", "")
        posix.posix_fallocate(fd, 0, length)

    def rename(self, old: str, new: str, old_at: int, new_at: int) -> None:
        """Rename over whatever is there."""
        self.step("rename", new)
        posix.rename(old, new, src_dir_fd=old_at, dst_dir_fd=new_at)

    def link(self, old: str, new: str, old_at: int, new_at: int) -> None:
        """Give a file a second name."""
        self.step("link", new)
        posix.link(old, new, src_dir_fd=old_at, dst_dir_fd=new_at, follow_symlinks=False)

    def symlink(self, target: str, path: str, at: int) -> None:
        """Make a name that stands for another."""
        self.step("symlink", path)
        posix.symlink(target, path, dir_fd=at)

    def unlink(self, path: str, at: int) -> None:
        """Remove a name."""
        self.step("unlink", path)
        posix.unlink(path, dir_fd=at)

    def mkdir(self, path: str, mode: int, at: int | None = None) -> None:
        """Make a directory."""
        self.step("mkdir", path)
        posix.mkdir(path, mode, dir_fd=at)

    def rmdir(self, path: str, at: int) -> None:
        """Remove an empty directory."""
        self.step("rmdir", path)
        posix.rmdir(path, dir_fd=at)

    def names(self, fd: int) -> list[str]:
        """List a directory; opened again, since a fork shares the place where it reads."""
        self.step("names", "")
        own = posix.open(".", posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC, dir_fd=fd)
        try:
            return posix.listdir(own)
        finally:
            posix.close(own)

    def status(self, path: str, at: int) -> posix.stat_result:
        """Look at a name, never through a link."""
        self.step("status", path)
        return posix.stat(path, dir_fd=at, follow_symlinks=False)

    def lock(self, fd: int, operation: int) -> bool:
        """Try a lock of flock(2); False: somebody else is in the way."""
        self.step("lock", "")
        try:
            fcntl.flock(fd, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


DISK = Disk()


def cannot(verb: str, path: str, error: OSError) -> SpoolError:
    """Put what the system refused into a sentence."""
    why = error.strerror or str(error)
    if error.errno == errno.ELOOP:
        why = "it is a symbolic link"
    return SpoolError(f"cannot {verb} {path}: {why}")


def write_all(disk: Disk, fd: int, content: bytes) -> None:
    """Write until all is written."""
    rest = memoryview(content)
    while rest:
        rest = rest[disk.write(fd, rest) :]


def is_own_fault(error: SpoolError) -> bool:
    """Whether it says nothing about the file that could not be read."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in _OWN_FAULT
