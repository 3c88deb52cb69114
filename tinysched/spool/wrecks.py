"""Records that cannot be read: set aside, tried again at every start, and kept in mind until then.

A file in queue/quarantine keeps the name of its folder in front: `running.job_4.meta.1`. At a start
whatever can be read there again, and has no record in its place, goes back: it was mended, or a
newer release, which wrote it, is back. All others are wrecks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tinysched.errors import SpoolError
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.endedlog import Key
from tinysched.spool.queuefiles import LARGEST_RECORD, Listing, QueueFiles
from tinysched.spool.records import TaskRecord
from tinysched.spool.rooting import put_aside

# What a record that was rebuilt is called from then on: kept for people, and never used again.
REBUILT = "rebuilt"
_UID = re.compile(rb'"uid": ([0-9]{1,9}),')
_CORES = re.compile(
    rb'"ntasks": (null|[0-9]{1,6}),\s+"cpus_per_task": (null|[0-9]{1,6}),\s+"exclusive": false,'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wreck:
    """A job, or a task of one, of which there is a trace and no record.

    `folder` is where its record lay. `uid` and `cores` are what could still be read (None: not
    that). `path` is the trace: the record in quarantine, or a script that has no record.
    """

    number: int
    task: int | None
    folder: str
    path: str
    uid: int | None = None
    cores: int | None = None

    @property
    def key(self) -> Key:
        """Whose record it was."""
        return self.number, self.task

    @property
    def sentence(self) -> str:
        """What people are told of it; '' where it most likely never was a job."""
        name = str(self.number) if self.task is None else f"{self.number}_{self.task}"
        if not self.path.endswith(".script"):
            return f"there is no record of job {name}; what was one is {self.path}"
        if self.folder == tree.PENDING:
            return ""  # a submission that a kill cut short leaves just that
        return f"there is no record of job {name}; its script is {self.path}"

    @property
    def is_unfinished(self) -> bool:
        """Whether it had not ended when it was lost."""
        return self.folder in (tree.PENDING, tree.RUNNING)

    @property
    def had_cores(self) -> bool:
        """Whether it may be running."""
        return self.folder == tree.RUNNING


def untraced(number: int, task: int | None, uid: int) -> Wreck:
    """Something that runs, of which nothing is left here at all."""
    return Wreck(number=number, task=task, folder=tree.RUNNING, path="", uid=uid)


class Quarantine:
    """queue/quarantine, for its one writer. Use it within `with`."""

    def __init__(self, files: QueueFiles) -> None:
        self._files = files
        self._folder: Folder

    def __enter__(self) -> Quarantine:
        """Opens the directory.

        Raises: SpoolError.
        """
        self._folder = self._files.root.open_below(f"queue/{tree.QUARANTINE}")
        return self

    def __exit__(self, *_: object) -> None:
        """Lets go of it."""
        self._folder.close()

    def reinstate(self, listing: Listing) -> list[str]:
        """Move back what can be read now; returns a sentence about each."""
        notes = []
        found = list(self._names())
        found.sort(key=lambda item: item[2][1] is not None)  # no task goes before its array
        for name, folder_name, key in found:
            has_array = key[1] is None or listing.folders_of((key[0], None))
            if listing.folders_of(key) or not has_array:
                continue
            if not self._is_readable(name, folder_name, key):
                continue
            try:
                self._files.folders[folder_name].take(tree.meta_name(*key), self._folder, name)
            except SpoolError:
                continue
            listing.metas[folder_name].add(key)
            listing.lost.pop(key, None)
            notes.append(f"{self._folder.where(name)} can be read again: back in {folder_name}/")
        return notes

    def _is_readable(self, name: str, folder_name: str, key: Key) -> bool:
        try:
            return self._files.read_as(self._folder, name, folder_name, key) is not None
        except SpoolError:
            return False

    def add(self, folder_name: str, key: Key, *, is_wreck: bool) -> str:
        """Set a record aside; returns its new path, '' if it could not be moved.

        One that is no wreck has a good copy elsewhere: it is never to come back.
        """
        source, name = self._files.folders[folder_name], tree.meta_name(*key)
        prefix = f"{folder_name}." if is_wreck else ""
        moved = put_aside(source, self._folder, name, prefix)
        return self._folder.where(moved) if moved else ""

    def retire(self, key: Key) -> None:
        """A new record is in the place of these: they are kept for people only."""
        for name, _, found in self._names():
            if found == key:
                put_aside(self._folder, self._folder, name, f"{REBUILT}.")

    def wrecks(self, listing: Listing, homeless: Iterable[TaskRecord]) -> list[Wreck]:
        """What has a trace here, a script or tasks, and no record; call it after a load."""
        found: dict[Key, Wreck] = {}
        for name, folder_name, key in self._names():
            if not listing.folders_of(key):
                found[key] = self._wreck(name, folder_name, key)
        for folder_name in (tree.PENDING, tree.RUNNING):
            folder = self._files.folders[folder_name]
            for number in listing.scripts[folder_name]:
                key = (number, None)
                if key not in found and not listing.folders_of(key) and number not in listing.aside:
                    path = folder.where(tree.script_name(number))
                    found[key] = Wreck(number=number, task=None, folder=folder_name, path=path)
        for record in homeless:
            number = record.number
            path = f"the records of its tasks, as {tree.meta_name(number, record.unit.id.task)}"
            wreck = Wreck(number=number, task=None, folder=tree.PENDING, path=path, uid=record.uid)
            found.setdefault((number, None), wreck)
        return [found[key] for key in sorted(found, key=lambda key: (key[0], key[1] or -1))]

    def _wreck(self, name: str, folder_name: str, key: Key) -> Wreck:
        try:
            raw = self._folder.read(name, LARGEST_RECORD) or b""
        except SpoolError:
            raw = b""
        uid = _UID.search(raw)
        return Wreck(
            number=key[0],
            task=key[1],
            folder=folder_name,
            path=self._folder.where(name),
            uid=None if uid is None else int(uid[1]),
            cores=_cores(raw),
        )

    def _names(self) -> Iterator[tuple[str, str, Key]]:
        for name in sorted(self._folder.names()):
            parts = tree.read_aside_name(name)
            if parts is not None and parts[0] in tree.FOLDERS:
                yield name, *parts


def _cores(raw: bytes) -> int | None:
    """What the job asked for, as far as that part of its record is whole."""
    found = _CORES.search(raw)
    if found is None:
        return None
    ntasks, cpus = (1 if part == b"null" else int(part) for part in found.groups())
    return max(1, ntasks) * max(1, cpus)
