"""Ended jobs go for good: each at once, by a mark, and then what the mark makes superfluous.

The mark is the job's own record under another name (job_<id>.gone): from then on no reader sees
anything of the job, whatever is still there. It takes no room, so that a full disk can be purged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from tinysched.errors import SpoolError
from tinysched.job.model import Elements, Job
from tinysched.job.ranges import Ranges
from tinysched.spool import tree
from tinysched.spool.queuefiles import QueueFiles, folder_of


class StoppedError(SpoolError):
    """The disk refused to remove some of many jobs; `removed` are gone all the same."""

    def __init__(self, problem: SpoolError, removed: Sequence[int]) -> None:
        super().__init__(problem.sentence, problem.cure)
        self.removed = removed


class Remover:
    """Removes jobs with all that belongs to them. `rest`: files for which there was no time."""

    def __init__(self, files: QueueFiles) -> None:
        self._files = files
        self.rest: list[tuple[str, str]] = []

    def remove(self, numbers: Iterable[int]) -> list[int]:
        """Remove what has ended; returns which were removed.

        Raises: StoppedError. One that cannot be removed keeps no other from going.
        """
        removed: list[int] = []
        problem: SpoolError | None = None
        marked: set[str] = set()
        for number in numbers:
            try:
                folder_name = self._mark(number)
            except SpoolError as error:
                problem = problem or error
                continue
            if folder_name:
                removed.append(number)
                marked.add(folder_name)
        for folder_name in sorted(marked):
            with suppress(SpoolError):  # what a power cut brings back can be removed again
                self._files.folders[folder_name].sync()
        self._clear()
        if problem is not None:
            raise StoppedError(problem, removed)
        return removed

    def _mark(self, number: int) -> str:
        """Make an ended job count for nothing; returns the folder of its mark, '' if none."""
        record = self._files.newest((number, None))
        if not isinstance(record, Job) or not record.is_final:
            return ""
        home, name = folder_of(record), tree.meta_name(number)
        for folder_name, folder in self._files.folders.items():
            if folder_name != home:
                folder.remove(name)  # an older copy, which else would count again
        folder = self._files.folders[home]
        folder.take(tree.gone_name(number), folder, name)
        names = [tree.meta_name(number, task) for task in tasks_of(record)]
        names.append(tree.script_name(number))
        self.rest += [(place, name) for name in names for place in tree.FOLDERS]
        self.rest.append((home, tree.gone_name(number)))
        return home

    def finish(self, files: Iterable[tuple[str, str]]) -> None:
        """Remove what a purge that was cut short has left: folder and name of each, marks last."""
        self.rest += files
        self._clear()

    def catch_up(self) -> None:
        """Remove what could not be removed before.

        Raises: SpoolError if the disk still refuses.
        """
        self._clear()
        if self.rest:
            folder_name, name = self.rest[0]
            self._files.folders[folder_name].remove(name)

    def _clear(self) -> None:
        """Remove what can be removed; a mark stays as long as anything of its job."""
        left: list[tuple[str, str]] = []
        stuck: set[int] = set()
        for folder_name, name in self.rest:
            parts = tree.read_name(name)
            number = parts[0] if parts is not None else 0
            try:
                if number in stuck and name == tree.gone_name(number):
                    raise SpoolError(f"cannot remove {name}: something is left of its job")
                self._files.folders[folder_name].remove(name)
            except SpoolError:
                left.append((folder_name, name))
                stuck.add(number)
        self.rest = left


def tasks_of(job: Job) -> Ranges:
    """The tasks that may have a record of their own."""
    if not isinstance(job.work, Elements):
        return Ranges()
    started = job.request.array.tasks if job.request.array is not None else Ranges()
    return ((started - job.work.cancelled) - job.work.todo) | job.work.ended
