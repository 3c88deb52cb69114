"""From the files of a queue to its jobs: reads, puts right, changes nothing on the disk."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from tinysched.errors import SpoolError
from tinysched.job import lifecycle
from tinysched.job.ended import EndedLine
from tinysched.job.model import Elements, Ended, Job, Outcome, Pending, State, Task
from tinysched.job.ranges import Ranges
from tinysched.spool import tree
from tinysched.spool.disk import is_own_fault
from tinysched.spool.endedlog import Index, Key, line_of
from tinysched.spool.queuefiles import ENDED, Listing, QueueFiles, Record
from tinysched.spool.records import TaskRecord
from tinysched.spool.wrecks import Wreck


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A queue: what has not ended, and what ended lately.

    `tasks`: the started tasks of the arrays among `jobs`; the ended ones only if they ended lately.
    `quarantined`: a sentence about each file that could not be read. `wrecks`: what is known to be
    a job, or a task, and has no record; only who owns the queue looks for them. `homeless`: started
    tasks that have not ended, of arrays that have no record.
    """

    jobs: Sequence[Job]
    tasks: Sequence[Task]
    last_id: int
    quarantined: Sequence[str] = ()
    wrecks: Sequence[Wreck] = ()
    homeless: Sequence[TaskRecord] = ()


@dataclass(slots=True)
class Findings:
    """What a load found that somebody should put right: unreadable files, outdated copies."""

    bad: list[tuple[str, Key, str]] = field(default_factory=list)
    outdated: list[tuple[str, Key]] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    homeless: list[TaskRecord] = field(default_factory=list)


