"""The queue as it stands, for whoever asks: a snapshot, what is free, and why a job waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from tinysched.host import identity
from tinysched.host.clock import Clock
from tinysched.job.model import Elements, Granted, Hold, Job, Pending, Reason, Running, Unit
from tinysched.job.selecting import unstarted
from tinysched.job.snapshot import FIRST_PRIORITY, Others, Prospect, Snapshot
from tinysched.job.standing import Standing
from tinysched.job.states import MEANINGS, state_name
from tinysched.policy import fifo
from tinysched.policy.waiting import Entry, Size
from tinysched.programs.dispatch.agents import Agents
from tinysched.programs.dispatch.books import SELF, Books
from tinysched.programs.dispatch.prospects import prospect
from tinysched.programs.dispatch.rights import Rights
from tinysched.programs.dispatch.terms import Terms

NO_OWNER = "its owner has no account here any more, an admin can cancel it"


class Outlook:
    """Looks; changes nothing."""

    def __init__(
        self,
        books: Books,
        agents: Agents,
        rights: Rights,
        clock: Clock,
        terms: Callable[[], Terms],
    ) -> None:
        self._rights = rights
        self._books = books
        self._agents = agents
        self._clock = clock
        self._terms = terms
        self._has_account: dict[int, bool] = {}  # as of the last snapshot

    def snapshot(self, uid: int, numbers: Iterable[int] | None = None) -> Snapshot:
        """The queue as a user may see it now, for a report.

        `numbers`: the jobs that it is about, which are known here; None: all of them.
        """
        books = self._books
        asked = sorted(books.jobs if numbers is None else numbers)
        jobs = self._rights.visible(uid, (books.jobs[number] for number in asked))
        room = self.room()
        self._has_account.clear()
        blocked_by: list[Entry | None] = []
        told: dict[tuple[str, int, Size, bool], Reason] = {}

        def explain(job: Job) -> Reason:
            if not blocked_by:
                blocked_by.append(fifo.blocker(books.waiting, room, self._clock.wall()))
            first, entry = blocked_by[0], books.waiting.get(job.id)
            if entry is None:
                return self._shown(uid, self._explain(job, room, first))
            # Of jobs that wait for nothing but room, many wait for the same reason.
            alike = (job.user, entry.uid, entry.size, first is not None and first.age < entry.age)
            if alike not in told:
                told[alike] = self._shown(uid, self._explain(job, room, first))
            return told[alike]

        stands: dict[int, Standing] = {}

        def standing(job: Job) -> Standing:
            if job.id not in stands:
                stands[job.id] = self.standing(job)
            return stands[job.id]

        return Snapshot(
            now=self._clock.wall(),
            jobs=jobs,
            units={job.id: books.units(job.id) for job in jobs if _is_array(job)},
            explain=explain,
            cores_total=books.cores_total,
            others=self._others(uid),
            standing=standing,
            prospect=lambda job: self._prospect(uid, job, room),
            line=lambda: self._line(uid),
        )

    def _line(self, uid: int) -> Iterator[Job]:
        """What could start if there were room, as far as a user may see it; the oldest first."""
        sees_all = self._rights.sees_all(uid)
        for entry in self._books.waiting:
            job = self._books.jobs[entry.id]
            if sees_all or job.uid == uid:
                yield job

    def standing(self, job: Job) -> Standing:
        """What the queue's rules make of a job's request."""
        books, request = self._books, job.request
        capacity = books.capacity
        partition = capacity.partition(job)
        cores = capacity.cores_of(request)
        asked = request.memory_mib
        per_cpu = request.memory_per_cpu_mib
        if per_cpu is None and asked is None and partition is not None:
            per_cpu = partition.default_mem_per_cpu_mib
        whole = capacity.memory_of(request, cores, partition)
        names = request.partition or (
            self._terms().cluster if partition is None else partition.name
        )
        is_waiting = _waiting(job) > 0
        return Standing(
            partition=names if is_waiting or partition is None else partition.name,
            cores=cores,
            limit_s=capacity.limit_s(job),
            memory_mib=whole if per_cpu is None else per_cpu,
            is_memory_per_cpu=per_cpu is not None,
            priority=0 if job.hold is not None else FIRST_PRIORITY + books.first_rank - job.rank,
            eligible_at=self._eligible_at(job),
        )

    def _eligible_at(self, job: Job) -> float | None:
        """When a job could start, or could have started; None: nobody knows."""
        kept = self._books.blocked.get(job.id)
        if kept is not None and kept.name == "BeginTime":
            return _pause_of(job) or job.request.begin_at
        if kept is not None or job.hold is not None:
            begin_at = job.request.begin_at or 0.0
            return begin_at if begin_at > self._clock.wall() else None
        return _eligible_at(job) or job.submitted_at

    def _shown(self, uid: int, reason: Reason) -> Reason:
        """A reason without the numbers of other people's jobs, where these are private."""
        if reason.name != "Priority" or self._rights.sees_all(uid):
            return reason
        return Reason(name="Priority", words="another job has waited longer")

    def _prospect(self, uid: int, job: Job, room: fifo.Room) -> Prospect:
        """What a job may expect, without the limits of other people's, where these are private."""
        found = prospect(self._books, room, job, _eligible_at(job))
        return found if self._rights.sees_all(uid) else replace(found, enough_at=None)

    def _others(self, uid: int) -> Others | None:
        """What is hidden from a user, as counts; None if nothing is."""
        if self._rights.sees_all(uid):
            return None
        books = self._books
        theirs = [unit for job, unit in books.live() if job.uid != uid]
        return Others(
            running=len(theirs),
            cores=sum(u.state.cores for u in theirs if isinstance(u.state, Granted | Running)),
            waiting=books.waiting_of_others(uid),
        )

    def room(self) -> fifo.Room:
        """What there is to give."""
        books, total_mib = self._books, self._books.capacity.memory_mib
        return fifo.Room(
            cores_total=books.cores_total,
            cores_free=books.cores_free,
            uids_with_agent=self._agents.uids() | {SELF},
            starvation_s=self._terms().starvation_s,
            memory_total_mib=total_mib,
            memory_free_mib=(total_mib or 0) - books.memory_taken_mib,
            partitions={
                one.name: (one.cores, one.cores - books.partition_taken[one.name])
                for one in books.capacity.partitions
                if one.cores is not None
            },
        )

    def why(self, job: Job) -> Reason:
        """Why a pending job waits, as its owner may know it."""
        blocked_by = fifo.blocker(self._books.waiting, self.room(), self._clock.wall())
        return self._shown(job.uid, self._explain(job, self.room(), blocked_by))

    def _explain(self, job: Job, room: fifo.Room, blocked_by: Entry | None) -> Reason:
        if job.id in self._books.absent:
            return Reason(name="ClientGone", words="its run_job.sh is not connected")
        kept = self._books.capacity.obstacle(job) or self._books.blocked.get(job.id)
        if kept is not None and job.hold is None:
            return kept
        if self._is_orphan(job):
            return Reason(name="AgentDown", words=NO_OWNER)
        if words := self._refused(job):
            return Reason(name="AgentDown", words=words)
        if self._is_starting(job):
            return Reason(name="AgentDown", words="its owner's agent is being started")
        array = job.request.array
        waiter = fifo.Waiter(
            entry=self._books.entry(job, _eligible_at(job)),
            hold=job.hold or _all_held(job),
            running=self._books.live_tasks[job.id],
            limit=None if array is None else array.limit,
        )
        return fifo.explain(waiter, room, blocked_by)

    def _is_orphan(self, job: Job) -> bool:
        """Its owner was known to the host when it was submitted, and is not any more."""
        if job.user == str(job.uid) or not self._agents.is_missing(self._books.launcher_of(job)):
            return False
        if job.uid not in self._has_account:
            self._has_account[job.uid] = identity.user_name(job.uid) != str(job.uid)
        return not self._has_account[job.uid]

    def _refused(self, job: Job) -> str:
        """What is wrong with its owner's agent, if that is there and cannot be understood."""
        launcher = self._books.launcher_of(job)
        return "" if launcher in self._agents.uids() else self._agents.strangers.words(launcher)

    def _is_starting(self, job: Job) -> bool:
        """Nothing but its agent is missing, and that is on its way."""
        if job.hold is not None or self._books.cores_of(job) > self._books.cores_total:
            return False
        is_missing = self._agents.is_missing(self._books.launcher_of(job))
        return is_missing and self._agents.is_expected(job.uid)

    def counts(self) -> dict[str, int]:
        """Jobs and tasks by state, for all that is known here."""
        found = dict.fromkeys(MEANINGS, 0)
        for number, job in self._books.jobs.items():
            units = self._books.units(number)
            for unit in units:
                found[state_name(unit)] += 1
            if isinstance(job.work, Elements):
                found["PENDING"] += len(unstarted(job.work, units))
                found["CANCELLED"] += len(job.work.cancelled)
        return found


def _all_held(job: Job) -> Hold | None:
    """Each of its tasks that wait is held."""
    work = job.work
    if not isinstance(work, Elements) or not work.held or work.todo - work.held:
        return None
    return Hold.USER if work.todo - work.locked else Hold.ADMIN


def _is_array(job: Job) -> bool:
    return isinstance(job.work, Elements)


def _pause_of(job: Job) -> float | None:
    """When a plain job that was requeued may start again, if that is what keeps it."""
    state = job.work.state if isinstance(job.work, Unit) else None
    pause = state.not_before if isinstance(state, Pending) else None
    begin_at = job.request.begin_at
    return None if pause is None or (begin_at or 0.0) > pause else pause


def _eligible_at(job: Job) -> float:
    if isinstance(job.work, Elements):
        return job.work.eligible_at
    return job.work.state.eligible_at if isinstance(job.work.state, Pending) else 0.0


def _waiting(job: Job) -> int:
    """How many of a job's tasks wait."""
    if isinstance(job.work, Elements):
        return len(job.work.todo)
    return int(isinstance(job.work.state, Pending))
