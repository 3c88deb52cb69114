"""The folders of the queue: which records lie where, and what is in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from tinysched.errors import SpoolError
from tinysched.job.model import Elements, Ended, Granted, Job, Outcome, Running, State, Task
from tinysched.spool import legacyrecords, tree
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import Disk
from tinysched.spool.endedlog import Key
from tinysched.spool.records import TaskRecord, read_job, read_task
from tinysched.spool.transactions import Entry

Record = Job | TaskRecord

LARGEST_RECORD = 16 << 20
LARGEST_SCRIPT = 16 << 20

ENDED = (tree.COMPLETED, tree.FAILED)


@dataclass(slots=True)
class Listing:
    """The names in the queue, by folder; `highest` is the highest id in any of them.

    `aside`: the ids in quarantine, and of what the Bash version left. `gone`: jobs whose purge was
    cut short, with what is left of each, the mark last; nothing of them is in `metas` or `scripts`.
    `lost`: records in quarantine, and in which folder they lay.
    """

    metas: dict[str, set[Key]] = field(default_factory=dict)
    scripts: dict[str, set[int]] = field(default_factory=dict)
    aside: set[int] = field(default_factory=set)
    gone: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    lost: dict[Key, str] = field(default_factory=dict)
    highest: int = 0

    def folders_of(self, key: Key) -> list[str]:
        """Where copies of a record lie: more than one only after a crash."""
        return [folder for folder, keys in self.metas.items() if key in keys]

    def leave_out_gone(self) -> None:
        """Make what is left of purged jobs no part of the queue."""
        for folder, keys in self.metas.items() if self.gone else ():
            for key in [key for key in keys if key[0] in self.gone]:
                keys.discard(key)
                self.gone[key[0]].insert(0, (folder, tree.meta_name(*key)))
        for folder, numbers in self.scripts.items():
            for number in numbers & self.gone.keys():
                numbers.discard(number)
                self.gone[number].insert(0, (folder, tree.script_name(number)))

    def ended(self) -> set[Key]:
        """Every record in completed/ and failed/."""
        return self.metas[tree.COMPLETED] | self.metas[tree.FAILED]

    def unfinished(self) -> set[Key]:
        """Every record in pending/ and running/."""
        return self.metas[tree.PENDING] | self.metas[tree.RUNNING]


@dataclass(slots=True)
class Owed:
    """What is safe in the journal, and not in its file yet: records, and scripts of jobs."""

    records: dict[Key, Entry] = field(default_factory=dict)
    scripts: dict[int, Entry] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.records or self.scripts)


class QueueFiles:
    """The open folders below queue/. `owner`: whose records are believed."""

    def __init__(self, root: Folder, owner: int) -> None:
        self.owner = owner
        self.owed = Owed()
        self.root = root
        self.folders: dict[str, Folder] = {}
        queue = root.open_below("queue")
        try:
            for name in tree.FOLDERS:
                self.folders[name] = queue.open_below(name)
        except SpoolError:
            self.close()
            raise
        finally:
            queue.close()

    @property
    def disk(self) -> Disk:
        """The disk that all of it lies on."""
        return self.root.disk

    def close(self) -> None:
        """Let go of the folders."""
        for folder in self.folders.values():
            folder.close()

    def listing(self) -> Listing:
        """Read all names.

        Raises: SpoolError.
        """
        found = Listing()
        for folder_name, folder in self.folders.items():
            metas = found.metas[folder_name] = set()
            scripts = found.scripts[folder_name] = set()
            for number, task, suffix in _known(folder.names()):
                found.highest = max(found.highest, number)
                if suffix == tree.META:
                    metas.add((number, task))
                elif suffix == tree.SCRIPT:
                    scripts.add(number)
                elif folder_name in ENDED:
                    found.gone[number] = [(folder_name, tree.gone_name(number))]
        for key, entry in self.owed.records.items():
            found.metas[entry.folder].add(key)
        found.leave_out_gone()
        self._look_aside(found)
        found.highest = max([found.highest, *found.aside, *(key[0] for key in self.owed.records)])
        return found

    def _look_aside(self, found: Listing) -> None:
        for name in self._set_aside():
            found.aside.update(number for number, _, _ in _known([_stem(name)]))
            lost = tree.read_aside_name(name)
            if lost is not None and lost[0] in tree.FOLDERS:
                found.lost[lost[1]] = lost[0]

    def _set_aside(self) -> Iterator[str]:
        """The names in quarantine and among what the Bash version left."""
        for name in (tree.QUARANTINE, tree.LEGACY):
            folder = self.root.find_below(f"queue/{name}")
            if folder is None:
                continue
            try:
                yield from folder.names()
            finally:
                folder.close()

    def close_to_others(self) -> None:
        """Take every record away from the eyes of the group.

        Raises: SpoolError.
        """
        for folder in self.folders.values():
            for name in folder.names():
                status = folder.status(name)
                if status is not None and status.st_mode & 0o077:
                    self.disk.close(folder.keep(name, tree.CLOSED_FILE_MODE))

    def read(self, folder_name: str, key: Key) -> Record | None:
        """Read one record; None: it is not there.

        Raises: SpoolError if it cannot be read.
        """
        owed = self.owed.records.get(key)
        if owed is not None and owed.folder == folder_name:
            return self._read_owed(owed, key)
        folder, name = self.folders[folder_name], tree.meta_name(*key)
        try:
            return self.read_as(folder, name, folder_name, key)
        except SpoolError as error:
            if not isinstance(error.__cause__, OSError):
                raise
        return self.read_as(folder, name, folder_name, key)  # the disk may have had a bad moment

    def _read_owed(self, owed: Entry, key: Key) -> Record:
        """What is in the journal, or in its file if that is newer by now."""
        folder, name = self.folders[owed.folder], tree.meta_name(*key)
        mine = _parse(owed.content, folder.where(name), key)
        with suppress(SpoolError):
            placed = self.read_as(folder, name, owed.folder, key)
            if placed is not None and placed.revision > mine.revision:
                return placed
        return mine

    def read_script(self, number: int) -> bytes | None:
        """The script of a job; None: it has none.

        Raises: SpoolError.
        """
        owed = self.owed.scripts.get(number)
        if owed is not None:
            return owed.content
        for folder in self.folders.values():
            content = folder.read(tree.script_name(number), LARGEST_SCRIPT)
            if content is not None:
                return content
        return None

    def read_as(self, folder: Folder, name: str, folder_name: str, key: Key) -> Record | None:
        """Read a file, wherever it lies, as the record of a job or task in one of our folders.

        Raises: SpoolError if it cannot be read as that.
        """
        raw = folder.read(name, LARGEST_RECORD)
        if raw is None:
            return None
        where = folder.where(name)
        if legacyrecords.is_legacy(raw):
            return self._read_legacy(raw, key, folder_name)
        self._check_owner(folder, name)
        record = _parse(raw, where, key)
        if key_of(record) != key:
            raise SpoolError(f"cannot read {where}: it is the record of {key_of(record)[0]}")
        return record

    def _read_legacy(self, raw: bytes, key: Key, folder_name: str) -> Record:
        folder, name = self.folders[folder_name], tree.meta_name(*key)
        if folder_name not in ENDED:
            raise SpoolError(f"cannot use {folder.where(name)}: the Bash version wrote it")
        status = folder.status(name)
        outcome = Outcome.COMPLETED if folder_name == tree.COMPLETED else Outcome.FAILED
        return legacyrecords.read(raw, key, status.st_uid if status else self.owner, outcome)

    def _check_owner(self, folder: Folder, name: str) -> None:
        status = folder.status(name)
        if status is not None and status.st_uid != self.owner:
            raise SpoolError(
                f"cannot read {folder.where(name)}: it belongs to uid {status.st_uid}, "
                f"not to uid {self.owner}"
            )

    def newest(self, key: Key, folders: Iterable[str] = tree.FOLDERS) -> Record | None:
        """Read the record that counts among copies; None: there is none.

        Raises: SpoolError if there are copies, and none can be read.
        """
        found: list[Record] = []
        problem: SpoolError | None = None
        for folder in folders:
            try:
                record = self.read(folder, key)
            except SpoolError as error:
                problem = error
                continue
            if record is not None:
                found.append(record)
        if not found and problem is not None:
            raise problem
        return max(found, key=lambda record: record.revision, default=None)


def _parse(raw: bytes, where: str, key: Key) -> Record:
    return read_job(raw, where) if key[1] is None else read_task(raw, where)


def key_of(record: Record | Task) -> Key:
    """Whose record it is."""
    if isinstance(record, Job):
        return record.id, None
    return record.unit.id.number, record.unit.id.task


def folder_of(record: Record | Task) -> str:
    """The folder that a record belongs in."""
    if not isinstance(record, Job):
        return _folder_of_state(record.unit.state)
    work = record.work
    if not isinstance(work, Elements):
        return _folder_of_state(work.state)
    if work.ended_at is not None:
        return _folder_of_outcome(work.worst)
    return tree.PENDING if work.todo else tree.RUNNING


def _folder_of_state(state: State) -> str:
    if isinstance(state, Ended):
        return _folder_of_outcome(state.outcome)
    return tree.RUNNING if isinstance(state, Granted | Running) else tree.PENDING


def _folder_of_outcome(outcome: Outcome) -> str:
    return tree.COMPLETED if outcome is Outcome.COMPLETED else tree.FAILED


def _known(names: Iterable[str]) -> Iterator[tuple[int, int | None, str]]:
    return (parts for parts in map(tree.read_name, names) if parts is not None)


def _stem(name: str) -> str:
    """The name a file had before it was set aside: `job_4.meta` of `running.job_4.meta.2`."""
    stem = name[max(0, name.find("job_")) :]
    while stem.rpartition(".")[2].isdigit():
        stem = stem.rpartition(".")[0]
    return stem
