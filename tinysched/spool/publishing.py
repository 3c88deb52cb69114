"""Records go to the disk whole, into the folder that their state says, before anybody is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tinysched.errors import SpoolError
from tinysched.job.model import Elements, Job, Task
from tinysched.job.ranges import Ranges
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.endedlog import EndedLog, Key, line_of
from tinysched.spool.queuefiles import QueueFiles, folder_of, key_of
from tinysched.spool.records import write_job, write_task

_ENDED = (tree.COMPLETED, tree.FAILED)


class Publisher:
    """Writes and removes records. `meta_mode` is that of records from now on."""

    def __init__(self, files: QueueFiles, temps: Folder, ended: EndedLog, meta_mode: int) -> None:
        self._files = files
        self._temps = temps
        self._ended = ended
        self.meta_mode = meta_mode
        # Revisions that a failed save may have left on the disk: the next one must be higher.
        self._tried: dict[Key, int] = {}

    def publish(self, records: Sequence[Job | Task]) -> list[Job | Task]:
        """Write records durably; returns them with the revisions they were written as.

        Tasks are on the disk before any array that moves on because of them. Each record is whole
        at any moment, the old one or the new one; all of them are new when this returns.
        Raises: SpoolError.
        """
        raised = [self._raised(record) for record in records]
        for record in raised:
            self._tried[key_of(record)] = record.revision
        self._write([record for record in raised if not isinstance(record, Job)])
        self._write([record for record in raised if isinstance(record, Job)])
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
                folder.take(tree.meta_name(*key_of(record)), self._temps, name)
        except SpoolError:
            for name in staged:
                self._temps.drop(name)
            raise
        for folder_name in sorted({folder_of(record) for record in records}):
            self._files.folders[folder_name].sync()

    def _remove_others(self, record: Job | Task) -> list[Key]:
        """Remove the copies in other folders; returns its key if it had ended, and has not now."""
        key, home = key_of(record), folder_of(record)
        gone: list[Key] = []
        for folder_name, folder in self._files.folders.items():
            if folder_name == home or not folder.remove(tree.meta_name(*key)):
                continue
            if folder_name in _ENDED and home not in _ENDED:
                gone.append(key)
            if key[1] is None:
                self._move_script(folder, self._files.folders[home], key[0])
        return gone

    @staticmethod
    def _move_script(source: Folder, target: Folder, number: int) -> None:
        """The script follows for the eye's sake: it is found in any folder."""
        name = tree.script_name(number)
        if source.status(name) is not None:
            target.take(name, source, name)

    def remove(self, numbers: Iterable[int]) -> list[int]:
        """Remove ended jobs with all that belongs to them; returns which were removed.

        Unknown and unfinished ones are left out. The job's own record goes last, so that a crash
        leaves one that can be removed again.
        Raises: SpoolError.
        """
        removed: list[int] = []
        try:
            for number in numbers:
                if self._remove(number):
                    removed.append(number)
        finally:
            self._ended.forget(removed)
        return removed

    def _remove(self, number: int) -> bool:
        record = self._files.newest((number, None))
        if not isinstance(record, Job) or not record.is_final:
            return False
        for task in tasks_of(record):
            self._remove_name(tree.meta_name(number, task))
        self._remove_name(tree.script_name(number))
        self._remove_name(tree.meta_name(number))
        return True

    def _remove_name(self, name: str) -> None:
        for folder in self._files.folders.values():
            folder.remove(name)


def tasks_of(job: Job) -> Ranges:
    """The tasks that may have a record of their own."""
    if not isinstance(job.work, Elements):
        return Ranges()
    started = job.request.array.tasks if job.request.array is not None else Ranges()
    return ((started - job.work.cancelled) - job.work.todo) | job.work.ended
