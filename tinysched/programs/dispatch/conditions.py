"""What a job waits for besides room: other jobs, a time to begin; and the deadline it must meet.

Verdicts about other jobs are written into the record of the one that waits; everything else is
worked out anew at each start.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from heapq import heappop, heappush

from tinysched.errors import SpoolError
from tinysched.host.clock import Clock
from tinysched.job import lifecycle
from tinysched.job.dependencies import Edge, Kind, Verdict
from tinysched.job.model import Elements, Job, Outcome, Pending, Reason, Unit
from tinysched.job.quantities import format_time
from tinysched.job.ranges import Ranges
from tinysched.programs import events
from tinysched.programs.dispatch.children import Children
from tinysched.programs.dispatch.family import Family
from tinysched.programs.dispatch.ledger import Ledger
from tinysched.programs.dispatch.namesakes import Name, Namesakes

LOG = logging.getLogger("dispatcher")
RETRY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What came of a look at a job that waits: itself as it is from now on, and what keeps it.

    `wakes`: nothing keeps it any more. `is_given_up`: it can never start.
    """

    before: Job
    after: Job
    reason: Reason | None
    wakes: bool = False
    is_given_up: bool = False


class Conditions:
    """Lets jobs wait until their turn can come, and wakes them."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._books = ledger.books
        self._clock = clock
        self._family = Family(ledger)
        self._children = Children(ledger.books)
        self._namesakes = Namesakes()
        self._lonely = Namesakes()
        self._names: dict[int, Name] = {}
        self._timers: list[tuple[float, int]] = []
        self._changed: set[int] = set(self._books.jobs)
        ledger.on_saved = self._changed.add
        self.settle()

    @property
    def parents(self) -> frozenset[int]:
        """Jobs whose end, good or bad, still matters to one that waits."""
        return self._children.parents

    def settle(self) -> None:
        """Looks again at whatever may have been waiting for what has happened since."""
        now = self._clock.wall()
        due: set[int] = set()
        while self._timers and self._timers[0][0] <= now:
            due.add(heappop(self._timers)[1])
        while self._changed or due:
            moved, self._changed = self._changed | due, set()
            self._ledger.on_saved, due = self._changed.add, set()
            self._look_at(sorted(self._touched(moved)), now)

    def next_s(self) -> float | None:
        """In how many seconds somebody's time has come."""
        return None if not self._timers else max(0.0, self._timers[0][0] - self._clock.wall())

    def _touched(self, moved: Collection[int]) -> set[int]:
        """The jobs that changed, and those that wait for one of them."""
        touched = set(moved)
        for number in moved:
            told = self._children.to_be_told(number)
            if told:
                touched |= told
            job = self._books.jobs.get(number)
            if job is not None:
                name = (job.uid, job.request.name)
                former = self._names.get(number, name)
                if job.is_final or former != name:
                    self._namesakes.discard(former, number)
                    self._names.pop(number, None)
                if not job.is_final:
                    self._namesakes.add(name, number)
                    self._names[number] = name
                for one in (name,) if former == name else (name, former):
                    first = self._lonely.first(one)
                    if first is not None:
                        touched.add(first)
        return touched

    def _look_at(self, numbers: Iterable[int], now: float) -> None:
        """Whether the turn of jobs can come, and when to look again."""
        looks: list[_Look] = []
        for number in numbers:
            job = self._books.jobs.get(number)
            if job is None or not _waits(job):
                self._stop_waiting(number, job)
            elif not self._is_free(job):
                looks.append(self._look(job, now))
        for look in self._recorded(looks, now):
            job, reason = look.after, look.reason
            if look.wakes:
                LOG.info(events.WAKES, job.id, job.user)
            elif look.is_given_up and reason is not None:
                LOG.info(events.GIVEN_UP, job.id, job.user, reason.name)
            self._note(self._books.jobs[job.id], reason, now)

    def _recorded(self, looks: list[_Look], now: float) -> list[_Look]:
        """Writes what has changed, all of it or nothing; returns what holds now."""
        changed = [look.after for look in looks if look.after is not look.before]
        try:
            self._ledger.rewrite(*changed)
        except SpoolError as error:
            for job in changed:
                LOG.error(events.CONDITION_NOT_RECORDED, job.id, job.user, error.sentence)
                heappush(self._timers, (now + RETRY_S, job.id))
            return [look for look in looks if look.after is look.before]
        return looks

    def _is_free(self, job: Job) -> bool:
        """It waits for nothing but room, as it did before: so do most."""
        books, number = self._books, job.id
        has_conditions = job.dependencies.edges or job.request.deadline_at is not None
        is_kept = number in books.blocked or number in books.pausing or number in books.ready
        return not (has_conditions or is_kept) and self._begins_at(job) is None

    def _look(self, job: Job, now: float) -> _Look:
        judged = job.dependencies.judged(lambda edge: self._judge(job, edge, now))
        after = job if judged is job.dependencies else replace(job, dependencies=judged)
        self._books.ready.pop(job.id, None)
        ready = self._family.ready(after) if judged.edges else None
        if ready is not None:
            self._books.ready[job.id] = ready
        given_up = self._given_up(after, now)
        if given_up is not None:
            outcome, why = given_up
            live = self._books.live_tasks[job.id]
            over = lifecycle.given_up(after, outcome, why, now, live)
            return _Look(before=job, after=over, reason=why, is_given_up=True)
        reason = self._reason(after, now)
        if reason is None and job.id in self._books.blocked:
            return _Look(before=job, after=_eligible(after, now), reason=None, wakes=True)
        return _Look(before=job, after=after, reason=reason)

    def _note(self, job: Job, reason: Reason | None, now: float) -> None:
        """Remembers what came of a look, and when the next one is due."""
        for edge in job.dependencies.edges:
            if edge.verdict is Verdict.OPEN:
                self._wait_for(job, edge, now)
        pause_at = self._books.end_pauses(job.id, now)
        if pause_at is not None:
            heappush(self._timers, (pause_at, job.id))
        if reason is None:
            self._books.blocked.pop(job.id, None)
        else:
            self._books.blocked[job.id] = reason
        self._books.file(job.id)

    def _judge(self, job: Job, edge: Edge, now: float) -> Edge:
        """A condition as it stands; of a job that is held it is open, whatever has happened."""
        judged = self._of_now(job, edge, now)
        if job.hold is None or job.request.kill_on_invalid_dependency:
            return judged
        return replace(judged, verdict=edge.verdict)

    def _of_now(self, job: Job, edge: Edge, now: float) -> Edge:
        if edge.kind is Kind.SINGLETON:
            first = self._namesakes.first((job.uid, job.request.name))
            is_first = first is None or first >= job.id
            return replace(edge, verdict=Verdict.FULFILLED) if is_first else edge
        todo = job.work.todo if isinstance(job.work, Elements) else Ranges()
        return self._family.judge(edge, now, todo)

    def _wait_for(self, job: Job, edge: Edge, now: float) -> None:
        if edge.kind is Kind.SINGLETON:
            self._lonely.add((job.uid, job.request.name), job.id)
            return
        self._children.add(self._family.number(edge), job.id, edge)
        due_at = self._family.due_at(edge)
        if due_at is not None and due_at > now:
            heappush(self._timers, (due_at, job.id))

    def _given_up(self, job: Job, now: float) -> tuple[Outcome, Reason] | None:
        """How a job ends that can never start any more; None: it still can."""
        request, waits = job.request, job.dependencies
        if request.deadline_at is not None and job.hold is None:
            limit_s = self._books.capacity.limit_s(job) or 0
            if now + limit_s > request.deadline_at:
                words = "it could not end in time any more"
                return Outcome.DEADLINE, Reason(name="DeadLine", words=words)
            heappush(self._timers, (request.deadline_at - limit_s + 1, job.id))
        if waits.verdict is Verdict.FAILED and request.kill_on_invalid_dependency:
            return Outcome.CANCELLED, Reason(name="DependencyNeverSatisfied", words=str(waits))
        return None

    def _reason(self, job: Job, now: float) -> Reason | None:
        """What keeps a job from its turn; None if nothing does."""
        waits = job.dependencies
        if waits.verdict is Verdict.FAILED:
            return Reason(name="DependencyNeverSatisfied", words=str(waits))
        if waits.verdict is Verdict.OPEN and not self._books.ready.get(job.id):
            return Reason(name="Dependency", words=f"waits for {waits}")
        begins_at = self._begins_at(job)
        if begins_at is not None and begins_at > now:
            heappush(self._timers, (begins_at, job.id))
            local = format_time(begins_at, self._clock.utc_offset_s(begins_at))
            return Reason(name="BeginTime", words=f"begins at {local}")
        return None

    def _begins_at(self, job: Job) -> float | None:
        """The moment before which it may not start (UTC, seconds)."""
        asked = job.request.begin_at
        if isinstance(job.work, Unit) and isinstance(job.work.state, Pending):
            later = job.work.state.not_before
            return max(filter(None, (asked, later)), default=None)
        return asked

    def _stop_waiting(self, number: int, job: Job | None) -> None:
        self._books.blocked.pop(number, None)
        self._books.ready.pop(number, None)
        if job is None:
            return
        self._lonely.discard((job.uid, job.request.name), number)
        for edge in job.dependencies.edges:
            self._children.discard(self._family.number(edge), number)


def _waits(job: Job) -> bool:
    """Some of it has not started yet."""
    if isinstance(job.work, Elements):
        return bool(job.work.todo)
    return isinstance(job.work.state, Pending)


def _eligible(job: Job, now: float) -> Job:
    """Nothing but room is missing from now on."""
    if isinstance(job.work, Elements):
        return replace(job, work=replace(job.work, eligible_at=now))
    return replace(job, work=replace(job.work, state=Pending(eligible_at=now)))
