"""Records go to the disk whole, into the folder that their state says, before anybody is told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from tinysched.errors import SpoolError
from tinysched.job.model import Job, Task
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.endedlog import EndedLog, Key, line_of
from tinysched.spool.placing import Placing
from tinysched.spool.queuefiles import ENDED, QueueFiles, folder_of, key_of
from tinysched.spool.records import write_job, write_task
from tinysched.values import replace


class Publisher:
    """Writes records. `meta_mode` is that of records from now on."""

    def __init__(self, files: QueueFiles, temps: Folder, ended: EndedLog, meta_mode: int) -> None:
        self._files = files
        self._temps = temps
        self._ended = ended
        self.meta_mode = meta_mode
        # Revisions that a failed save may have left on the disk: the next one must be higher.
        self._tried: dict[Key, int] = {}
        self._placing = Placing(temps)
        self._outdated: set[tuple[str, str]] = set()  # copies that could not be removed

    @property
    def owes(self) -> bool:
        """Whether the disk refused something that is still to be done."""
        return bool(self._placing or self._outdated)

    def catch_up(self) -> None:
        """Take back what a refused change has left, and remove what a move has left.

        Raises: SpoolError if the disk still refuses.
        """
        self._placing.undo()
        for folder_name, name in list(self._outdated):
            self._files.folders[folder_name].remove(name)
            self._outdated.discard((folder_name, name))

    def remove_outdated(self, folder_name: str, key: Key) -> bool:
        """Remove a copy that counts no more, now or later; tells whether there was one."""
        name = tree.meta_name(*key)
        try:
            return self._files.folders[folder_name].remove(name)
        except SpoolError:
            self._outdated.add((folder_name, name))
            return True

    def publish(self, records: Sequence[Job | Task]) -> list[Job | Task]:
        """Write records durably; returns them with the revisions they were written as.

        Tasks are on the disk before any array that moves on because of them. Each record is whole
        at any moment, the old one or the new one; all of them are new when this returns.
        Raises: SpoolError; all of them are the old ones then.
        """
        self._placing.undo()  # what could not be taken back before
        raised = [self._raised(record) for record in records]
        for record in raised:
            self._tried[key_of(record)] = record.revision
        try:
            self._write([record for record in raised if not isinstance(record, Job)])
            self._write([record for record in raised if isinstance(record, Job)])
        except SpoolError:
            with suppress(SpoolError):
                self._placing.undo()
            raise
        self._placing.commit()
        gone = [key for record in raised for key in self._remove_others(record)]
        lines = [line for line in map(line_of, raised) if line is not None]
        self._ended.append(lines, gone)
        for record in raised:
            self._tried.pop(key_of(record), None)
        return raised

    def _raised(self, record: Job | Task) -> Job | Task:
        revision = max(record.revision, self._tried.get(key_of(record), 0)) + 1
        return replace(record, revision=revision)

    def _write(self, records: Sequence[Job | Task]) -> None:
        staged: list[str] = []
        try:
            for record in records:
                content = write_job(record) if isinstance(record, Job) else write_task(record)
                staged.append(self._temps.stage(content, self.meta_mode))
            for record, name in zip(records, staged, strict=True):
                folder = self._files.folders[folder_of(record)]
                self._placing.place(folder, tree.meta_name(*key_of(record)), name)
        except SpoolError:
            for name in staged:
                self._temps.drop(name)
            raise
        for folder_name in sorted({folder_of(record) for record in records}):
            self._files.folders[folder_name].sync()

    def _remove_others(self, record: Job | Task) -> list[Key]:
        """Remove the copies in other folders; returns its key if it had ended, and has not now.

        One that cannot be removed does no harm, since its revision is lower: it goes later.
        """
        key, home = key_of(record), folder_of(record)
        name = tree.meta_name(*key)
        self._outdated.discard((home, name))
        gone: list[Key] = []
        for folder_name, folder in self._files.folders.items():
            if folder_name == home:
                continue
            if not self.remove_outdated(folder_name, key):
                continue
            if folder_name in ENDED and home not in ENDED:
                gone.append(key)
            if key[1] is None:
                self._move_script(folder, self._files.folders[home], key[0])
        return gone

    @staticmethod
    def _move_script(source: Folder, target: Folder, number: int) -> None:
        """The script follows for the eye's sake: it is found in any folder."""
        name = tree.script_name(number)
        with suppress(SpoolError):
            if source.status(name) is not None:
                target.take(name, source, name)
