"""All records of a change are safe, or none, before anybody is told; then they get their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinysched.errors import SpoolError
from tinysched.job.model import Job, Task
from tinysched.spool.endedlog import EndedLog, Key, line_of
from tinysched.spool.journal import Journal
from tinysched.spool.placing import Placer
from tinysched.spool.queuefiles import folder_of, key_of
from tinysched.spool.records import write_job, write_task
from tinysched.spool.transactions import Entry, Kind


class Publisher:
    """Writes records."""

    def __init__(self, journal: Journal, placer: Placer, ended: EndedLog) -> None:
        self._journal = journal
        self._placer = placer
        self._ended = ended
        # Revisions that a failed save may have left on the disk: the next one must be higher.
        self._tried: dict[Key, int] = {}

    def publish(
        self, records: Sequence[Job | Task], script: bytes | None, *, is_hasty: bool
    ) -> list[Job | Task]:
        """Write records durably; returns them with the revisions they were written as.

        `script`: of the one new job. `is_hasty`: their files are written later. All of them are new
        when this returns, whatever happens then. Raises: SpoolError; all of them are the old ones
        then.
        """
        raised = [self._raised(record) for record in records]
        for record in raised:
            self._tried[key_of(record)] = record.revision
        # Who looks at the files finds no array that has moved on without its tasks.
        entries = [_entry(record) for record in raised if not isinstance(record, Job)]
        entries += [_entry(record) for record in raised if isinstance(record, Job)]
        if script is not None:
            home = entries[0]
            entries.insert(0, Entry(Kind.SCRIPT, home.number, None, home.folder, 0, script))
        is_hasty = is_hasty and not self._placer.is_refused  # a full disk is told of at once
        staged = [] if is_hasty else self._placer.stage(entries)
        try:
            self._journal.append(entries)
        except SpoolError:
            self._placer.drop(staged)
            raise
        self._placer.place(entries, staged)
        lines = [line for line in map(line_of, raised) if line is not None]
        if lines:
            self._ended.append(lines)
        for record in raised:
            self._tried.pop(key_of(record), None)
        return raised

    def _raised(self, record: Job | Task) -> Job | Task:
        revision = max(record.revision, self._tried.get(key_of(record), 0)) + 1
        return replace(record, revision=revision)


def _entry(record: Job | Task) -> Entry:
    number, task = key_of(record)
    content = write_job(record) if isinstance(record, Job) else write_task(record)
    return Entry(Kind.RECORD, number, task, folder_of(record), record.revision, content)
