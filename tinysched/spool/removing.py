"""Ended jobs go for good: each at once, by a mark, and then what the mark makes superfluous.

The mark is the job's own record under another name (job_<id>.gone): from then on no reader sees
anything of the job, whatever is still there. It takes no room, so that a full disk can be purged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
    """Removes jobs with all that belongs to them. `rest`: files for which there was no time.

    `say_gone` is called before a mark goes: from then on nothing else keeps a job from coming back.
    """

    def __init__(self, files: QueueFiles, say_gone: Callable[[Iterable[int]], None]) -> None:
        self._files = files
        self._say_gone = say_gone
        self.rest: list[tuple[str, str]] = []

    def remove(self, numbers: Iterable[int]) -> list[int]:
        """Remove what has ended; returns which were removed.

        Raises: StoppedError. One that cannot be removed keeps no other from going.
        """
        removed: list[int] = []
        problem: SpoolError | None = None
        for number in numbers:
            try:
                is_marked = self._mark(number)
            except SpoolError as error:
                problem = problem or error
                continue
            if is_marked:
                removed.append(number)
        for folder in self._files.folders.values() if removed else ():
            with suppress(SpoolError):  # what a power cut brings back can be removed again
                folder.sync()
        self._clear()
        if problem is not None:
            raise StoppedError(problem, removed)
        return removed

    def _mark(self, number: int) -> bool:
        """Make an ended job count for nothing; tells whether there was one."""
        record = self._files.newest((number, None))
        if not isinstance(record, Job) or not record.is_final:
            return False
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
        return True

    def finish(self, files: Iterable[tuple[str, str]]) -> None:
        """Remove what a purge that was cut short has left: folder and name of each, marks last."""
        self.rest += files
        self._clear()

    def catch_up(self) -> None:
        """Remove what could not be removed before.

        Raises: SpoolError if the disk still refuses.
        """
        self._say_gone({_number(name) for _, name in self.rest})
        self._clear()
        if self.rest:
            folder_name, name = self.rest[0]
            self._files.folders[folder_name].remove(name)

    def _clear(self) -> None:
        """Remove what can be removed; a mark stays as long as anything of its job."""
        left: list[tuple[str, str]] = []
        stuck: set[int] = set()
        try:
            self._say_gone({_number(name) for _, name in self.rest})
        except SpoolError:
            return
        for folder_name, name in self.rest:
            number = _number(name)
            try:
                if number in stuck and name == tree.gone_name(number):
                    raise SpoolError(f"cannot remove {name}: something is left of its job")
                self._files.folders[folder_name].remove(name)
            except SpoolError:
                left.append((folder_name, name))
                stuck.add(number)
        self.rest = left


def _number(name: str) -> int:
    parts = tree.read_name(name)
    return 0 if parts is None else parts[0]


def tasks_of(job: Job) -> Ranges:
    """The tasks that may have a record of their own."""
    if not isinstance(job.work, Elements):
        return Ranges()
    started = job.request.array.tasks if job.request.array is not None else Ranges()
    return ((started - job.work.cancelled) - job.work.todo) | job.work.ended
