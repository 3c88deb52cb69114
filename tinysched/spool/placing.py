"""Puts what is safe in the journal into the queue's files, at once or a little later.

Nothing here waits for the disk. What it refuses, or what was too much to be done at once, is owed:
whoever reads the queue by way of QueueFiles finds it all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice

from tinysched.errors import SpoolError
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.endedlog import EndedLog, Key
from tinysched.spool.queuefiles import ENDED, Listing, QueueFiles
from tinysched.spool.transactions import Entry, Kind

# More than this at a time is left for later: nobody waits until thousands of files are written.
AT_ONCE = 64


class Placer:
    """For the queue's one writer. `meta_mode` is that of records from now on."""

    def __init__(self, files: QueueFiles, temps: Folder, ended: EndedLog, meta_mode: int) -> None:
        self._files = files
        self._temps = temps
        self._ended = ended
        self._owed = files.owed
        self._outdated: set[tuple[str, str]] = set()  # copies that could not be removed
        self._is_refused = False
        self.meta_mode = meta_mode

    def __bool__(self) -> bool:
        """Whether there is something to be done."""
        return bool(self._owed.records or self._owed.scripts or self._outdated)

    @property
    def is_refused(self) -> bool:
        """Whether some of that was refused by the disk."""
        return (self._is_refused and bool(self._owed)) or bool(self._outdated)

    def stage(self, entries: Sequence[Entry]) -> list[str]:
        """Write the files of a few entries under other names; of many that is left for later.

        Raises: SpoolError; nothing is left of them.
        """
        staged: list[str] = []
        if len(entries) > AT_ONCE:
            return staged
        try:
            for entry in entries:
                staged.append(self._stage(entry))
        except SpoolError:
            self.drop(staged)
            raise
        return staged

    def drop(self, staged: Iterable[str]) -> None:
        """What was staged is not wanted any more."""
        for name in staged:
            self._temps.drop(name)

    def _stage(self, entry: Entry) -> str:
        mode = self.meta_mode if entry.kind is Kind.RECORD else tree.CLOSED_FILE_MODE
        return self._temps.draft(entry.content, mode)

    def place(self, entries: Sequence[Entry], staged: Sequence[str]) -> None:
        """These are safe: put them in place, or owe them."""
        for at, entry in enumerate(entries):
            self._owe(entry)
            if staged:
                try:
                    self._settle(entry, staged[at])
                except SpoolError:
                    self._is_refused = True

    def _owe(self, entry: Entry) -> None:
        if entry.kind is Kind.RECORD:
            self._owed.records[entry.number, entry.task] = entry
        elif entry.kind is Kind.SCRIPT:
            self._owed.scripts[entry.number] = entry

    def _settle(self, entry: Entry, staged: str = "") -> None:
        """Put one in its place. Raises: SpoolError; it is owed still."""
        folder, name = self._files.folders[entry.folder], _name(entry)
        staged = staged or self._stage(entry)
        try:
            folder.take(name, self._temps, staged)
        except SpoolError:
            self._temps.drop(staged)
            raise
        if entry.kind is Kind.SCRIPT:
            del self._owed.scripts[entry.number]
            return
        del self._owed.records[entry.number, entry.task]
        self._remove_others(entry)

    def _remove_others(self, entry: Entry) -> None:
        """Remove the copies in other folders.

        One that cannot be removed does no harm, since its revision is lower: it goes later.
        """
        name, home = _name(entry), self._files.folders[entry.folder]
        if self._outdated:
            self._outdated.discard((entry.folder, name))
        for folder_name, folder in self._files.folders.items():
            if folder is home or not self.remove_outdated(folder_name, name):
                continue
            if folder_name in ENDED and entry.folder not in ENDED:
                self._ended.append((), [(entry.number, entry.task)])
            if entry.task is None:
                script = tree.script_name(entry.number)
                with suppress(SpoolError):  # it follows for the eye's sake: it is found anywhere
                    home.take(script, folder, script)

    def remove_outdated(self, folder_name: str, name: str) -> bool:
        """Remove a copy that counts no more, now or later; tells whether there was one."""
        try:
            return self._files.folders[folder_name].remove(name)
        except SpoolError:
            self._outdated.add((folder_name, name))
            return True

    # What is owed

    def settle(self, most: int | None = None) -> None:
        """Do so many of the things that are owed; None: all of them.

        Raises: SpoolError if the disk refuses some.
        """
        if not self:
            return
        owed = chain(self._owed.scripts.values(), self._owed.records.values())
        self._settle_all(list(islice(owed, most)))
        for folder_name, name in list(self._outdated):
            self._files.folders[folder_name].remove(name)
            self._outdated.discard((folder_name, name))

    def settle_jobs(self, numbers: Iterable[int]) -> None:
        """Do what is owed of these jobs. Raises: SpoolError."""
        if self:
            wanted = set(numbers)
            owed = chain(self._owed.scripts.values(), self._owed.records.values())
            self._settle_all([entry for entry in owed if entry.number in wanted])

    def _settle_all(self, entries: Sequence[Entry]) -> None:
        problem: SpoolError | None = None
        for entry in entries:
            try:
                self._settle(entry)
            except SpoolError as error:
                problem = problem or error
        if problem is not None:
            self._is_refused = True
            raise problem
        if not self._owed:
            self._is_refused = False

    def restore(self, entries: Mapping[tuple[Kind, Key], Entry]) -> None:
        """Make the files agree with what a former writer left in its journal.

        A file that is newer stays; one that cannot be read is an older one.
        """
        listing = self._files.listing() if entries else Listing()
        for (kind, key), entry in entries.items():
            if key[0] in listing.gone:
                continue
            if kind is Kind.SCRIPT:
                places = [name for name, found in listing.scripts.items() if key[0] in found]
            else:
                places = listing.folders_of(key)
            if self._is_there(entry, places):
                continue
            for place in places if kind is Kind.SCRIPT else ():
                self._files.folders[place].drop(_name(entry))  # torn, and never to be found first
            self._owe(entry)
        with suppress(SpoolError):  # it is owed
            self.settle()

    def _is_there(self, entry: Entry, places: Sequence[str]) -> bool:
        """Whether the files say the same, or something that is newer."""
        name = _name(entry)
        for place in places if len(places) == 1 else ():
            with suppress(SpoolError):
                found = self._files.folders[place].read(name, len(entry.content))
                is_at_home = entry.kind is Kind.SCRIPT or place == entry.folder
                if found == entry.content and is_at_home:
                    return True
        for place in places if entry.kind is Kind.RECORD else ():
            with suppress(SpoolError):
                record = self._files.read(place, (entry.number, entry.task))
                if record is not None and record.revision > entry.revision:
                    return True
        return False


def _name(entry: Entry) -> str:
    if entry.kind is Kind.SCRIPT:
        return tree.script_name(entry.number)
    return tree.meta_name(entry.number, entry.task)
