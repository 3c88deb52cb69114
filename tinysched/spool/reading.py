"""Reads a queue and changes nothing: for whoever may look at the files."""

from __future__ import annotations

import posix
from collections.abc import Iterator
from contextlib import contextmanager

from tinysched.errors import SpoolError
from tinysched.job.model import Job, Task
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.counter import after, read_last
from tinysched.spool.disk import Disk
from tinysched.spool.endedlog import LARGEST_LOG, Index, parse
from tinysched.spool.journal import newest, peek
from tinysched.spool.loading import Loaded, Loader
from tinysched.spool.queuefiles import QueueFiles
from tinysched.spool.records import TaskRecord
from tinysched.spool.removing import tasks_of
from tinysched.spool.transactions import Kind


@contextmanager
def open_files(root: str, disk: Disk) -> Iterator[QueueFiles]:
    """The folders of a queue, whosever it is; the records of the root's owner are believed.

    Raises: SpoolError.
    """
    folder = Folder.open_root(disk, root)
    try:
        files = QueueFiles(folder, posix.fstat(folder.fd).st_uid)
        try:
            _look_into_journal(files)
            yield files
        finally:
            files.close()
    finally:
        folder.close()


def _look_into_journal(files: QueueFiles) -> None:
    """What a dispatcher that died has not put in its place yet; only the owner may know of it."""
    state = files.root.open_below("state")
    try:
        entries = newest(peek(state))
    finally:
        state.close()
    for (kind, key), entry in entries.items():
        if kind is Kind.RECORD:
            files.owed.records[key] = entry


def load_only(files: QueueFiles, ended_since: float) -> Loaded:
    """Load a queue; what cannot be read is left out and named.

    Raises: SpoolError.
    """
    listing = files.listing()
    notes = []
    state = files.root.open_below("state")
    try:
        stored, problem = read_last(state)
        try:
            index = parse(state.read(tree.ENDED_LOG, LARGEST_LOG) or b"")
        except SpoolError as error:
            problem, index = problem or error.sentence, Index()
    finally:
        state.close()
    if problem:
        notes.append(problem)
    loader = Loader(files, listing, reads_all=False)
    jobs, tasks = loader.load(index, ended_since)
    notes += [sentence for _, _, sentence in loader.findings.bad]
    notes += loader.findings.orphans
    last_id = after(stored, listing.highest)
    return Loaded(jobs=jobs, tasks=tasks, last_id=last_id, quarantined=tuple(notes))


def find(files: QueueFiles, number: int, known: Job | None = None) -> tuple[Job, list[Task]] | None:
    """Read one job by its name, with those of its tasks that have records.

    `known` spares reading the job itself. A task that cannot be read is left out. Raises:
    SpoolError.
    """
    job = files.newest((number, None)) if known is None else known
    if not isinstance(job, Job):
        return None
    tasks = []
    for task in tasks_of(job):
        try:
            record = files.newest((number, task))
        except SpoolError:
            continue
        if isinstance(record, TaskRecord):
            tasks.append(record.of(job))
    return job, tasks
