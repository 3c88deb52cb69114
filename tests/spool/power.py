"""A disk that knows what of it is on the platters, and what a power cut leaves of the rest.

Of a file that was not synced, the old content is left, or the new one, or some sectors of each; of
names that were not synced, any. A rename is done or not; a directory that is synced has its names.
"""

from __future__ import annotations

import os
import posix
import stat
from dataclasses import dataclass, field
from random import Random

from tests.spool.disks import CountingDisk, Death

SECTOR = 512


@dataclass(eq=False)
class Node:
    """A file or a directory, with what of it is safe. `fd` keeps its number from being reused."""

    fd: int
    safe: bytes | None = None
    names: dict[str, Node] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(os.fstat(self.fd).st_mode)

    def now(self) -> bytes:
        return os.pread(self.fd, os.fstat(self.fd).st_size, 0)


@dataclass(eq=False)
class Change:
    """Names that came or went (None) at once: of one directory, or of two."""

    names: list[tuple[Node, str, Node | None]]
    is_done: bool = False

    def do(self) -> None:
        """From now on it is safe."""
        if not self.is_done:
            self.is_done = True
            for folder, name, node in self.names:
                if node is None:
                    folder.names.pop(name, None)
                else:
                    folder.names[name] = node


class PowerDisk(CountingDisk):
    """Operation `last` is the last one, of a write only the first half; then `cut`."""

    def __init__(self, root: str, last: int = 10**9) -> None:
        super().__init__()
        self.path = root
        self.last = last
        self._nodes: dict[tuple[int, int], Node] = {}
        self.root = self._learn(root)

    def _learn(self, path: str) -> Node:
        """All that is there is safe."""
        flags = os.O_RDONLY | (os.O_DIRECTORY if os.path.isdir(path) else 0)
        node = self._node(os.open(path, flags))
        if node.is_folder:
            for name in os.listdir(path):
                node.names[name] = self._learn(f"{path}/{name}")
        else:
            node.safe = node.now()
        return node

    def _node(self, fd: int) -> Node:
        status = os.fstat(fd)
        key = status.st_dev, status.st_ino
        if key in self._nodes:
            os.close(fd)
        else:
            self._nodes[key] = Node(fd)
        return self._nodes[key]

    def _of(self, fd: int | None) -> Node:
        assert fd is not None
        return self._node(os.dup(fd))

    def _at(self, path: str, at: int) -> Node | None:
        try:
            return self._node(os.open(path, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=at))
        except OSError:
            return None

    def _changed(self, *names: tuple[Node, str, Node | None]) -> None:
        change = Change(list(names))
        for folder in {id(one[0]): one[0] for one in names}.values():
            folder.changes.append(change)

    # What changes

    def step(self, call: str, what: str) -> None:
        if len(self.calls) >= self.last:
            raise Death
        super().step(call, what)

    def open(self, path: str, flags: int, at: int | None = None, mode: int = 0o600) -> int:
        is_new = bool(flags & os.O_CREAT) and at is not None and self._at(path, at) is None
        fd = super().open(path, flags, at, mode)
        if is_new:
            status = os.fstat(fd)
            own = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
            self._nodes[status.st_dev, status.st_ino] = Node(own)
            self._changed((self._of(at), path, self._of(fd)))
        return fd

    def write(self, fd: int, content: bytes | memoryview) -> int:
        self.step("write", "")
        if len(self.calls) >= self.last:
            content = content[: len(content) // 2]
        return os.write(fd, content)

    def sync(self, fd: int) -> None:
        super().sync(fd)
        node = self._of(fd)
        if not node.is_folder:
            node.safe = node.now()
            return
        for change in node.changes:
            change.do()
        node.changes.clear()

    def rename(self, old: str, new: str, old_at: int, new_at: int) -> None:
        node = self._at(old, old_at)
        super().rename(old, new, old_at, new_at)
        self._changed((self._of(old_at), old, None), (self._of(new_at), new, node))

    def link(self, old: str, new: str, old_at: int, new_at: int) -> None:
        super().link(old, new, old_at, new_at)
        self._changed((self._of(new_at), new, self._at(old, old_at)))

    def unlink(self, path: str, at: int) -> None:
        super().unlink(path, at)
        self._changed((self._of(at), path, None))

    def mkdir(self, path: str, mode: int, at: int | None = None) -> None:
        super().mkdir(path, mode, at)
        assert at is not None
        self._changed((self._of(at), path, self._at(path, at)))

    def rmdir(self, path: str, at: int) -> None:
        super().rmdir(path, at)
        self._changed((self._of(at), path, None))

    # The end

    def cut(self, target: str, random: Random) -> None:
        """The power fails: what is left is found at `target`; of everything else nothing is."""
        kept = random.choice((0.0, 0.5, 1.0))
        changes = {id(one): one for node in self._nodes.values() for one in node.changes}
        for change in changes.values():
            if random.random() < kept:
                change.do()
        self._restore(self.root, target, random)
        self.die()

    def die(self) -> None:
        """Only the process is gone."""
        super().die()
        for node in self._nodes.values():
            os.close(node.fd)
        self._nodes.clear()

    def _restore(self, node: Node, path: str, random: Random) -> None:
        mode = stat.S_IMODE(os.fstat(node.fd).st_mode)
        if node.is_folder:
            os.mkdir(path)
            for name, inner in node.names.items():
                self._restore(inner, f"{path}/{name}", random)
        else:
            with open(path, "wb") as file:
                file.write(_left(node, random))
        posix.chmod(path, mode)


def _left(node: Node, random: Random) -> bytes:
    """What is left of a file."""
    now, safe = node.now(), node.safe or b""
    way = random.choice(("old", "new", "mixed", "short"))
    if node.safe == now or way == "new":
        return now
    if way == "old":
        return safe
    if way == "short":
        written = random.randrange(len(now) + 1)
        return now[:written] + safe[written:]
    size = max(len(now), len(safe))
    both = now.ljust(size, b"\0"), safe.ljust(size, b"\0")
    sectors = range(0, size, SECTOR)
    return b"".join(random.choice(both)[at : at + SECTOR] for at in sectors)
