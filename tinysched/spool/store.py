"""The queue as objects, and the only way in: its dispatcher writes it, everybody may read it.

What a method wrote is on the disk when it returns. If the disk refuses, SpoolError is raised, the
store stays usable, and what was acknowledged before is still there.
"""

from __future__ import annotations

import math
import posix
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from tinysched.errors import SpoolError
from tinysched.job.closures import NOTHING_CLOSED, Closures
from tinysched.job.ended import EndedLine
from tinysched.job.model import Job, Task
from tinysched.spool import closing, tree
from tinysched.spool.atomic import Folder
from tinysched.spool.counter import IdCounter, after, read_last
from tinysched.spool.disk import DISK, Disk
from tinysched.spool.endedlog import EndedLog, Index, Key
from tinysched.spool.endedsearch import Search
from tinysched.spool.freezing import freeze
from tinysched.spool.journal import Journal, newest
from tinysched.spool.loading import Findings, Loaded, Loader
from tinysched.spool.locks import DispatcherLock
from tinysched.spool.placing import AT_ONCE, Placer
from tinysched.spool.publishing import Publisher
from tinysched.spool.queuefiles import Listing, QueueFiles
from tinysched.spool.reading import find, load_only, open_files
from tinysched.spool.records import TaskRecord
from tinysched.spool.removing import Remover, StoppedError
from tinysched.spool.rooting import clear_way, empty_temps, evict_squatters, prepare
from tinysched.spool.settling import Settler
from tinysched.spool.takeover import take_over
from tinysched.spool.transactions import Entry, Kind
from tinysched.spool.wrecks import Quarantine

# An index with more idle lines than this, and than others, is written anew.
_MANY = 1000


