"""A root of the Bash version becomes ours: nothing is deleted, nothing is started.

Ended records stay where they are and are read as they are. Pending and running ones are set aside
in queue/legacy/ and listed in RESUBMIT there, for people. Done again after a crash, it ends the
same.
"""

from __future__ import annotations

from contextlib import suppress

from tinysched.errors import SpoolError
from tinysched.job import lifecycle
from tinysched.job.model import Elements, Ended, Job, Outcome
from tinysched.job.ranges import Ranges
from tinysched.job.request import Array, Request
from tinysched.spool import legacyrecords, tree
from tinysched.spool.atomic import Folder
from tinysched.spool.endedlog import Key
from tinysched.spool.queuefiles import LARGEST_RECORD, QueueFiles, folder_of
from tinysched.spool.records import TaskRecord, write_job

_HEAD = """\
# Jobs of the Bash version that had not ended when this queue was taken over.
# They were not started again. Their records and scripts lie beside this file.
"""


def take_over(files: QueueFiles, temps: Folder, meta_mode: int) -> list[str]:
    """Take over what the Bash version left; returns a sentence about each job set aside.

    Raises: SpoolError.
    Writes: queue/legacy/, and a record for each ended array, which had none.
    """
    aside = _unfinished(files)
    if aside or _was_begun(files):
        _set_aside(files, temps, aside)
    _write_arrays(files, temps, meta_mode)
    return [f"set aside {tree.meta_name(*key)}, to be submitted again" for _, key in aside]


def _unfinished(files: QueueFiles) -> list[tuple[str, Key]]:
    found = []
    for folder_name in (tree.PENDING, tree.RUNNING):
        folder = files.folders[folder_name]
        for parts in map(tree.read_name, sorted(folder.names())):
            if parts is None or parts[2] != "meta":
                continue
            raw = _read(folder, tree.meta_name(*parts[:2]))
            if raw is not None and legacyrecords.is_legacy(raw):
                found.append((folder_name, parts[:2]))
    return found


def _was_begun(files: QueueFiles) -> bool:
    legacy = files.root.find_below(f"queue/{tree.LEGACY}")
    if legacy is None:
        return False
    legacy.close()
    return True


def _read(folder: Folder, name: str) -> bytes | None:
    for _ in range(2):  # the disk may have had a bad moment
        with suppress(SpoolError):
            return folder.read(name, LARGEST_RECORD)
    return None  # the load will put it into quarantine


def _set_aside(files: QueueFiles, temps: Folder, aside: list[tuple[str, Key]]) -> None:
    queue = files.root.open_below("queue")
    try:
        legacy = queue.make_below(tree.LEGACY, tree.OPEN_DIR_MODE)
    finally:
        queue.close()
    try:
        for folder_name, key in aside:
            folder = files.folders[folder_name]
            for name in (f"{_stem(key)}.script", tree.script_name(key[0]), tree.meta_name(*key)):
                if folder.status(name) is not None:
                    legacy.take(name, folder, name)
        listed = "".join(_listed(legacy, name) for name in sorted(legacy.names()))
        content = (_HEAD + listed).encode("utf-8", "surrogateescape")
        legacy.save(tree.RESUBMIT, content, tree.OPEN_FILE_MODE, temps)
    finally:
        legacy.close()


def _listed(legacy: Folder, name: str) -> str:
    parts = tree.read_name(name)
    if parts is None or parts[2] != "meta":
        return ""
    key = parts[:2]
    raw = _read(legacy, name)
    if raw is None:
        return f"job {_stem(key)[4:]}: its record cannot be read\n"
    given = {key.lower(): value for key, value in _lines(raw).items()}
    request = legacyrecords.read_request(given, "")
    scripts = (f"{_stem(key)}.script", tree.script_name(key[0]))
    script = next((legacy.where(item) for item in scripts if legacy.status(item)), "not found")
    user = given.get("user") or given.get("owner") or "unknown"
    return (
        f"job {_stem(key)[4:]}: user {user}, submitted in {request.submit_dir or 'unknown'}, "
        f"script {script}\n"
    )


def _lines(raw: bytes) -> dict[str, str]:
    return legacyrecords.parse_lines(raw.decode("utf-8", "surrogateescape"))


def _stem(key: Key) -> str:
    return tree.meta_name(*key).removesuffix(".meta")


def _write_arrays(files: QueueFiles, temps: Folder, meta_mode: int) -> None:
    """Give every ended array of the Bash version a record, so that it can be listed and purged."""
    listing = files.listing()
    arrays: dict[int, list[TaskRecord]] = {}
    for key in listing.ended():
        number, task = key
        if task is None or listing.folders_of((number, None)):
            continue
        try:
            record = files.newest(key, (tree.COMPLETED, tree.FAILED))
        except SpoolError:
            continue  # the load will put it into quarantine
        if isinstance(record, TaskRecord):
            arrays.setdefault(number, []).append(record)
    for number, tasks in sorted(arrays.items()):
        job = _array(number, tasks)
        folder = files.folders[folder_of(job)]
        folder.save(tree.meta_name(number), write_job(job), meta_mode, temps)


def _array(number: int, records: list[TaskRecord]) -> Job:
    ended = [record.unit.state for record in records if isinstance(record.unit.state, Ended)]
    worst = Outcome.COMPLETED
    for state in ended:
        worst = lifecycle.worse(worst, state.outcome)
    tasks = Ranges.of(record.unit.id.task or 0 for record in records)
    last = max((state.ended_at for state in ended), default=0.0)
    first = records[0]
    return Job(
        id=number,
        uid=first.uid,
        user=first.user,
        token="",
        submitted_at=min((state.started_at or state.ended_at for state in ended), default=0.0),
        request=Request(name=first.name, submit_dir="", array=Array(tasks=tasks), requeue=False),
        work=Elements(todo=Ranges(), cancelled=Ranges(), ended=tasks, worst=worst, ended_at=last),
    )
