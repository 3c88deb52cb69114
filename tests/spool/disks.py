"""Disks that fail or die at a chosen operation, and a root to try them on."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator

from tinysched.spool.disk import Disk

# What only looks cannot leave anything half done; it can fail, though.
CHANGES = {
    "write", "sync", "chmod", "truncate", "reserve", "rename", "unlink", "mkdir", "rmdir", "open",
}  # fmt: skip


class Death(BaseException):
    """The process is gone: no handler for errors, no clearing up."""


class QuickDisk(Disk):
    """Does not wait for the platters: nobody cuts the power here, and tests sync a lot."""

    __slots__ = ()

    def sync(self, fd: int) -> None:
        self.step("sync", "")

    def datasync(self, fd: int) -> None:
        self.sync(fd)


class CountingDisk(QuickDisk):
    """Hears every operation. `reached` counts them, `calls` names them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fds: set[int] = set()

    def step(self, call: str, what: str) -> None:
        self.calls.append(call)

    def open(self, path: str, flags: int, at: int | None = None, mode: int = 0o600) -> int:
        fd = super().open(path, flags, at, mode)
        self.fds.add(fd)
        return fd

    def close(self, fd: int) -> None:
        self.fds.discard(fd)
        super().close(fd)

    def die(self) -> None:
        """What a kernel does for a dead process: its descriptors are closed, its locks go."""
        for fd in self.fds:
            with contextlib.suppress(OSError):
                os.close(fd)
        self.fds.clear()


class DyingDisk(CountingDisk):
    """Operation `last` is the last; of a write only the first half is done."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self._last = last

    def step(self, call: str, what: str) -> None:
        if len(self.calls) >= self._last:
            raise Death
        super().step(call, what)

    def write(self, fd: int, content: bytes | memoryview) -> int:
        self.step("write", "")
        if len(self.calls) >= self._last:
            content = content[: len(content) // 2]
        return os.write(fd, content)


class FailingDisk(CountingDisk):
    """Operation `bad`, and the `more` after it, are refused; then the disk works again."""

    def __init__(self, bad: int, number: int = errno.ENOSPC, more: int = 0) -> None:
        super().__init__()
        self._bad = range(bad, bad + more + 1)
        self._number = number
        self.failed = ""

    def fail_at(self, count: int, more: int = 0, number: int | None = None) -> None:
        """Refuse the operation that is the `count`-th from now."""
        at = len(self.calls) + count
        self._number = number or self._number
        self._bad = range(at, at + more + 1)

    def work_again(self) -> None:
        """Refuse nothing any more."""
        self._bad = range(0)

    def step(self, call: str, what: str) -> None:
        super().step(call, what)
        if len(self.calls) in self._bad:
            self.failed = call
            raise OSError(self._number, os.strerror(self._number))


class ShortDisk(CountingDisk):
    """Writes as little as a system may: half of what it is asked to, at least one byte."""

    def write(self, fd: int, content: bytes | memoryview) -> int:
        return super().write(fd, content[: (len(content) + 1) // 2])


class WatchingDisk(CountingDisk):
    """Knows what a power cut would take: `lost` names all that was not on the disk in time.

    A file must be synced before it is renamed, a directory before anybody is told. Of names in
    `tmp` nothing is expected.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lost: list[str] = []
        self._dirty: dict[tuple[int, int], str] = {}

    def _key(self, fd: int) -> tuple[int, int]:
        status = os.fstat(fd)
        return status.st_dev, status.st_ino

    def write(self, fd: int, content: bytes | memoryview) -> int:
        self._dirty[self._key(fd)] = "content"
        return super().write(fd, content)

    def sync(self, fd: int) -> None:
        super().sync(fd)
        self._dirty.pop(self._key(fd), None)

    def rename(self, old: str, new: str, old_at: int, new_at: int) -> None:
        status = os.stat(old, dir_fd=old_at, follow_symlinks=False)
        if (status.st_dev, status.st_ino) in self._dirty:
            self.lost.append(f"{new} was renamed before it was synced")
        super().rename(old, new, old_at, new_at)
        self._dirty[self._key(new_at)] = f"the name {new}"

    def mkdir(self, path: str, mode: int, at: int | None = None) -> None:
        super().mkdir(path, mode, at)
        if at is not None:
            self._dirty[self._key(at)] = f"the name {path}"

    def open(self, path: str, flags: int, at: int | None = None, mode: int = 0o600) -> int:
        fd = super().open(path, flags, at, mode)
        if flags & os.O_EXCL and at is not None and not path.startswith(".new."):
            self._dirty[self._key(at)] = f"the name {path}"
        return fd

    def unsafe(self) -> list[str]:
        """What a power cut at this moment would take, or would have taken."""
        return self.lost + list(self._dirty.values())

    def forget(self) -> None:
        """Start anew."""
        self.lost.clear()
        self._dirty.clear()


def operations(work: Callable[[Disk], object]) -> int:
    """How many operations some work takes when nothing goes wrong."""
    disk = CountingDisk()
    try:
        work(disk)
    finally:
        disk.die()
    return len(disk.calls)


def every_death(count: int) -> Iterator[DyingDisk]:
    """A disk for each k: operation k of `count` is the last."""
    for last in range(count):
        yield DyingDisk(last)


def run_until_death(work: Callable[[Disk], object], disk: DyingDisk) -> None:
    """Do the work until the disk dies, then let go of what the dead process held."""
    try:
        work(disk)
    except Death:
        pass
    finally:
        disk.die()
