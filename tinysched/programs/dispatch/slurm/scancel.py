"""Carries out scancel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tinysched.errors import RefusedError
from tinysched.host import identity
from tinysched.job.cancelling import Cancelling, Victim
from tinysched.job.model import Ended, Job, Pending
from tinysched.job.queries import CancelQuery, Filter, Selector
from tinysched.job.ranges import Ranges
from tinysched.job.selecting import Chosen, choose
from tinysched.job.signals import Reach
from tinysched.job.states import COMPLETING, PENDING, state_name
from tinysched.programs.dispatch.answer import Answer, encode
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.rights import DENIED
from tinysched.programs.dispatch.slurm.variables import variables
from tinysched.report.slurm import tasklists
from tinysched.report.text import visible
from tinysched.script.slurm import scancel as script
from tinysched.script.slurm.scancel import error
from tinysched.wire.channel import Channel, Message

UNKNOWN = "Invalid job id specified"
OVER = "Job/step already completing or completed"
NOT_NOW = "Job can not be altered now, try again later"
EXIT_DENIED = 210
EXIT_NO_STEP = 225
_KILL = 9
_MOST_NAMES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A job, a task, or tasks that wait, as it is named to people; `selector` names it to us."""

    job: Job
    selector: Selector
    shown: str
    is_pending: bool
    partition: str

    @property
    def names(self) -> Iterator[str]:
        """What a client may call it later, when some of what waits may have started."""
        tasks = self.selector.tasks
        if tasks is None:
            yield str(self.job.id)
            return
        if self.is_pending:
            yield f"{self.job.id}_*"
        for task in tasks.take(_MOST_NAMES):
            yield f"{self.job.id}_{task}"


