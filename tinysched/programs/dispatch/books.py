"""The queue in memory: every unfinished job, those that ended lately, and the indexes over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from heapq import heappop, heappush

from tinysched.job import lifecycle
from tinysched.job.model import (
    Elements,
    Ended,
    Granted,
    Job,
    JobId,
    Pending,
    Reason,
    RunId,
    Running,
    Step,
    Task,
    Unit,
)
from tinysched.job.queries import Filter
from tinysched.job.ranges import Ranges
from tinysched.job.states import PENDING, UNFINISHED
from tinysched.policy.capacity import Capacity, Demand
from tinysched.policy.waiting import Entry, Waiting
from tinysched.programs.dispatch.tally import Tally

# Stands for "an agent" that is always there: a foreground client launches its job itself.
SELF = -1
NOTHING_TAKEN = Demand(cores=0)


class Books:
    """What is known, and nothing else: it decides nothing and writes nothing.

    `open`: the jobs that have not ended. `absent`: foreground jobs whose client is not connected;
    they do not start. `blocked`: pending jobs whose turn has not come, and why. `ready`: of an
    array the tasks that may start, if not all that wait may. `pausing`: of an array the requeued
    tasks that do not start before a moment (UTC, seconds).
    """

    def __init__(self, capacity: Capacity) -> None:
        self.jobs: dict[int, Job] = {}
        self.open: dict[int, None] = {}
        self.tasks: dict[int, dict[int, Task]] = {}
        self.tally = Tally()
        self.waiting = Waiting()
        self.capacity = capacity
        self.cores_taken = 0
        self.memory_taken_mib = 0
        self.partition_taken: Counter[str] = Counter()
        self.unfinished: Counter[int] = Counter()
        self._waiting_tasks: Counter[int] = Counter()
        self.live_tasks: Counter[int] = Counter()
        self.first_rank = 0
        self.absent: set[int] = set()
        self.held_back: dict[JobId, int] = {}
        self.blocked: dict[int, Reason] = {}
        self.ready: dict[int, Ranges] = {}
        self.pausing: dict[int, dict[int, float]] = {}
        self._suspended_keep_cores = False
        self._taken: dict[JobId, Demand] = {}
        self._surrendered: set[JobId] = set()
        self._by_token: dict[tuple[int, str], int] = {}
        self._by_raw_id: dict[int, JobId] = {}
        self._ends: list[tuple[float, int]] = []

    # Looking

    def unit(self, job: JobId) -> Unit | None:
        """The plain job or started task of that name, if it is known here."""
        known = self.jobs.get(job.number)
        if known is None:
            return None
        if job.task is None:
            return known.work if isinstance(known.work, Unit) else None
        task = self.tasks.get(job.number, {}).get(job.task)
        return None if task is None else task.unit

    def units(self, number: int) -> list[Unit]:
        """The started tasks of an array, in order; a plain job itself."""
        work = self.jobs[number].work
        if isinstance(work, Unit):
            return [work]
        return [task.unit for _, task in sorted(self.tasks.get(number, {}).items())]

    def known(self, record: Job | Task) -> Job | Task | None:
        """What is known until now of what a record is about."""
        if isinstance(record, Job):
            return self.jobs.get(record.id)
        return self.tasks.get(record.job.id, {}).get(record.unit.id.task or 0)

    def has_all_tasks(self, job: Job) -> bool:
        """Every ended task of an array is known here; those that ended long ago may not be."""
        if isinstance(job.work, Unit):
            return True
        return self.tally.ended(job.id) >= len(job.work.ended)

    def by_token(self, uid: int, token: str) -> Job | None:
        """The job that was accepted under a token of that user, if any."""
        number = self._by_token.get((uid, token))
        return None if number is None else self.jobs.get(number)

    def by_raw_id(self, raw_id: int) -> JobId | None:
        """The task that goes by a raw id of its own."""
        return self._by_raw_id.get(raw_id)

    def named(self, numbers: Iterable[int]) -> list[int]:
        """The jobs that go by some numbers, their own or that of one of their tasks; in order."""
        found = set[int]()
        for number in numbers:
            task = self._by_raw_id.get(number)
            if number in self.jobs:
                found.add(number)
            if task is not None and task.number in self.jobs:
                found.add(task.number)
        return sorted(found)

    def live_numbers(self) -> set[int]:
        """The jobs of which something was granted and has not ended."""
        return {job_id.number for job_id in self._taken}

    def meant(self, wanted: Filter) -> Iterable[int]:
        """The jobs among which all are that a filter means; as few as can be told at once."""
        if wanted.selectors is not None:
            return self.named(selector.number for selector in wanted.selectors)
        if wanted.states is None or not wanted.states <= UNFINISHED:
            return self.jobs
        return self.live_numbers() if PENDING not in wanted.states else self.open

    def waiting_of_others(self, uid: int) -> int:
        """How many jobs and tasks of other users wait."""
        return self._waiting_tasks.total() - self._waiting_tasks[uid]

    def live(self, uid: int | None = None) -> Iterator[tuple[Job, Unit]]:
        """All granted units that have not ended, of one user or of all."""
        for job_id in list(self._taken):
            job = self.jobs[job_id.number]
            unit = self.unit(job_id)
            if unit is not None and (uid is None or job.uid == uid):
                yield job, unit

    def is_live(self, job: JobId) -> bool:
        """Its attempt was granted and has not ended."""
        return job in self._taken

    def is_surrendered(self, job: JobId) -> bool:
        """It is live, but its cores were given back while its agent is gone."""
        return job in self._surrendered

    @property
    def cores_total(self) -> int:
        """Cores that jobs may take all together."""
        return self.capacity.cores

    @property
    def cores_free(self) -> int:
        """Cores that a start may take; never below none."""
        return max(0, self.cores_total - self.cores_taken)

    def cores_of(self, job: Job) -> int:
        """Cores that one start of a job takes."""
        return self.capacity.cores_of(job.request)

    def startable_tasks(self, job: Job) -> Ranges:
        """The tasks of an array that wait for nothing but room."""
        if not isinstance(job.work, Elements):
            return Ranges()
        ready, pausing = self.ready.get(job.id), self.pausing.get(job.id)
        todo = job.work.todo if ready is None else job.work.todo & ready
        todo = todo - job.work.held if job.work.held else todo
        return todo - Ranges.of(pausing) if pausing else todo

    def launcher_of(self, job: Job) -> int:
        """The uid whose agent starts a job; SELF for one whose own client does."""
        return SELF if job.request.foreground else job.uid

    # Learning

    def learn_job(self, job: Job) -> None:
        """A job's record is now this one."""
        former = self.jobs.get(job.id)
        was_open = former is not None and not former.is_final
        is_open = not job.is_final
        self.unfinished[job.uid] += is_open - was_open
        self._waiting_tasks[job.uid] += _waiting(job) - (0 if former is None else _waiting(former))
        self.jobs[job.id] = job
        if is_open:
            self.open[job.id] = None
        else:
            self.open.pop(job.id, None)
        self._by_token[job.uid, job.token] = job.id
        if isinstance(job.work, Unit):
            self._account(job, job.work)
        if not is_open:
            heappush(self._ends, (_ended_at(job), job.id))

    def learn_task(self, task: Task) -> None:
        """The record of a task is now this one."""
        index = task.unit.id.task
        if index is None or task.job.id not in self.jobs:
            return
        tasks = self.tasks.setdefault(task.job.id, {})
        former = tasks.get(index)
        tasks[index] = task
        self.tally.note(None if former is None else former.unit, task.unit)
        self._by_raw_id[task.unit.raw_id] = task.unit.id
        self._note_pause(task.job.id, index, task.unit)
        self._account(task.job, task.unit)

    def learn_steps(self, run: RunId, told: Iterable[Step], gone: Iterable[int]) -> None:
        """News of a run's steps: not worth a write, since its agent can always say it again."""
        unit = self.unit(run.job)
        if unit is None or unit.attempt != run.attempt:
            return
        number, index = run.job.number, run.job.task
        unit = lifecycle.stepped(unit, told, gone)
        if index is None:
            self.jobs[number] = replace(self.jobs[number], work=unit)
        else:
            self.tasks[number][index] = replace(self.tasks[number][index], unit=unit)

    def _note_pause(self, number: int, index: int, unit: Unit) -> None:
        pause = unit.state.not_before if isinstance(unit.state, Pending) else None
        if pause is not None:
            self.pausing.setdefault(number, {})[index] = pause
        elif number in self.pausing:
            self.pausing[number].pop(index, None)

    def end_pauses(self, number: int, now: float) -> float | None:
        """Lets tasks start whose pause is over; returns when the next one is (UTC, seconds)."""
        pausing = self.pausing.get(number, {})
        for index in [index for index, moment in pausing.items() if moment <= now]:
            del pausing[index]
        if not pausing:
            self.pausing.pop(number, None)
        return min(pausing.values(), default=None)

    def file(self, number: int) -> None:
        """Makes a job's entry among the waiting agree with its record."""
        job = self.jobs[number]
        count, eligible_at = self._startable(job)
        is_kept = job.hold is not None or number in self.absent or number in self.blocked
        if not count or is_kept or self.capacity.obstacle(job) is not None:
            self.waiting.drop(number)
            return
        self.waiting.put(self.entry(job, eligible_at, count))

    def entry(self, job: Job, eligible_at: float, count: int = 1) -> Entry:
        """What a job is among the waiting."""
        demand = self.capacity.demand(job)
        return Entry(
            id=job.id,
            uid=self.launcher_of(job),
            cores=demand.cores,
            eligible_at=eligible_at,
            count=count,
            rank=job.rank,
            memory_mib=demand.memory_mib,
            partition=demand.partition,
        )

    def resize(self, capacity: Capacity) -> None:
        """There is another room from now on; what runs keeps what it has."""
        self.capacity = capacity
        for job, unit in list(self.live()):
            if not self.is_surrendered(unit.id):
                self._account(job, unit)
        for number in self.jobs:
            self.file(number)

    def keep_suspended(self, *, cores: bool) -> None:
        """Whether what is suspended keeps its cores from now on."""
        if cores != self._suspended_keep_cores:
            self._suspended_keep_cores = cores
            for job, unit in list(self.live()):
                if unit.is_suspended and not self.is_surrendered(unit.id):
                    self._account(job, unit)

    def surrender(self, job: JobId) -> None:
        """Gives back the cores of a live unit whose agent has been gone for long."""
        self._give_back(self._taken.get(job, NOTHING_TAKEN))
        self._taken[job] = NOTHING_TAKEN
        self._surrendered.add(job)

    def hold_back(self, job: JobId, cores: int) -> None:
        """Keeps cores for what may be running, though there is no record of it."""
        self.held_back[job] = cores
        self.cores_taken += cores
        self.live_tasks[job.number] += job.task is not None

    def give_up(self, job: JobId, *, is_known: bool) -> None:
        """Gives these cores back; `is_known`: now there is a record of it, or it is over."""
        self.cores_taken -= self.held_back.get(job, 0)
        if job in self.held_back and is_known:
            del self.held_back[job]
            self.live_tasks[job.number] -= job.task is not None
        elif job in self.held_back:
            self.held_back[job] = 0

    def reclaim(self, job: JobId) -> None:
        """Takes the cores of a surrendered unit again: its agent is back."""
        unit = self.unit(job)
        if unit is not None and self.is_surrendered(job):
            self._account(self.jobs[job.number], unit)

    def forget(self, number: int) -> None:
        """Drops an ended job; its record on disk stays."""
        job = self.jobs.pop(number)
        self.open.pop(number, None)
        self._by_token.pop((job.uid, job.token), None)
        for task in self.tasks.pop(number, {}).values():
            self._by_raw_id.pop(task.unit.raw_id, None)
        self.tally.forget(number)
        self.live_tasks.pop(number, None)
        self.absent.discard(number)
        self.blocked.pop(number, None)
        self.ready.pop(number, None)
        self.pausing.pop(number, None)

    def forget_before(self, ended_before: float) -> list[Job]:
        """Drops what ended before a moment (UTC, seconds); returns what was dropped."""
        dropped: list[Job] = []
        while self._ends and self._ends[0][0] < ended_before:
            _, number = heappop(self._ends)
            job = self.jobs.get(number)
            if job is not None and job.is_final and _ended_at(job) < ended_before:
                dropped.append(job)
                self.forget(number)
        return dropped

    def next_end(self) -> float | None:
        """When the job ended that is the next to be dropped (UTC, seconds)."""
        return self._ends[0][0] if self._ends else None

    def _account(self, job: Job, unit: Unit) -> None:
        """Makes the account of what is taken agree with a unit's state."""
        former = self._taken.pop(unit.id, None)
        self._surrendered.discard(unit.id)
        self._give_back(former or NOTHING_TAKEN)
        is_live = isinstance(unit.state, Granted | Running)
        if isinstance(unit.state, Granted | Running):
            gives = unit.is_suspended and not self._suspended_keep_cores
            cores = 0 if gives else unit.state.cores
            taken = replace(self.capacity.demand(job), cores=cores)
            self._taken[unit.id] = taken
            self.cores_taken += taken.cores
            self.memory_taken_mib += taken.memory_mib
            self.partition_taken[taken.partition] += taken.cores
        if unit.id.task is not None:
            self.live_tasks[unit.id.number] += is_live - (former is not None)

    def _give_back(self, taken: Demand) -> None:
        self.cores_taken -= taken.cores
        self.memory_taken_mib -= taken.memory_mib
        self.partition_taken[taken.partition] -= taken.cores

    def _startable(self, job: Job) -> tuple[int, float]:
        if isinstance(job.work, Unit):
            state = job.work.state
            return (1, state.eligible_at) if isinstance(state, Pending) else (0, 0.0)
        count = len(self.startable_tasks(job))
        array = job.request.array
        if array is not None and array.limit is not None:
            count = min(count, max(0, array.limit - self.live_tasks[job.id]))
        return count, job.work.eligible_at


def _waiting(job: Job) -> int:
    """How many of a job's tasks wait."""
    if isinstance(job.work, Elements):
        return len(job.work.todo)
    return int(isinstance(job.work.state, Pending))


def _ended_at(job: Job) -> float:
    if isinstance(job.work, Elements):
        return job.work.ended_at or 0.0
    return job.work.state.ended_at if isinstance(job.work.state, Ended) else 0.0
