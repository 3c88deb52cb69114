"""Carries out scancel."""

from __future__ import annotations

from collections.abc import Iterator

from tinysched.errors import RefusedError
from tinysched.host import identity
from tinysched.job.cancelling import Cancelling, Victim
from tinysched.job.model import Ended, Job, Running, Unit
from tinysched.job.queries import CancelQuery, Filter, Selector
from tinysched.job.ranges import Ranges
from tinysched.job.signals import Reach
from tinysched.job.states import COMPLETING, state_name
from tinysched.programs.dispatch.answer import Answer, encode
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.rights import DENIED
from tinysched.programs.dispatch.slurm.targets import Target, Targets
from tinysched.programs.dispatch.slurm.variables import variables
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
        self._targets = Targets(parts, uid)
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
        job = self._targets.job(selector.number)
        if job is None:
            return UNKNOWN
        chosen = self._targets.choose(job, selector)
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
        targets = [t for t in self._meant() if not only or not only.isdisjoint(t.names)]
        if not only:
            self._complain_of_unknown()
            if self._order.is_interactive:
                self._questions = [(next(t.names), _question(t)) for t in targets]
                self._questions += [
                    (victim.written, self._step_question(victim, units[0]))
                    for victim, _, units in self._steps()
                ]
                return
        if not targets and self._order.filters and self._order.is_verbose:
            names = " ".join(self._order.filters)
            self._say(f"error: No active jobs match ALL job filters, including: {names} ")
        with self._parts.changes.withdrawals.together():
            for target in targets:
                self._treat(target)
        for victim, step, units in self._steps():
            if not only or victim.written in only:
                for unit in units:
                    self._treat_step(victim, unit, step)

    def _meant(self) -> Iterator[Target]:
        if not self._order.victims:
            return self._targets.all(self._order.wanted)
        selectors = [each.selector for each in self._order.victims if each.step is None]
        if not selectors:
            return iter(())
        return self._targets.among(selectors, self._order.wanted)

    def _treat(self, target: Target) -> None:
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

    # Steps

    def _steps(self) -> Iterator[tuple[Victim, int, list[Unit]]]:
        """The steps that were named and run, and of what they are parts."""
        for victim in self._order.victims:
            job = self._targets.job(victim.selector.number)
            if victim.step is None or job is None:
                continue
            units = self._targets.choose(job, victim.selector).units
            live = [unit for unit in units if _has_step(unit, victim.step)]
            if live:
                yield victim, victim.step, live

    def _treat_step(self, victim: Victim, unit: Unit, step: int) -> None:
        signal = self._order.signal
        if self._order.is_verbose:
            deed = "Terminating" if signal is None else f"Signal {signal} to"
            self._say(f"{deed} step {victim.written}")
        try:
            if not self._parts.rights.may_change(self._uid, self._books_job(unit)):
                raise RefusedError(DENIED)
            self._parts.changes.signal_step(self._uid, unit, step, signal)
        except RefusedError as refused:
            why = refused.sentence
            self._said += error(f"Kill job error on job step id {victim.written}: {why}")
            self._exit_code = EXIT_DENIED if why == DENIED else 1

    def _step_question(self, victim: Victim, unit: Unit) -> str:
        job = self._books_job(unit)
        partition = visible(self._parts.outlook.standing(job).partition)
        name = visible(job.request.name)
        return f"Cancel step_id={victim.written} name={name} partition={partition} [y/n]? "

    def _books_job(self, unit: Unit) -> Job:
        return self._parts.ledger.books.jobs[unit.id.number]

    def _complain_of_unknown(self) -> None:
        there = {victim for victim, _, _ in self._steps()}
        for victim in self._order.victims:
            if victim in there:
                continue
            number = victim.selector.number
            job = self._targets.job(number)
            active = Ranges() if job is None else self._targets.active_tasks(job, victim.selector)
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

    # Both

    @property
    def _kind(self) -> str:
        if self._order.reach is Reach.SCRIPT:
            return "batch "
        return "full " if self._order.is_full else ""

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

    def _fail(self, target: Target, why: str, exit_code: int) -> None:
        if why:
            self._complain(target.shown, why)
            self._exit_code = exit_code

    def _say(self, words: str) -> None:
        self._said += f"scancel: {words}\n"

    def _complain(self, name: str, why: str) -> None:
        self._said += error(f"Kill job error on job id {name}: {why}")


def _question(target: Target) -> str:
    request = target.job.request
    name, partition = visible(request.name), visible(target.partition)
    return f"Cancel job_id={target.shown} name={name} partition={partition} [y/n]? "


def _has_step(unit: Unit, number: int) -> bool:
    """A step of this number runs in it."""
    if not isinstance(unit.state, Running):
        return False
    return any(step.number == number and step.ended_at is None for step in unit.state.steps)


def _known_uid(name: str) -> int | None:
    """The number of a user that the host knows, by name or number."""
    uid = identity.uid_of(name)
    return None if uid is None or identity.user_name(uid) == str(uid) else uid
