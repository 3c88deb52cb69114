"""The jobs and tasks that an order of scontrol's names, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tinysched.errors import VerbatimError
from tinysched.job.model import Elements, Ended, Job, Pending, Unit
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.rights import DENIED
from tinysched.programs.dispatch.slurm.targets import Targets
from tinysched.script import jobnames
from tinysched.script.slurm.scontrol import NO_SUCH_JOB

NOT_YOURS = "Invalid user id"
OVER = "Job has already finished"
WAITS = "Job is pending execution"
HELD = "Job is in held state, pending scheduler release"
DISABLED = "Requested operation is presently disabled"


class NoDeedError(Exception):
    """Something that cannot be done to one job; its text is the reason, in Slurm's words."""


class NoDeedToTasksError(NoDeedError):
    """The same of some tasks of an array; its text is what is told of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A job, or (`tasks`) some tasks of an array, as it was `written`.

    `units`: what of it has a record of its own; `todo`: tasks that never started.
    """

    written: str
    job: Job
    tasks: Ranges | None
    units: Sequence[Unit]
    todo: Ranges

    @property
    def live(self) -> list[Unit]:
        """What of it runs, or is about to."""
        return [unit for unit in self.units if not isinstance(unit.state, Pending | Ended)]

    def check_tasks(self, refused: Mapping[str, Ranges]) -> None:
        """Tells of a whole array what could be done to which of its tasks, unless all could.

        `refused`: by the reason. Raises: NoDeedToTasksError.
        """
        failed = {words: tasks for words, tasks in refused.items() if tasks}
        if not failed:
            return
        done = self.todo | tasks_of(self.units)
        for tasks in failed.values():
            done = done - tasks
        groups = [*failed.items(), *([("No error", done)] if done else [])]
        groups.sort(key=lambda group: group[1].first)
        lines = (f"{self.job.id}_{tasks}: {words}\n" for words, tasks in groups)
        raise NoDeedToTasksError("".join(lines))

    @property
    def ended_tasks(self) -> Ranges:
        """Those of its tasks that have ended."""
        return tasks_of([unit for unit in self.units if isinstance(unit.state, Ended)])

    @property
    def is_array(self) -> bool:
        """It is more than a plain job, or than one task."""
        return isinstance(self.job.work, Elements) and self.tasks is None

    @property
    def is_over(self) -> bool:
        """All of it has ended."""
        return not self.todo and all(isinstance(unit.state, Ended) for unit in self.units)


class Naming:
    """Finds them for one caller."""

    def __init__(self, parts: Parts, uid: int) -> None:
        self._parts = parts
        self._books = parts.ledger.books
        self._targets = Targets(parts, uid)
        self._uid = uid

    def each(self, words: Sequence[str], deed: Callable[[Named], None], more: str = "") -> None:
        """Does it to each that is named, whatever becomes of the others.

        `more` begins a second line about each failure. Raises: VerbatimError if one failed.
        """
        said = ""
        for word in words:
            for written in self._written(word):
                try:
                    deed(self.named(written))
                except NoDeedToTasksError as error:
                    said += str(error)
                except NoDeedError as error:
                    said += _told(written, error, more)
        if said:
            raise VerbatimError(said)

    def named(self, written: str) -> Named:
        """What `42`, `42_7` or `42_[1-3]` means. Raises: NoDeedError."""
        try:
            [selector] = jobnames.selectors(written)
        except ValueError:
            raise NoDeedError(NO_SUCH_JOB) from None
        job = self._targets.job(selector.number)
        if job is None:
            raise NoDeedError(NO_SUCH_JOB)
        if job.id != selector.number:  # a task by the number of its own
            task = self._books.by_raw_id(selector.number)
            if task is None or task.task is None or selector.tasks is not None:
                raise NoDeedError(NO_SUCH_JOB)
            selector = Selector(number=job.id, tasks=Ranges.of((task.task,)))
        array = job.request.array
        if selector.tasks is not None and (array is None or selector.tasks - array.tasks):
            raise NoDeedError(NO_SUCH_JOB)
        chosen = self._targets.choose(job, selector)
        if isinstance(job.work, Elements) and not (chosen.units or chosen.todo):
            raise NoDeedError(OVER)
        return Named(
            written=written,
            job=job,
            tasks=selector.tasks,
            units=chosen.units,
            todo=chosen.todo,
        )

    def check_owner(self, named: Named, words: str = NOT_YOURS) -> None:
        """Raises: NoDeedError if the caller may not change it."""
        if self._parts.rights.may_change(self._uid, named.job):
            return
        if named.is_array:
            named.check_tasks({words: named.todo | tasks_of(named.units)})
        raise NoDeedError(words)

    def check_admin(self, words: str = DENIED) -> None:
        """Raises: NoDeedError if the caller is no admin."""
        if not self._parts.rights.is_admin(self._uid):
            raise NoDeedError(words)

    def _written(self, word: str) -> Iterator[str]:
        """Each job of a list, or of a name of jobs: `1,2_3`, `jobname=x`."""
        key, equals, name = word.partition("=")
        if not equals:
            yield from jobnames.items(word)
            return
        if not "jobname".startswith(key.lower()) or len(key) < 3:
            yield word
            return
        own = [
            job
            for job in map(self._books.jobs.__getitem__, self._books.open)
            if job.request.name in name.split(",") and job.uid == self._uid
        ]
        for job in own:
            yield str(job.id)


def _told(written: str, error: NoDeedError, more: str) -> str:
    """What is said of a failure: of a task in fewer words than of a job."""
    if "_" in written:
        return f"{written}: {error}\n"
    return f"{error} for job {written}\n" + (f"{more} error: {error}\n" if more else "")


def tasks_of(units: Iterable[Unit]) -> Ranges:
    """The tasks of an array that these are."""
    return Ranges.of(unit.id.task for unit in units if unit.id.task is not None)