class Loader:
    """Reads a queue once.

    `reads_all`: every ended record that the index lacks is read, not only the new ones.
    """

    def __init__(self, files: QueueFiles, listing: Listing, *, reads_all: bool) -> None:
        self.findings = Findings()
        self.index_changed = False
        self._reads_all = reads_all
        self._files = files
        self._listing = listing
        self._jobs: dict[int, Job] = {}
        self._tasks: dict[Key, TaskRecord] = {}

    def load(self, index: Index, since: float) -> tuple[list[Job], list[Task]]:
        """Jobs and tasks that have not ended, or ended at or after `since` (UTC, seconds).

        The index is made to agree with the names of the records; `index_changed` tells if it did
        not. Raises: SpoolError.
        """
        for key in sorted(self._listing.unfinished(), key=_order):
            self._learn(key)
        self._reopen_arrays()
        arrays = self._unfinished_arrays()
        self._repair(index, arrays, since)
        for key, line in index.lines.items():
            if line.ended_at >= since and not self._knows(key):
                self._learn(key)
        self._correct(arrays, index.lines)
        return sorted(self._jobs.values(), key=lambda job: job.id), self._bound_tasks()

    def _repair(self, index: Index, arrays: Collection[int], since: float) -> None:
        open_arrays = {(number, None) for number in arrays}
        ended = self._listing.ended() - self._listing.unfinished() - open_arrays
        twice = self._listing.metas[tree.COMPLETED] & self._listing.metas[tree.FAILED]
        superfluous = [key for key in index.lines if key not in ended or key in twice]
        for key in superfluous:
            del index.lines[key]
        missing = [key for key in ended if key not in index.lines]
        for key in missing:
            if self._reads_all or key[0] in arrays or self._is_new(key, since):
                record = self._newest(key)
                line = None if record is None else line_of(record)
                if line is not None:
                    index.lines[key] = line
        self.index_changed = bool(superfluous or missing)

    def _is_new(self, key: Key, since: float) -> bool:
        """Whether an ended record was written lately: good enough for who only looks."""
        if key in self._files.owed.records:
            return True
        for folder in self._listing.folders_of(key):
            status = self._files.folders[folder].status(tree.meta_name(*key))
            if status is not None and status.st_mtime >= since:
                return True
        return False

    def _learn(self, key: Key) -> None:
        record = self._newest(key)
        if isinstance(record, Job):
            self._jobs[record.id] = record
        elif record is not None:
            self._tasks[key] = record

    def _knows(self, key: Key) -> bool:
        return key in self._tasks if key[1] is not None else key[0] in self._jobs

    def _newest(self, key: Key) -> Record | None:
        """The copy that counts; what cannot be read, and copies left by a crash, are noted."""
        copies: list[tuple[str, Record]] = []
        for folder in self._listing.folders_of(key):
            try:
                record = self._files.read(folder, key)
            except SpoolError as error:
                if is_own_fault(error):
                    raise
                self.findings.bad.append((folder, key, error.sentence))
                self._listing.metas[folder].discard(key)
                continue
            if record is not None:
                copies.append((folder, record))
        if not copies:
            self._lose(key)
            return None
        best_folder, best = max(copies, key=lambda copy: copy[1].revision)
        for folder, _ in copies:
            if folder != best_folder:
                self.findings.outdated.append((folder, key))
                self._listing.metas[folder].discard(key)
        return best

    def _lose(self, key: Key) -> None:
        """No copy of it could be read."""
        for folder, bad, _ in self.findings.bad:
            if bad == key:
                self._listing.lost[key] = folder

    def _reopen_arrays(self) -> None:
        """An array with a task that has not ended has not, either: a requeue was cut short."""
        for number in {key[0] for key in self._tasks} - self._jobs.keys():
            self._learn((number, None))
        for key, record in self._tasks.items():
            job = self._jobs.get(key[0])
            if job is None or not isinstance(job.work, Elements) or job.work.ended_at is None:
                continue
            if not isinstance(record.unit.state, Ended):
                self._jobs[job.id] = replace(job, work=replace(job.work, ended_at=None))

    def _unfinished_arrays(self) -> dict[int, Elements]:
        return {
            job.id: job.work
            for job in self._jobs.values()
            if isinstance(job.work, Elements) and job.work.ended_at is None
        }

    def _correct(self, arrays: dict[int, Elements], lines: dict[Key, EndedLine]) -> None:
        """The records of its tasks know better than an array's own how far it has come."""
        told = {number: _Told() for number in arrays}
        for (number, task), line in lines.items():
            if task is not None and number in told:
                told[number].ended[task] = line.outcome
        for (number, task), record in self._tasks.items():
            if task is not None and number in told:
                told[number].by_record(task, record.unit.state)
        for (number, task), folder in self._listing.lost.items():
            if task is not None and number in told and (number, task) not in self._tasks:
                told[number].by_folder(task, folder)
        for number, work in arrays.items():
            self._jobs[number] = replace(self._jobs[number], work=told[number].corrected(work))

    def _bound_tasks(self) -> list[Task]:
        """Tasks with their arrays; one without is left on the disk, for people."""
        tasks = []
        for key in sorted(self._tasks, key=_order):
            job = self._jobs.get(key[0]) or self._array_of(key)
            if job is None:
                self.findings.orphans.append(
                    f"cannot use {tree.meta_name(*key)}: there is no record of its array"
                )
                self.findings.homeless.append(self._tasks[key])
            else:
                tasks.append(self._tasks[key].of(job))
        return tasks

    def _array_of(self, key: Key) -> Job | None:
        self._learn((key[0], None))
        return self._jobs.get(key[0])


@dataclass(slots=True)
class _Told:
    """What the tasks of an array say: how they ended, which live, which wait once more."""

    ended: dict[int, Outcome] = field(default_factory=dict)
    live: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)

    def by_record(self, task: int, state: State) -> None:
        """A task's record tells."""
        if isinstance(state, Ended):
            self.ended[task] = state.outcome
        else:
            (self.again if isinstance(state, Pending) else self.live).append(task)

    def by_folder(self, task: int, folder: str) -> None:
        """Its record cannot be read, and where it lay tells: it is not to be started anew."""
        if folder in ENDED:
            outcome = Outcome.COMPLETED if folder == tree.COMPLETED else Outcome.FAILED
            self.ended.setdefault(task, outcome)
        else:
            self.live.append(task)

    def corrected(self, work: Elements) -> Elements:
        """The array as it really stands."""
        ended, again = Ranges.of(self.ended), Ranges.of(self.again)
        worst = Outcome.COMPLETED
        for outcome in set(self.ended.values()):
            worst = lifecycle.worse(worst, outcome)
        todo = (work.todo - Ranges.of(self.live) - ended) | again
        return replace(work, todo=todo, ended=ended, worst=worst)


def _order(key: Key) -> tuple[int, int]:
    return key[0], -1 if key[1] is None else key[1]
