"""What is read of the queue's records, beyond what is in memory; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

from tinysched.job.ended import EndedLine
from tinysched.job.model import Job, Task, Unit
from tinysched.programs.dispatch.books import Books
from tinysched.spool.endedsearch import Search
from tinysched.spool.store import Store


class Archive:
    """Looks up what the books do not have.

    Raises: SpoolError from every method, if a record cannot be read.
    """

    def __init__(self, store: Store, books: Books) -> None:
        self._store = store
        self.books = books

    def recall(self, number: int) -> bool:
        """Brings an ended job back into memory from its record; false if there is none.

        Of an array that is known, the tasks that ended before this dispatcher began.
        """
        known = self.books.jobs.get(number)
        if known is not None and self.books.has_all_tasks(known):
            return True
        found = self._store.find(number, known)
        if found is None:
            return known is not None
        job, tasks = found
        if known is None:
            self.books.learn_job(job)
        for task in tasks:
            if self.books.unit(task.unit.id) is None:
                self.books.learn_task(task)
        return True

    def tasks_on_record(self, array: Job) -> list[Task]:
        """The tasks of an array that have a record, where that of the array itself is lost."""
        return self._store.tasks_of(array)

    def script(self, number: int) -> bytes | None:
        """The queue's copy of a script."""
        return self._store.read_script(number)

    def ended_lines(self) -> Sequence[EndedLine]:
        """The index of all ended jobs that still have a record."""
        return self._store.ended()

    def ended_numbers(self, wanted: Search) -> set[int]:
        """The jobs that may be meant of those of which something has ended."""
        return self._store.ended_numbers(wanted)

    def look_up(self, number: int) -> tuple[Job, list[Unit]] | None:
        """A job, wherever it is found, and its started tasks; what is read is not kept."""
        known = self.books.jobs.get(number)
        if known is not None and self.books.has_all_tasks(known):
            return known, self.books.units(number)
        found = self._store.find(number, known)
        if found is None:
            return None if known is None else (known, self.books.units(number))
        job, tasks = found
        if isinstance(job.work, Unit):
            return job, [job.work]
        units = {task.unit.id: task.unit for task in tasks}
        if known is not None:  # what is known runs ahead of the disk
            units.update((unit.id, unit) for unit in self.books.units(number))
        return job, [unit for _, unit in sorted(units.items(), key=lambda pair: pair[0].task or 0)]