class Store:
    """The queue of one root, for its one dispatcher."""

    def __init__(self, root: Folder, lock: DispatcherLock, meta_mode: int) -> None:
        self._root = root
        self._lock = lock
        self._notes: list[str] = []
        self._state = root.open_below("state")
        self._temps = root.open_below("tmp")
        self._files = QueueFiles(root, posix.geteuid())
        self._ended = EndedLog(self._state, self._temps, meta_mode)
        self._journal = Journal(self._state, lambda: self._set_format(tree.JOURNALLED))
        self._placer = Placer(self._files, self._temps, self._ended, meta_mode)
        self._publisher = Publisher(self._journal, self._placer, self._ended)
        self._settler = Settler(self._files, self._temps, self._journal, self._placer)
        self._remover = Remover(self._files, self._have_gone)
        self._listing: Listing | None = None
        self._is_closed = False
        self._counter = IdCounter(self._state, self._temps, 0, 0)

    @classmethod
    def open(
        cls,
        root: str,
        disk: Disk = DISK,
        lock_dir: str | None = None,
        meta_mode: int = tree.OPEN_FILE_MODE,
    ) -> Store:
        """Become the writer of a root; what is missing in it is made.

        `meta_mode` 0600 keeps records from the group. Raises: SpoolError if another dispatcher
        lives, if the root is another's, or if a newer release has written it.
        """
        folder = Folder.open_root(disk, root, posix.geteuid())
        lock: DispatcherLock | None = None
        try:
            lock = DispatcherLock.take(lock_dir or tree.lock_dir(root), disk)
            is_new = prepare(folder)
            store = cls(folder, lock, meta_mode)
        except SpoolError:
            if lock is not None:
                lock.release()
            folder.close()
            raise
        try:
            store._begin(is_new, meta_mode)
        except SpoolError:
            store._let_go()
            raise
        return store

    def _begin(self, is_new: bool, meta_mode: int) -> None:
        empty_temps(self._temps)
        names = (tree.LAST_ID, tree.ENDED_LOG, *tree.JOURNALS)
        self._notes += clear_way(self._root, self._state, names)
        if is_new:
            if self._state.status(tree.LAST_ID) is None:  # from now on it is missed if it is gone
                self._state.save(tree.LAST_ID, b"0\n", tree.OPEN_FILE_MODE, self._temps)
            self._notes += take_over(self._files, self._temps, meta_mode)
            self._set_format(tree.FORMAT)
        entries, notes = self._journal.recover()
        self._notes += notes
        self._placer.restore(newest(entries))
        self._listing = self._files.listing()
        self.set_meta_mode(meta_mode)
        self._open_counter(self._listing.highest)

    def _set_format(self, number: int) -> None:
        content = b"%d\n" % number
        self._state.save(tree.FORMAT_FILE, content, tree.OPEN_FILE_MODE, self._temps)

    def _open_counter(self, highest_name: int) -> None:
        stored, problem = read_last(self._state)
        last = after(stored, highest_name)
        self._counter = IdCounter(self._state, self._temps, last, stored or 0)
        if problem:
            self._notes.append(problem)
        if last > (stored or 0):
            try:
                self._counter.settle()  # the names that told it may be purged
            except SpoolError as error:
                self._notes.append(error.sentence)

    def load(self, ended_since: float = math.inf) -> Loaded:
        """Read what has not ended, and what ended at or after `ended_since` (UTC, seconds).

        What cannot be read is moved to queue/quarantine and named in the result, as is all else
        that was found and put right. Raises: SpoolError.
        """
        listing = self._listing or self._files.listing()
        self._listing = None
        with Quarantine(self._files) as quarantine:
            self._notes += quarantine.reinstate(listing)
            loader = Loader(self._files, listing, reads_all=True)
            index = self._read_index()
            jobs, tasks = loader.load(index, ended_since)
            self._settle(loader.findings, listing, quarantine)
            homeless = tuple(loader.findings.homeless)
            wrecks = tuple(quarantine.wrecks(listing, homeless))
            new = {key for _, key, _ in loader.findings.bad}
            told = [wreck.sentence for wreck in wrecks if wreck.key not in new]
            self._notes += filter(None, told)
        for left in listing.gone.values():
            self._remover.finish(left)
        with suppress(SpoolError):  # a script is found wherever it lies; the next start tidies up
            self._tidy_scripts(listing)
        if loader.index_changed or index.idle:
            with suppress(SpoolError):  # it is known all the same, and written later
                self._ended.rewrite(index.lines)
        self._counter.pass_over(max((task.unit.raw_id for task in tasks), default=0))
        notes = [*self._notes, *loader.findings.orphans]
        with suppress(SpoolError):  # who has users/ in charge looks again and again
            notes += self.evict_squatters()
        self._notes = []
        return Loaded(
            jobs=jobs,
            tasks=tasks,
            last_id=self._counter.last,
            quarantined=tuple(notes),
            wrecks=wrecks,
            homeless=homeless,
        )

    def _read_index(self) -> Index:
        try:
            return self._ended.read()
        except SpoolError as error:
            self._notes.append(error.sentence)
            return Index(idle=1)

    def _settle(self, findings: Findings, listing: Listing, quarantine: Quarantine) -> None:
        for folder, key in findings.outdated:
            self._placer.remove_outdated(folder, tree.meta_name(*key))
        for folder, key, sentence in findings.bad:
            path = quarantine.add(folder, key, is_wreck=not listing.folders_of(key))
            self._notes.append(f"{sentence}; moved to {path}" if path else sentence)

    def rebuilt(self, key: Key) -> None:
        """A wreck has a record again.

        Raises: SpoolError.
        """
        with Quarantine(self._files) as quarantine:
            quarantine.retire(key)

    def tasks_of(self, array: Job) -> list[Task]:
        """The tasks of an array that have a record, found without that of the array.

        Raises: SpoolError.
        """
        keys = {key for keys in self._files.listing().metas.values() for key in keys}
        mine = sorted(key for key in keys if key[0] == array.id and key[1] is not None)
        found = [self._files.newest(key) for key in mine]
        return [record.of(array) for record in found if isinstance(record, TaskRecord)]

    def freeze(self) -> tuple[str, int]:
        """A directory with second names for all that has not ended, and the highest id.

        Raises: SpoolError.
        """
        self._placer.settle()
        return freeze(self._files, self._temps), self._counter.last

    def _tidy_scripts(self, listing: Listing) -> None:
        """A script follows its record; one without may be all that is left of a job."""
        for folder_name, numbers in listing.scripts.items():
            folder = self._files.folders[folder_name]
            for number in numbers:
                name = tree.script_name(number)
                home = listing.folders_of((number, None))
                if home and folder_name not in home:
                    self._files.folders[home[0]].take(name, folder, name)

    def publish(
        self, records: Sequence[Job | Task], script: bytes | None = None, *, is_hasty: bool = False
    ) -> list[Job | Task]:
        """Write records durably into the folders that their states say; the store raises revisions.

        `script`: the record's copy of it, of one new job. `is_hasty`: more may follow at once, so
        that their files are written a moment later, or by `place`. Returns the records as written,
        in the order given. Raises: SpoolError.
        """
        return self._publisher.publish(records, script, is_hasty=is_hasty)

    def place(self) -> None:
        """Write files that are to be written, as many as take no time; who looks finds them then.

        What the disk refuses is still to be done.
        """
        with suppress(SpoolError):
            self._placer.settle(AT_ONCE)

    def read_script(self, number: int) -> bytes | None:
        """The script of a job; None: it has none.

        Raises: SpoolError.
        """
        return self._files.read_script(number)

    def allocate_id(self) -> int:
        """An id that nothing ever had.

        Raises: SpoolError.
        """
        return self._counter.next()

    def remove(self, numbers: Iterable[int]) -> list[int]:
        """Remove ended jobs, arrays with all their tasks; returns which there were.

        Raises: StoppedError; what it names is gone all the same.
        """
        wanted = list(numbers)
        try:
            self._placer.settle_jobs(wanted)
            removed = self._remover.remove(wanted)
        except StoppedError as error:
            self._ended.forget(error.removed)
            raise
        self._ended.forget(removed)
        return removed

    def _have_gone(self, numbers: Iterable[int]) -> None:
        """Nothing of these jobs is ever taken from the journal again. Raises: SpoolError."""
        gone = self._journal.covers(set(numbers))
        if gone:
            self._journal.append([Entry(Kind.GONE, number) for number in sorted(gone)])
            self._journal.forget(gone)

    @property
    def owes(self) -> bool:
        """Whether the disk refused something that `catch_up` has still to do."""
        is_behind = self._journal.is_torn or self._placer.is_refused
        return is_behind or self._ended.owes or bool(self._remover.rest)

    def tend_s(self, now: float) -> float | None:
        """In how many seconds there is something to `tend`; None: nothing.

        `now`: of any clock that does not jump, seconds.
        """
        return self._settler.due_s(now)

    def tend(self, now: float) -> None:
        """Do a little of what nobody waits for. Raises: SpoolError; to be done again."""
        self._settler.step(now)

    def catch_up(self) -> None:
        """Do what the disk refused before, and nobody had to be told of.

        Raises: SpoolError if it still refuses.
        """
        self._journal.mend()
        self._placer.settle()
        self._remover.catch_up()
        self._ended.catch_up()

    def find(self, number: int, known: Job | None = None) -> tuple[Job, list[Task]] | None:
        """Read one job by its name, with those of its tasks that have records.

        `known`: the job as its tasks have left it; the record of an array that goes on is older.
        Raises: SpoolError if its record cannot be read.
        """
        return find(self._files, number, known)

    def ended(self) -> Sequence[EndedLine]:
        """Everything that has ended and was not removed; in no order.

        Raises: SpoolError.
        """
        index = self._ended.read()
        if index.idle > max(_MANY, len(index.lines)):
            with suppress(SpoolError):  # it is known all the same, and written later
                self._ended.rewrite(index.lines)
        return tuple(index.lines.values())

    def ended_numbers(self, wanted: Search) -> set[int]:
        """The jobs that may be meant of those of which something has ended.

        Raises: SpoolError.
        """
        return self._ended.search(wanted)

    def closures(self) -> tuple[Closures, str]:
        """What an admin has closed, and what is wrong with the file that says so ('')."""
        try:
            return closing.stored(self._state), ""
        except SpoolError as error:
            return NOTHING_CLOSED, error.sentence

    def save_closures(self, closures: Closures) -> None:
        """Keeps what an admin has closed. Raises: SpoolError."""
        closing.save(self._state, self._temps, closures)

    def set_meta_mode(self, meta_mode: int) -> None:
        """The mode of records from now on; 0600 closes those that are there as well.

        Raises: SpoolError.
        """
        self._placer.meta_mode = self._ended.mode = meta_mode
        if meta_mode == tree.CLOSED_FILE_MODE:
            self._files.close_to_others()
            self._ended.close_to_others()

    def evict_squatters(self) -> list[str]:
        """Rename what sits in the place of a user's own directory; returns a sentence about each.

        Raises: SpoolError.
        """
        users = self._root.open_below("users")
        try:
            return evict_squatters(users)
        finally:
            users.close()

    def close(self, is_late: Callable[[], bool] = lambda: False) -> None:
        """Leave: the counter is made exact, the journal emptied, the lock given up.

        `is_late`: whether it takes too long; then what is left of the journal stays. Raises:
        SpoolError if the disk refuses; the next one finds all of it.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._counter.settle()
            if self._settler.finish(is_late) and self._journal.is_used:
                self._set_format(tree.FORMAT)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        self._files.close()
        self._journal.close()
        self._temps.close()
        self._state.close()
        self._lock.release()
        self._root.close()


def read_only(root: str, ended_since: float = 0.0, disk: Disk = DISK) -> Loaded:
    """Read a queue without being its dispatcher, and change nothing; by default all of it.

    What the caller may not read is left out and named. Raises: SpoolError if there is no queue, or
    the caller may not enter it.
    """
    with open_files(root, disk) as files:
        return load_only(files, ended_since)


def find_only(root: str, number: int, disk: Disk = DISK) -> tuple[Job, list[Task]] | None:
    """Read one job of a queue without being its dispatcher; None: there is no record of it.

    Raises: SpoolError if there is no queue, or the caller may not read the record.
    """
    with open_files(root, disk) as files:
        return find(files, number)
