"""Every change of the queue: written to disk first, then known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tinysched.job import elements, history, lifecycle
from tinysched.job.closures import Closures
from tinysched.job.model import (
    Cancel,
    Elements,
    Ended,
    Granted,
    Hold,
    Job,
    JobId,
    Outcome,
    Pending,
    Reason,
    RunId,
    Running,
    Task,
    Unit,
)
from tinysched.job.ranges import Ranges
from tinysched.job.runs import Ending
from tinysched.policy.capacity import Capacity
from tinysched.programs.dispatch import journal
from tinysched.programs.dispatch.archive import Archive
from tinysched.programs.dispatch.books import Books
from tinysched.spool.loading import Loaded
from tinysched.spool.removing import StoppedError
from tinysched.spool.store import Store


class Ledger(Archive):
    """The only writer of the queue.

    Raises: SpoolError from every method that changes something, with nothing changed, if the disk
    refuses.
    """

    def __init__(self, store: Store, loaded: Loaded, capacity: Capacity, boot_id: str = "") -> None:
        super().__init__(store, Books(capacity))
        self._disk_watch = journal.DiskWatch()
        self._unsettled = False
        self._unwritten: set[JobId] = set()
        self._boot_id = boot_id
        self.on_saved: Callable[[int], None] = lambda _number: None
        self.on_change: Callable[[Job | Task | None, Job | Task], None] = lambda _old, _new: None
        for job in sorted(loaded.jobs, key=lambda job: job.id):
            self.books.learn_job(job)
        for task in loaded.tasks:
            self.books.learn_task(task)
        for number in self.books.jobs:
            self.books.file(number)
        self.books.first_rank = loaded.last_id

    def settle_arrays(self, now: float) -> None:
        """Ends arrays whose last task had ended when a dispatcher died before it could say so."""
        for job in list(self.books.jobs.values()):
            if isinstance(job.work, Elements):
                work = lifecycle.array_settled(job.work, self.books.live_tasks[job.id], now)
                if work is not job.work:
                    self._unsettled = True
                    self._save(replace(job, work=work))
        self._unsettled = False

    @property
    def owes(self) -> bool:
        """Whether the disk refused something that `catch_up` has still to do."""
        return self._unsettled or self._store.owes

    def catch_up(self, now: float) -> None:
        """Does what the disk refused before, and nobody was told of."""
        with self._disk_watch:
            self._store.catch_up()
        self.settle_arrays(now)

    def place(self) -> None:
        """Whoever looks at the files from now on finds what is known, but for a change of many."""
        self._store.place()

    def tend_s(self, now: float) -> float | None:
        """In how many seconds there is something to `tend`; None: nothing. `now`: boottime."""
        return self._store.tend_s(now)

    def tend(self, now: float) -> None:
        """Does a little of what nobody waits for."""
        with self._disk_watch:
            self._store.tend(now)

    def new_id(self) -> int:
        """A number that no job ever had."""
        return self._store.allocate_id()

    def accept(self, job: Job, script: bytes) -> None:
        """A submission becomes a job: script and record are safe before anybody hears the id."""
        with self._disk_watch:
            saved = self._store.publish([job], script)
        self._learn(saved)

    def rewrite(self, *jobs: Job) -> None:
        """Something about jobs, but not about started tasks of theirs, is different from now on."""
        self._save(*jobs)

    def grant(
        self, number: int, count: int, now: float, launcher_pid: int | None = None
    ) -> list[tuple[Job, Unit]]:
        """Takes the cores for a job, or for the next tasks of an array.

        `launcher_pid`: who will be told.
        """
        job = self.books.jobs[number]
        cores = self.books.cores_of(job)
        if isinstance(job.work, Unit):
            unit = lifecycle.granted(job.work, now, cores, launcher_pid, self._boot_id)
            self._save(replace(job, work=unit), is_hasty=True)
            return [(self.books.jobs[number], unit)]
        indices = self.books.startable_tasks(job).take(count)
        todo = job.work.todo - Ranges.of(indices)
        last = None if todo else indices[-1]
        units = [
            lifecycle.granted(task, now, cores, launcher_pid, self._boot_id)
            for task in (self._task_unit(job, i, is_last=i == last) for i in indices)
        ]
        shrunk = replace(job, work=replace(job.work, todo=todo))
        # A task's own record is what counts: at a load the array's is corrected from it, and it
        # needs writing only when the array moves on to running/.
        tasks = [self._task(shrunk, unit) for unit in units]
        self._save(*tasks, *([] if todo else [shrunk]), is_hasty=True)
        if todo:
            self._know(shrunk)
        return [(self.books.jobs[number], unit) for unit in units]

    def started(self, run: RunId, started_at: float, pid: int, output: str, error: str) -> bool:
        """News that a run has begun; false for old news, which changes nothing.

        Known at once, and written by the next change of the same record or by `write_starts`.
        """
        unit = self.books.unit(run.job)
        if unit is None or unit.attempt != run.attempt or not isinstance(unit.state, Granted):
            return False
        self._learn([self._record(lifecycle.started(unit, started_at, pid, output, error))])
        self._unwritten.add(run.job)
        return True

    def write_starts(self, jobs: Iterable[JobId] | None = None) -> None:
        """Writes those of these starts that no other change has written; None: all there are."""
        wanted = list(self._unwritten) if jobs is None else self._unwritten.intersection(jobs)
        units = [unit for unit in map(self.books.unit, wanted) if unit is not None]
        surrendered = [unit.id for unit in units if self.books.is_surrendered(unit.id)]
        self._save(*(self._record(unit) for unit in units))
        for job in surrendered:
            self.books.surrender(job)
        self._unwritten.difference_update(wanted)

    def lingers(self, run: RunId, names: tuple[str, ...]) -> bool:
        """News of what has outlived KILL; false for old news, which changes nothing."""
        unit = self.books.unit(run.job)
        if unit is None or unit.attempt != run.attempt or not isinstance(unit.state, Running):
            return False
        if unit.state.lingering == names:
            return False
        self._put(lifecycle.lingers(unit, names))
        return True

    def ended(self, ending: Ending) -> bool:
        """News that a run has ended; false for old news, which changes nothing."""
        unit = self.books.unit(ending.run.job)
        if unit is None or unit.attempt != ending.run.attempt:
            return False
        job = self.books.jobs[ending.run.job.number]
        request, limit_s = job.request, self.books.capacity.limit_s(job, ending.run.job.task)
        if not isinstance(unit.state, Granted | Running):
            return self._correct(unit, lifecycle.corrected(unit, ending, limit_s))
        over = lifecycle.ended(unit, ending, limit_s)
        setback = lifecycle.setback(over, request)
        if unit.cancel is not None and unit.cancel.requeue:
            self.requeue(over, ending.ended_at, unit.cancel.by_uid)
        elif setback is not None:
            self.requeue(over, ending.ended_at, setback=setback)
        else:
            self._put(over)
        return True

    def _correct(self, unit: Unit, proven: Unit) -> bool:
        """What was taken for lost had ended in time; false if nothing proves that."""
        if proven is unit:
            return False
        self.recall(unit.id.number)  # as for a requeue
        self._put(proven, self._worst_but(unit))
        return True

    def order_cancel(self, unit: Unit, cancel: Cancel) -> None:
        """Stores the order to end a live unit, or ends a pending plain job on the spot."""
        if isinstance(unit.state, Pending) and unit.id.task is None:
            self._put(lifecycle.cancelled_unstarted(unit, cancel))
        elif unit.cancel is None or unit.cancel.requeue or (cancel.kill and not unit.cancel.kill):
            self._put(lifecycle.cancel_ordered(unit, cancel))

    def cancel_waiting(self, number: int, tasks: Ranges, cancel: Cancel) -> None:
        """Takes tasks away from an array before they start."""
        job = self.books.jobs[number]
        if not isinstance(job.work, Elements):
            return
        tasks = tasks & job.work.todo
        known = self.books.tasks.get(number, {})
        requeued = Ranges.of(index for index in known if index in tasks)
        units = [lifecycle.cancelled_unstarted(known[index].unit, cancel) for index in requeued]
        work = elements.withdrawn(job.work, tasks, requeued, cancel)
        live = self.books.live_tasks[number]
        changed = replace(job, work=lifecycle.array_settled(work, live, cancel.ordered_at))
        self._save(*(self._task(changed, unit) for unit in units), changed)

    def set_hold(self, number: int, hold: Hold | None, now: float, by_uid: int) -> None:
        """Holds or releases what of a job has not started yet."""
        job = replace(self.books.jobs[number], hold=hold)
        told = job.work.history.with_event(
            now, history.RELEASED if hold is None else history.HELD, by=by_uid
        )
        if isinstance(job.work, Elements):
            work: Unit | Elements = replace(job.work, eligible_at=now, history=told)
        elif isinstance(job.work.state, Pending):
            work = replace(job.work, state=replace(job.work.state, eligible_at=now), history=told)
        else:
            work = replace(job.work, history=told)
        self._save(replace(job, work=work))

    def amend(self, unit: Unit) -> None:
        """Something of a live unit's attempt is different from now on."""
        self._put(unit)

    def requeue(
        self, unit: Unit, now: float, by_uid: int | None = None, setback: Reason | None = None
    ) -> None:
        """Puts a unit whose attempt is over back into the queue, for another one.

        `setback`: what brought it there, if nobody (`by_uid`) ordered it.
        """
        self.recall(unit.id.number)  # what its array is worth depends on all the others
        job = self.books.jobs[unit.id.number]
        again = lifecycle.requeued(unit, now, by_uid, setback)
        is_held = unit.cancel is not None and unit.cancel.then_held
        if isinstance(job.work, Unit):
            self._save(replace(job, work=again, hold=Hold.REQUEUED if is_held else job.hold))
            return
        others, why = self._worst_but(unit), None if setback is None else setback.name
        work = elements.waits_again(job.work, unit.id.task, others, now, by_uid, why)
        if is_held:
            work = replace(work, held=work.held | elements.one(unit.id.task))
        changed = replace(job, work=work)
        self._save(self._task(changed, again), changed)

    def close_places(self, closures: Closures) -> None:
        """An admin lets no job start there; what runs goes on. Raises: SpoolError."""
        self._store.save_closures(closures)
        self.books.resize(replace(self.books.capacity, closures=closures))

    def purge(self, numbers: Sequence[int]) -> None:
        """Removes records of ended jobs for good."""
        try:
            self._store.remove(numbers)
        except StoppedError as error:
            self._forget(error.removed)
            raise
        self._forget(numbers)

    def _forget(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if number in self.books.jobs:
                self.books.forget(number)

    def rebuild(
        self, job: Job, made: Sequence[Task], found: Sequence[Task], lost: Iterable[JobId]
    ) -> None:
        """Records what was lost and is told anew; what is left of the lost is kept for people.

        `made`: tasks that get a record. `found`: those that have one, and were of no use alone.
        """
        self._save(*made, job)
        for task in found:
            self.books.learn_task(replace(task, job=job))
        for job_id in lost:
            self.books.give_up(job_id, is_known=True)
            self._store.rebuilt((job_id.number, job_id.task))
        self.books.file(job.id)
        self.settle_arrays(job.submitted_at)

    def set_apart(self, task: JobId) -> None:
        """Starts a task no more, whatever the array's record says: it seems to run."""
        job = self.books.jobs[task.number]
        if isinstance(job.work, Elements) and task.task is not None:
            todo = job.work.todo - Ranges.of((task.task,))
            self._know(replace(job, work=replace(job.work, todo=todo)))

    def freeze(self) -> tuple[str, int]:
        """What a backup reads: a directory of second names, and the highest number."""
        self.write_starts()
        return self._store.freeze()

    def close(self, is_late: Callable[[], bool] = lambda: False) -> None:
        """Leaves the disk as the next dispatcher likes to find it, unless that takes too long."""
        try:
            self.write_starts()
        finally:
            self._store.close(is_late)

    def _save(self, *records: Job | Task, is_hasty: bool = False) -> None:
        """Writes records, then knows them; entries among the waiting follow by themselves.

        `is_hasty`: they may change again at once.
        """
        if not records:
            return
        with self._disk_watch:
            saved = self._store.publish(records, is_hasty=is_hasty)
        for record in saved if self._unwritten else ():
            job = JobId(number=record.id) if isinstance(record, Job) else record.unit.id
            self._unwritten.discard(job)
        self._learn(saved)

    def _learn(self, records: Sequence[Job | Task]) -> None:
        former = [self.books.known(record) for record in records]
        for record in records:
            if isinstance(record, Job):
                self.books.learn_job(record)
        for record in records:
            if isinstance(record, Task):
                self.books.learn_task(record)
        for number in {r.id if isinstance(r, Job) else r.job.id for r in records}:
            self.books.file(number)
            self.on_saved(number)
        for before, after in zip(former, records, strict=True):
            self.on_change(before, after)

    def _know(self, job: Job) -> None:
        """A job's record in memory runs ahead of the disk's, which a load would correct."""
        self.books.learn_job(job)
        self.books.file(job.id)
        self.on_saved(job.id)

    def _put(self, unit: Unit, worst_of_others: Outcome | None = None) -> None:
        """Writes what became of a unit; `worst_of_others`: if it had another end on record."""
        job = self.books.jobs[unit.id.number]
        if isinstance(job.work, Unit) or not isinstance(unit.state, Ended):
            self._save(self._record(unit), is_hasty=True)
            return
        work = elements.has_ended(job.work, unit.id.task, unit.state.outcome, worst_of_others)
        others = self.books.live_tasks[job.id] - self.books.is_live(unit.id)
        work = lifecycle.array_settled(work, others, unit.state.ended_at)
        changed = replace(job, work=work)
        moves = work.ended_at is not None or worst_of_others is not None
        self._save(self._task(changed, unit), *([changed] if moves else []), is_hasty=True)
        if not moves:
            self._know(changed)

    def _record(self, unit: Unit) -> Job | Task:
        """What is written about a unit alone."""
        job = self.books.jobs[unit.id.number]
        return replace(job, work=unit) if isinstance(job.work, Unit) else self._task(job, unit)

    def _worst_but(self, unit: Unit) -> Outcome:
        """The gravest end of an array's tasks, without one of them."""
        worst = Outcome.COMPLETED
        for other in self.books.units(unit.id.number):
            if other.id != unit.id and isinstance(other.state, Ended):
                worst = lifecycle.worse(worst, other.state.outcome)
        return worst

    def _task(self, job: Job, unit: Unit) -> Task:
        former = self.books.tasks.get(job.id, {}).get(unit.id.task or 0)
        if former is None:
            return Task(job=job, unit=unit)
        return replace(former, job=job, unit=unit)

    def _task_unit(self, job: Job, index: int, *, is_last: bool) -> Unit:
        """The unit of a task about to start; the last one goes by the array's own number."""
        known = self.books.tasks.get(job.id, {}).get(index)
        if known is not None:
            return known.unit
        is_free = is_last and self.books.by_raw_id(job.id) is None
        raw_id = job.id if is_free else self._store.allocate_id()
        state = Pending(eligible_at=0.0)
        return Unit(id=JobId(number=job.id, task=index), raw_id=raw_id, state=state)
