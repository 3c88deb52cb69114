"""Which mails are due: noticed as records change or time passes, and passed on to owners' agents.

A mail is told of once. One that is due while its agent is away waits for it, in memory only.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush

from tinysched.host.clock import Clock
from tinysched.job import mails, tidings
from tinysched.job.mails import Event, Wish
from tinysched.job.model import Elements, Job, JobId, Running, Task, Unit
from tinysched.programs.dispatch.agents import Agents
from tinysched.programs.dispatch.ledger import Ledger
from tinysched.programs.dispatch.terms import Terms
from tinysched.wire.letters import VERB, Letter, Way

# Of an array with ARRAY_TASKS there may be thousands; the oldest go first.
MOST_WAITING = 10_000


class Post:
    """Sees all changes of the ledger, and what of their time limit jobs have used."""

    def __init__(
        self, ledger: Ledger, agents: Agents, clock: Clock, terms: Callable[[], Terms]
    ) -> None:
        self._ledger = ledger
        self._books = ledger.books
        self._agents = agents
        self._clock = clock
        self._terms = terms
        self._begun: set[int] = set()
        self._timers: list[tuple[float, JobId, int, str]] = []
        self._waiting: defaultdict[int, deque[Letter]] = defaultdict(
            lambda: deque(maxlen=MOST_WAITING)
        )
        ledger.on_change = self._changed
        for job, unit in self._books.live():
            wish = mails.wish(job.request.mail_type)
            if wish is not None:
                self._set_timers(job, unit, wish)

    def tick(self) -> None:
        """Notices what time has brought, and passes on what is due."""
        now = self._clock.wall()
        while self._timers and self._timers[0][0] <= now:
            _, job_id, attempt, event = heappop(self._timers)
            self._look(job_id, attempt, Event(event))
        for uid in [uid for uid, letters in self._waiting.items() if letters]:
            letters = self._waiting[uid]
            while letters and self._agents.tell(uid, VERB, letters[0].fields()):
                letters.popleft()

    def next_s(self) -> float | None:
        """In how many seconds some job has used so much of its time."""
        return None if not self._timers else max(0.0, self._timers[0][0] - self._clock.wall())

    # Changes

    def _changed(self, before: Job | Task | None, after: Job | Task) -> None:
        job = after.job if isinstance(after, Task) else after
        wish = mails.wish(job.request.mail_type)
        if wish is None or before is None:
            return
        if isinstance(before, Task) and isinstance(after, Task):
            self._unit_changed(job, before.unit, after.unit, wish)
        elif isinstance(before, Job) and isinstance(after, Job):
            self._job_changed(before, after, wish)

    def _job_changed(self, before: Job, after: Job, wish: Wish) -> None:
        if tidings.is_hopeless(before, after):
            self._write(after, None, Event.INVALID_DEPEND, ())
        if isinstance(before.work, Unit) and isinstance(after.work, Unit):
            self._unit_changed(after, before.work, after.work, wish)
        elif (
            isinstance(before.work, Elements)
            and isinstance(after.work, Elements)
            and before.work.ended_at is None
            and after.work.ended_at is not None
        ):
            self._array_ended(after, after.work, wish)

    def _array_ended(self, job: Job, work: Elements, wish: Wish) -> None:
        self._begun.discard(job.id)
        if wish.each_task:
            return
        found = self._ledger.look_up(job.id)
        units = [] if found is None else found[1]
        event, more = tidings.of_array(units, len(work.cancelled), work.worst)
        self._write(job, None, event, more)

    def _unit_changed(self, job: Job, before: Unit, after: Unit, wish: Wish) -> None:
        for event, more in tidings.of_unit(before, after, job.submitted_at):
            self._tell(job, after, wish, (event, more))
        is_new = not isinstance(before.state, Running) or before.attempt != after.attempt
        if is_new and isinstance(after.state, Running):
            self._set_timers(job, after, wish)

    def _tell(self, job: Job, unit: Unit, wish: Wish, tiding: tidings.Tiding) -> None:
        """Something about a plain job, or about a task; of most arrays only the whole matters."""
        event, more = tiding
        if unit.id.task is None or wish.each_task:
            self._write(job, unit, event, more)
        elif event is Event.BEGIN:
            if job.id not in self._begun:
                self._begun.add(job.id)
                if not self._has_others(job, unit):
                    self._write(job, None, event, ())
        elif event not in (Event.END, Event.FAIL):
            self._write(job, None, event, ())

    def _has_others(self, job: Job, unit: Unit) -> bool:
        """Some task of an array began before this one."""
        if isinstance(job.work, Elements) and job.work.ended:
            return True
        units = self._books.units(job.id)
        return any(one.id != unit.id and isinstance(one.state, Running) for one in units)

    # Time

    def _set_timers(self, job: Job, unit: Unit, wish: Wish) -> None:
        limit_s = self._books.capacity.limit_s(job, unit.id.task)
        if limit_s is None or not isinstance(unit.state, Running):
            return
        now = self._clock.wall()
        for event, part in mails.PARTS.items():
            due_at = unit.state.started_at + part * limit_s
            if event in wish.events and due_at > now:
                heappush(self._timers, (due_at, unit.id, unit.attempt, event.value))

    def _look(self, job_id: JobId, attempt: int, event: Event) -> None:
        """Whether it is still so: a limit may have been changed since."""
        job, unit = self._books.jobs.get(job_id.number), self._books.unit(job_id)
        if job is None or unit is None or unit.attempt != attempt:
            return
        limit_s, state = self._books.capacity.limit_s(job, job_id.task), unit.state
        wish = mails.wish(job.request.mail_type)
        if wish is None or limit_s is None or not isinstance(state, Running):
            return
        now, due_at = self._clock.wall(), state.started_at + mails.PARTS[event] * limit_s
        if due_at > now:
            heappush(self._timers, (due_at, job_id, attempt, event.value))
            return
        more = (mails.span("Run time", now - state.started_at),)
        self._tell(job, unit, wish, (event, more))

    # Letters

    def _write(self, job: Job, unit: Unit | None, event: Event, more: Sequence[str]) -> None:
        wish, terms = mails.wish(job.request.mail_type), self._terms()
        way = Way(terms.mail_by)
        if wish is None or event not in wish.events or way is Way.NOBODY:
            return
        job_id, name = JobId(number=job.id) if unit is None else unit.id, job.request.name
        if unit is not None and unit.id.task is not None:
            subject = mails.of_task(unit.id, unit.raw_id, name, event, more)
        elif isinstance(job.work, Elements):
            subject = mails.of_array(job.id, name, event, more)
        else:
            subject = mails.of_job(job.id, name, event, more)
        letter = Letter(
            token=job.token,
            job=job_id,
            event=event,
            subject=subject,
            way=way,
            server=terms.mail_server,
            domain=terms.mail_domain,
        )
        self._waiting[job.uid].append(letter)