class Scancel:
    """Ends or signals jobs in Slurm's way."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def answer(self, channel: Channel, message: Message) -> Answer:
        """One order.

        Field `chosen`: the client asked its user, or tries again; nothing else is meant then.
        """
        uid = channel.peer.uid
        caller = script.Caller(uid=uid, variables=variables(message), uid_of=_known_uid)
        order = script.read(message.many("arg"), caller)
        work = _Work(self._parts, uid, order)
        if order.is_plain:
            work.plain()
        else:
            work.filtered(frozenset(message.many("chosen")))
        return work.told()


class _Work:
    """One order on its way: what was said, and the exit code so far."""

    def __init__(self, parts: Parts, uid: int, order: Cancelling) -> None:
        self._parts = parts
        self._books = parts.ledger.books
        self._uid = uid
        self._order = order
        self._said = order.complaints
        self._exit_code = 0
        self._questions: list[tuple[str, str]] = []
        self._again: list[str] = []
        self._late = ""  # what is to be said if trying again is of no use

    def told(self) -> Answer:
        """What the client is answered."""
        more = []
        if self._questions:
            lines = (f"{name}\t{question}" for name, question in self._questions)
            more.append(("questions", encode("\n".join(lines))))
        if self._again:
            more.append(("again", encode("\n".join(self._again))))
            more.append(("late", encode(self._late)))
        return Answer(err=self._said, exit_code=self._exit_code, more=tuple(more))

    # Ids alone: nothing but a lack of rights is a mistake

    def plain(self) -> None:
        """Ends what was named."""
        for victim in self._order.victims:
            if self._order.is_verbose:
                self._say(f"Terminating {self._kind}job {victim.written}")
            why = self._end_named(victim.selector)
            if why == DENIED or (why and self._order.is_verbose):
                self._complain(victim.written, why)
                self._exit_code = EXIT_DENIED if why == DENIED else self._exit_code

    def _end_named(self, selector: Selector) -> str:
        """Why something cannot be ended; '' if it was."""
        job = self._job(selector.number)
        if job is None:
            return UNKNOWN
        chosen = self._choose(job, selector)
        if not chosen:
            return UNKNOWN
        if not self._parts.rights.may_change(self._uid, job):
            return DENIED
        if not chosen.todo and all(
            isinstance(unit.state, Ended) or state_name(unit) == COMPLETING for unit in chosen.units
        ):
            return OVER
        return self._carry_out(selector, None, Reach.ALL)

    # With filters or signals: what is not active does not exist

    def filtered(self, only: frozenset[str]) -> None:
        """Ends or signals what fits; `only`: no more than these."""
        targets = [t for t in self._targets() if not only or not only.isdisjoint(t.names)]
        if not only:
            self._complain_of_unknown()
            if self._order.is_interactive:
                self._questions = [(next(t.names), _question(t)) for t in targets]
                return
        if not targets and self._order.filters and self._order.is_verbose:
            names = " ".join(self._order.filters)
            self._say(f"error: No active jobs match ALL job filters, including: {names} ")
        for target in targets:
            self._treat(target)

    def _treat(self, target: _Target) -> None:
        order = self._order
        if order.is_verbose:
            deed = "Terminating" if order.signal is None else f"Signal {order.signal} to"
            self._say(f"{deed} {self._kind}job {target.shown}")
        if not self._parts.rights.may_change(self._uid, target.job):
            self._fail(target, DENIED, EXIT_DENIED)
        elif order.ends or (target.is_pending and order.signal is None):
            self._fail(target, self._carry_out(target.selector, None, Reach.ALL), 1)
        elif target.is_pending:
            self._again += [name for name in target.names if not name.endswith("*")]
            self._late += error(f"Kill job error on job id {target.shown}: {NOT_NOW}")
        else:
            signal = _KILL if order.signal is None else order.signal
            self._fail(target, self._carry_out(target.selector, signal, order.reach), 1)

    def _targets(self) -> Iterator[_Target]:
        """Everything active that the filters mean, and the ids if there are any."""
        victims = [victim for victim in self._order.victims if victim.step is None]
        if not self._order.victims:
            for number in sorted(self._books.jobs):
                yield from self._parts_of(self._books.jobs[number], Selector(number=number))
        seen = set[str]()
        for victim in victims:
            job = self._job(victim.selector.number)
            for target in () if job is None else self._parts_of(job, victim.selector):
                if target.shown not in seen:
                    seen.add(target.shown)
                    yield target

    def _parts_of(self, job: Job, selector: Selector) -> Iterator[_Target]:
        wanted, visible_jobs = self._order.wanted, self._parts.rights.visible(self._uid, [job])
        standing = self._parts.outlook.standing(job)
        if not visible_jobs or not wanted.fits(job, standing):
            return
        chosen = self._choose(job, selector)
        states, hosts = wanted.states, wanted.hosts
        is_here = hosts is None or self._parts.place.host in hosts
        if chosen.todo and (states is None or PENDING in states) and hosts is None:
            yield _waiting(job, chosen.todo, standing.partition)
        for unit in chosen.units:
            is_pending = isinstance(unit.state, Pending)
            if isinstance(unit.state, Ended) or state_name(unit) == COMPLETING:
                continue
            if states is not None and state_name(unit) not in states:
                continue
            if is_here and not (is_pending and hosts is not None):
                yield _Target(
                    job=job,
                    selector=_selector(job, unit.id.task),
                    shown=str(unit.id),
                    is_pending=is_pending,
                    partition=standing.partition,
                )

    def _complain_of_unknown(self) -> None:
        for victim in self._order.victims:
            number = victim.selector.number
            job = self._job(number)
            active = Ranges() if job is None else self._active(job, victim.selector)
            if victim.step is not None:
                self._exit_code = EXIT_NO_STEP if active is None or active else 1
                named = str(number) if active is None or active else victim.written
                self._said += error(f"Kill job error on job step id {named}: {UNKNOWN}")
            elif active is not None:
                self._complain_of_tasks(victim, active)

    def _complain_of_tasks(self, victim: Victim, active: Ranges) -> None:
        tasks = victim.selector.tasks
        if tasks is None:
            missing = [] if active else [victim.written]
        else:
            lost = (tasks - active).take(_MOST_NAMES)
            missing = [f"{victim.selector.number}_{task}" for task in lost]
        for name in missing:
            self._complain(name, UNKNOWN)
            self._exit_code = 1

    def _active(self, job: Job, selector: Selector) -> Ranges | None:
        """Which of the tasks that were named are active; None: the plain job is."""
        chosen = self._choose(job, selector)
        units = [
            unit
            for unit in chosen.units
            if not isinstance(unit.state, Ended) and state_name(unit) != COMPLETING
        ]
        if any(unit.id.task is None for unit in units):
            return None
        tasks = Ranges.of(unit.id.task for unit in units if unit.id.task is not None)
        return tasks | chosen.todo

    # Both

    @property
    def _kind(self) -> str:
        if self._order.reach is Reach.SCRIPT:
            return "batch "
        return "full " if self._order.is_full else ""

    def _job(self, number: int) -> Job | None:
        """A job by its number or that of one of its tasks, as far as the caller may know of it."""
        job = self._books.jobs.get(number)
        if job is None:
            task = self._books.by_raw_id(number)
            job = None if task is None else self._books.jobs.get(task.number)
        if job is None or not self._parts.rights.visible(self._uid, [job]):
            return None
        return job

    def _choose(self, job: Job, selector: Selector) -> Chosen:
        chosen = choose(Filter(selectors=(selector,)), job, self._books.units(job.id))
        return Chosen(units=chosen.units, todo=chosen.todo)

    def _carry_out(self, selector: Selector, signal: int | None, reach: Reach) -> str:
        """Why it cannot be done; '' if it was."""
        query = CancelQuery(
            filter=Filter(selectors=(selector,)), signal=signal, reach=reach, quiet=True
        )
        try:
            self._parts.changes.cancel(self._uid, query)
        except RefusedError as refused:
            return refused.sentence
        return ""

    def _fail(self, target: _Target, why: str, exit_code: int) -> None:
        if why:
            self._complain(target.shown, why)
            self._exit_code = exit_code

    def _say(self, words: str) -> None:
        self._said += f"scancel: {words}\n"

    def _complain(self, name: str, why: str) -> None:
        self._said += error(f"Kill job error on job id {name}: {why}")


def _waiting(job: Job, tasks: Ranges, partition: str) -> _Target:
    array = job.request.array
    limit = "" if array is None or array.limit is None else f"%{array.limit}"
    shown = f"{job.id}_[{tasklists.text(tasks)}{limit}]"
    if len(tasks) == 1:
        shown = f"{job.id}_{tasks}"
    return _Target(
        job=job,
        selector=Selector(number=job.id, tasks=tasks),
        shown=shown,
        is_pending=True,
        partition=partition,
    )


def _selector(job: Job, task: int | None) -> Selector:
    return Selector(number=job.id, tasks=None if task is None else Ranges.of((task,)))


def _question(target: _Target) -> str:
    request = target.job.request
    name, partition = visible(request.name), visible(target.partition)
    return f"Cancel job_id={target.shown} name={name} partition={partition} [y/n]? "


def _known_uid(name: str) -> int | None:
    """The number of a user that the host knows, by name or number."""
    uid = identity.uid_of(name)
    return None if uid is None or identity.user_name(uid) == str(uid) else uid
