"""A queue's state as one tar file, made while its dispatcher runs.

Records are never changed, only replaced: a second name keeps what a file was. So the dispatcher
gives second names to all that has not ended (`Store.freeze`), between two changes, and the rest is
read at leisure. What ends meanwhile is looked for before and after: at worst a job is in the file
twice, and of two copies the higher revision counts, as after a crash.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tinysched.spool import tree
from tinysched.spool.disk import cannot
from tinysched.spool.locks import DispatcherLock
from tinysched.spool.store import Store

FORMAT = 1
MANIFEST = "tinysched-backup"
COMPLETE = "complete"
UNFINISHED = (tree.PENDING, tree.RUNNING)
ENDED = (tree.COMPLETED, tree.FAILED)
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What has not ended at one moment: a directory with second names, and the highest id."""

    path: str
    last_id: int


class Alone:
    """The right to be the dispatcher, held so that nobody else is; use it within `with`."""

    def __init__(self, root: str) -> None:
        """Takes it. Raises: SpoolError if there is a dispatcher."""
        self._lock = DispatcherLock.take(os.path.realpath(tree.lock_dir(root)))

    def __enter__(self) -> Alone:
        """Nobody writes from here."""
        return self

    def __exit__(self, *_: object) -> None:
        """To here."""
        self._lock.release()


def empty_journal(root: str, *, is_private: bool) -> None:
    """What a dispatcher that was killed had recorded goes to its files.

    Raises: SpoolError, also if there is a dispatcher.
    """
    if os.path.exists(f"{root}/state/{tree.JOURNALS[0]}"):
        mode = tree.CLOSED_FILE_MODE if is_private else tree.OPEN_FILE_MODE
        lock_dir = os.path.realpath(tree.lock_dir(root))
        Store.open(root, lock_dir=lock_dir, meta_mode=mode).close()


def write(root: str, target: str, made_at: float, freeze: Callable[[], Frozen] | None) -> int:
    """Write the queue of a root into a tar file; returns the number of records.

    `freeze` None: nobody writes meanwhile. Raises: SpoolError, and there is no new file.
    Writes: `target`, mode 0600, whole or not at all.
    """
    staged = f"{os.path.dirname(target) or '.'}/.{os.path.basename(target)}.{os.getpid()}.new"
    try:
        with open(
            os.open(staged, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600), "wb"
        ) as file:
            count = _fill(file, root, made_at, freeze)
            file.flush()
            os.fsync(file.fileno())
        os.rename(staged, target)
        folder = os.open(os.path.dirname(target) or ".", os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise cannot("write", target, error) from error
    finally:
        with suppress(OSError):
            os.unlink(staged)
    return count


def _fill(
    file: io.BufferedWriter, root: str, made_at: float, freeze: Callable[[], Frozen] | None
) -> int:
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        writer = _Writer(tar, root, int(made_at))
        told = {"format": FORMAT, "spool_format": tree.FORMAT, "root": root, "made_at": made_at}
        writer.add_bytes(MANIFEST, json.dumps(told).encode())
        writer.queue(freeze)
        writer.add_file("config.yaml", f"{root}/config.yaml")
        writer.add_file(f"state/{tree.CLOSED_PLACES}", f"{root}/state/{tree.CLOSED_PLACES}")
        writer.add_file(f"state/{tree.ENDED_LOG}", f"{root}/state/{tree.ENDED_LOG}")
        for folder in (tree.QUARANTINE, tree.LEGACY):
            writer.folder(f"queue/{folder}", f"{root}/queue/{folder}")
        writer.add_bytes(COMPLETE, b"%d\n" % len(writer.names))
        return writer.records


class _Writer:
    """Adds members; a name only once."""

    def __init__(self, tar: tarfile.TarFile, root: str, made_at: int) -> None:
        self.names: set[str] = set()
        self.records = 0
        self._tar = tar
        self._root = root
        self._made_at = made_at

    def queue(self, freeze: Callable[[], Frozen] | None) -> None:
        """Everything that is a job; see the head of this file for the order."""
        if freeze is None:
            for folder in tree.FOLDERS:
                self.folder(f"queue/{folder}", f"{self._root}/queue/{folder}")
            self.add_file(f"state/{tree.LAST_ID}", f"{self._root}/state/{tree.LAST_ID}")
            return
        first = freeze()
        last = first
        try:
            self._ended()
            last = freeze()
            self._unfinished(last)
            self._ended()
            self._unfinished(first)
        finally:
            remove(first.path)
            remove(last.path)
        self.add_bytes(f"state/{tree.LAST_ID}", b"%d\n" % last.last_id)

    def _ended(self) -> None:
        for folder in ENDED:
            self.folder(f"queue/{folder}", f"{self._root}/queue/{folder}")

    def _unfinished(self, frozen: Frozen) -> None:
        """What is in the file by now, in whatever folder, is no older than this."""
        for name in sorted(os.listdir(frozen.path)):
            folder, _, rest = name.partition(".")
            if not any(f"queue/{other}/{rest}" in self.names for other in UNFINISHED):
                self.add_file(f"queue/{folder}/{rest}", f"{frozen.path}/{name}")

    def folder(self, name: str, path: str) -> None:
        """All regular files in a directory that may be missing."""
        with suppress(FileNotFoundError):
            for inner in sorted(os.listdir(path)):
                self.add_file(f"{name}/{inner}", f"{path}/{inner}")

    def add_file(self, name: str, path: str) -> None:
        """One regular file; what is none, or is gone by now, is left out."""
        if name in self.names:
            return
        try:
            fd = os.open(path, _READ)
        except OSError:
            return
        with open(fd, "rb") as file:
            member = self._tar.gettarinfo(arcname=name, fileobj=file)
            if not member.isreg():
                return
            content = file.read()  # it may grow: a log does
        self.add_bytes(name, content, member.mode)

    def add_bytes(self, name: str, content: bytes, mode: int = 0o600) -> None:
        """One member, of nobody: whom it belongs to is decided where it is restored."""
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = len(content), mode & 0o640, self._made_at
        self._tar.addfile(member, io.BytesIO(content))
        self.names.add(name)
        self.records += name.endswith(f".{tree.META}") and name.count("/") == 2


def remove(frozen: str) -> None:
    """Remove the second names."""
    with suppress(OSError):
        for name in os.listdir(frozen):
            os.unlink(f"{frozen}/{name}")
        Path(frozen).rmdir()
