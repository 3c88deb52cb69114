"""Frees the journal: what it has is waited for in the queue's own files, a little at a time.

By then the system has written most of them by itself, and those of runs that are over are gone.
"""

from __future__ import annotations

import posix
from collections.abc import Callable, Iterator, Sequence

from tinysched.errors import SpoolError
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import cannot
from tinysched.spool.journal import ENOUGH, Journal, Part
from tinysched.spool.placing import AT_ONCE, Placer
from tinysched.spool.queuefiles import LARGEST_RECORD, QueueFiles

# So long one part of the journal is written, at most; so long after that it is freed: until then
# the system has put on the disk what it has. Units: seconds.
OLD_S = 60.0
REST_S = 40.0
# So long a file may be written later than its record is safe. Units: seconds.
LATER_S = 0.1
# So much is waited for, or put in place, at a time.
SLICE = 16
_READ = posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_NONBLOCK | posix.O_CLOEXEC


class Settler:
    """For the queue's one writer. Moments (`now`): of any clock that does not jump, seconds."""

    def __init__(self, files: QueueFiles, temps: Folder, journal: Journal, placer: Placer) -> None:
        self._files = files
        self._temps = temps
        self._journal = journal
        self._placer = placer
        self._part: Part | None = None
        self._todo: Iterator[tuple[Sequence[str], str]] = iter(())
        # Files of which the disk refused to say that they are on it: it may have lost them.
        self._doubtful: set[tuple[str, str]] = set()
        self._since: float | None = None
        self._owed_since: float | None = None

    def due_s(self, now: float) -> float | None:
        """In how many seconds there is something to do; None: there is nothing."""
        parts = self._journal.parts
        if self._part is not None or len(self._files.owed.records) > AT_ONCE:
            return 0.0
        if self._files.owed:
            self._owed_since = now if self._owed_since is None else self._owed_since
            return max(0.0, self._owed_since + LATER_S - now)
        self._owed_since = None
        if not parts or not parts[0]:
            self._since = None
            return None
        if self._since is None:
            self._since = now
        if parts[-1].end > ENOUGH:
            return 0.0
        return max(0.0, self._since + (OLD_S if len(parts) == 1 else REST_S) - now)

    def step(self, now: float) -> None:
        """Do a slice of what is due.

        Raises: SpoolError if the disk refuses; nothing is lost, and it is done later.
        """
        if self.due_s(now) != 0.0:
            return
        if self._files.owed:
            self._placer.settle(AT_ONCE)
        elif len(self._journal.parts) == 1:
            self._journal.mend()
            self._journal.turn_over()
            self._since = now
        else:
            self._settle(SLICE)

    def finish(self, is_late: Callable[[], bool] = lambda: False) -> bool:
        """Do all of it, unless it gets late; tells whether the journal is empty.

        Raises: SpoolError.
        """
        self._placer.settle()
        while self._journal.parts and not is_late():
            self._settle(SLICE)
        return not self._journal.parts

    def _settle(self, most: int) -> None:
        part = self._part
        if part is None:
            part = self._part = self._journal.parts[0]
            self._todo = self._files_of(part)
        try:
            for count, (folder_names, name) in enumerate(self._todo, 1):
                for folder_name in folder_names:
                    self._wait_for(folder_name, name)
                if count == most:
                    return
            for folder in self._files.folders.values():
                folder.sync()
            self._journal.free()
        except SpoolError:
            self._part = None  # from the beginning, then: it costs little
            raise
        self._part = self._since = None

    def _files_of(self, part: Part) -> Iterator[tuple[Sequence[str], str]]:
        """What is to be waited for, and where; what a later part has as well is left to that."""
        later = self._journal.parts[1:]
        for number in list(part.scripts):
            yield tree.FOLDERS, tree.script_name(number)  # it moves about with its record
        for key, folder_name in list(part.homes.items()):
            if not any(key in other.homes for other in later):
                yield (folder_name,), tree.meta_name(*key)

    def _wait_for(self, folder_name: str, name: str) -> None:
        """Raises: SpoolError. What is gone by now needs nothing."""
        folder = self._files.folders[folder_name]
        if (folder_name, name) in self._doubtful:
            self._write_anew(folder, name)
            self._doubtful.discard((folder_name, name))
            return
        try:
            fd = folder.disk.open(name, _READ, folder.fd)
        except FileNotFoundError:
            return
        except OSError as error:
            raise cannot("open", folder.where(name), error) from error
        try:
            folder.disk.sync(fd)
        except OSError as error:
            self._doubtful.add((folder_name, name))
            raise cannot("write", folder.where(name), error) from error
        finally:
            folder.disk.close(fd)

    def _write_anew(self, folder: Folder, name: str) -> None:
        content = folder.read(name, LARGEST_RECORD)
        if content is not None:
            is_script = name.endswith(f".{tree.SCRIPT}")
            mode = tree.CLOSED_FILE_MODE if is_script else self._placer.meta_mode
            folder.save(name, content, mode, self._temps)
