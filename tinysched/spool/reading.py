"""The queue without its dispatcher: whoever may look at the files may read it."""

from __future__ import annotations

import math
import posix

from tinysched.errors import SpoolError
from tinysched.job.model import Job, Task
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.counter import after, read_last
from tinysched.spool.disk import DISK, Disk
from tinysched.spool.endedlog import LARGEST_LOG, Index, parse
from tinysched.spool.loading import Loaded, Loader
from tinysched.spool.queuefiles import QueueFiles
from tinysched.spool.store import find


def read_only(root: str, ended_since: float = math.inf, disk: Disk = DISK) -> Loaded:
    """Read a queue and change nothing; what the caller may not read is left out and named.

    Raises: SpoolError if there is no queue, or the caller may not enter it.
    """
    folder = Folder.open_root(disk, root)
    try:
        files = QueueFiles(folder, posix.fstat(folder.fd).st_uid)
        try:
            return _load(folder, files, ended_since)
        finally:
            files.close()
    finally:
        folder.close()


def find_only(root: str, number: int, disk: Disk = DISK) -> tuple[Job, list[Task]] | None:
    """Read one job of a queue and change nothing.

    Raises: SpoolError if there is no queue, or the caller may not read the record.
    """
    folder = Folder.open_root(disk, root)
    try:
        files = QueueFiles(folder, posix.fstat(folder.fd).st_uid)
        try:
            return find(files, number)
        finally:
            files.close()
    finally:
        folder.close()


def _load(folder: Folder, files: QueueFiles, ended_since: float) -> Loaded:
    listing = files.listing()
    notes = []
    state = folder.open_below("state")
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
    return Loaded(
        jobs=jobs, tasks=tasks, last_id=after(stored, listing.highest), quarantined=tuple(notes)
    )
