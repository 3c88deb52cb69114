"""What users may change: cancel, hold, release, requeue; who may, and what comes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from tinysched.errors import RefusedError, TinyschedError
from tinysched.host.clock import Clock
from tinysched.job.model import Cancel, Elements, Ended, Hold, Job, Pending, Unit
from tinysched.job.queries import CancelQuery, ControlQuery, Filter, Selector
from tinysched.job.ranges import Ranges
from tinysched.job.selecting import Chooser, Chosen, named, unknown
from tinysched.job.signals import Reach
from tinysched.programs import events
from tinysched.programs.dispatch import journal
from tinysched.programs.dispatch.agents import Agents
from tinysched.programs.dispatch.ledger import Ledger
from tinysched.programs.dispatch.rights import DENIED, Rights
from tinysched.programs.dispatch.terms import Terms
from tinysched.programs.dispatch.withdrawals import Withdrawals

LOG = logging.getLogger("dispatcher")


class Changes:
    """Carries out what owners and admins order."""

    def __init__(
        self,
        ledger: Ledger,
        agents: Agents,
        rights: Rights,
        clock: Clock,
        terms: Callable[[], Terms],
    ) -> None:
        self._rights = rights
        self._terms = terms
        self._ledger = ledger
        self._books = ledger.books
        self._agents = agents
        self._clock = clock
        self.withdrawals = Withdrawals(ledger, agents, clock)

    def check_known(self, uid: int, selectors: Sequence[Selector]) -> None:
        """Raises: RefusedError naming what does not exist, as far as this user may know."""
        books, numbers = self._books, [selector.number for selector in selectors]
        found = (books.jobs[number] for number in books.named(numbers))
        jobs = {job.id: job for job in self._rights.visible(uid, found)}
        raw_ids = {
            raw_id
            for raw_id in numbers
            if (task := books.by_raw_id(raw_id)) is not None and task.number in jobs
        }
        strangers = unknown(selectors, jobs, raw_ids)
        if strangers:
            raise RefusedError(f"cannot find job {', '.join(strangers)}: no such job is known")

    # Cancelling

    def cancel(self, uid: int, query: CancelQuery) -> list[str]:
        """Ends or signals what was chosen; returns its names.

        Raises: RefusedError if nothing at all could be done.
        """
        selectors = query.filter.selectors
        for selector in selectors or ():
            self._ledger.recall(selector.number)
        if selectors is not None and not query.quiet:
            self.check_known(uid, selectors)
        refused: list[str] = []
        done: list[str] = []
        with self.withdrawals.together():
            for job, chosen in self._chosen(query.filter):
                if _nothing_left(job, chosen):
                    continue
                if not self._rights.may_change(uid, job):
                    refused += [str(job.id)] if self._rights.visible(uid, [job]) else []
                    continue
                if query.signal is None or query.is_kill:
                    self._end(uid, job, chosen, kill=query.is_kill)
                else:
                    self._signal(uid, job, chosen, query.signal, query.reach)
                done += _names(job, chosen)
        # A filter may well take in jobs of others, as long as it finds some of one's own.
        if refused and (selectors is not None or not done):
            raise RefusedError(f"cannot cancel job {', '.join(refused)}: {DENIED}")
        return done

    def _chosen(self, wanted: Filter) -> Iterator[tuple[Job, Chosen]]:
        chooser = Chooser(wanted)
        for number in self._numbers(chooser):
            chosen = chooser.choose(self._books.jobs[number], self._books.units(number))
            if chosen:
                yield self._books.jobs[number], chosen

    def _numbers(self, chooser: Chooser) -> list[int]:
        if chooser.numbers is None:
            return sorted(self._books.open)  # what has ended as a whole cannot be changed
        return self._books.named(chooser.numbers)

    def _check_pieces(self, job: Job, taken: Ranges, given_back: Ranges) -> None:
        """Raises: RefusedError if an array would fall into more pieces than it may.

        Its record is written whole again and again, and everybody waits meanwhile.
        """
        work, most = job.work, self._terms().max_array_pieces
        if not isinstance(work, Elements) or (taken and taken == work.todo):
            return  # whoever takes all of it away makes it whole again
        changes = (
            (work.todo, (work.todo - taken) | given_back),
            (work.cancelled, work.cancelled | taken),
            (work.ended, work.ended - given_back),
        )
        for before, after in changes:
            pieces = len(after.spans)
            if pieces > max(most, len(before.spans)):
                raise RefusedError(
                    f"cannot change job {job.id}: its tasks would fall into {pieces} separate"
                    f" ranges, and max_array_pieces is {most}",
                    "name fewer and longer ranges, or the whole array",
                )

    def _end(self, uid: int, job: Job, chosen: Chosen, *, kill: bool) -> None:
        if isinstance(job.work, Unit) and isinstance(job.work.state, Pending):
            self.withdrawals.order(job.work, uid, kill=kill)
            return
        cancel = Cancel(by_uid=uid, ordered_at=self._clock.wall(), kill=kill)
        waiting = chosen.todo | _requeued(chosen)
        self._check_pieces(job, waiting, Ranges())
        if waiting:
            self._ledger.cancel_waiting(job.id, waiting, cancel)
            LOG.info(events.WITHDRAWN, job.id, job.user, uid, waiting)
            journal.say_array_ended(self._books.jobs[job.id])
        for unit in chosen.units:
            if not isinstance(unit.state, Pending | Ended):
                self._ledger.order_cancel(unit, cancel)
                journal.say_ordered(job, unit, cancel)
                self._agents.stop(self._books.jobs[job.id], unit, cancel)

    def _signal(self, uid: int, job: Job, chosen: Chosen, signal: int, reach: Reach) -> None:
        """At once or not at all: a signal is not stored, and never sent a second time."""
        for unit in chosen.units:
            if not self._books.is_live(unit.id):
                continue
            LOG.info(events.SIGNALLED, unit.id, job.user, uid, signal, reach.value)
            if not self._agents.signal(job, unit, signal, reach):
                raise RefusedError(
                    f"cannot signal job {unit.id}: its owner's agent does not run",
                    "any ts command of its owner starts the agent",
                )
        if chosen.todo or any(isinstance(unit.state, Pending) for unit in chosen.units):
            raise RefusedError(f"cannot signal job {job.id}: it is pending", "cancel it, or wait")

    def signal_step(self, uid: int, unit: Unit, step: int, signal: int | None) -> None:
        """Sends a signal to a step of a unit that runs; None: ends it. Raises: RefusedError."""
        job = self._books.jobs[unit.id.number]
        LOG.info(events.SIGNALLED, unit.id, job.user, uid, signal or 0, f"step {step}")
        if not self._agents.signal_step(job, unit, step, signal):
            raise RefusedError(
                f"cannot signal step {step} of job {unit.id}: its owner's agent does not run",
                "any ts command of its owner starts the agent",
            )

    # Holding, releasing, requeueing

    def control(self, uid: int, query: ControlQuery) -> str:
        """Does to each job what was asked.

        Raises: RefusedError naming the first that it cannot be done to.
        """
        if query.verb in ("hold", "release"):
            self._check_whole(query.verb, query)
        wanted = Filter(selectors=query.selectors)
        for job, chosen in list(self._chosen(wanted)):
            if not self._rights.may_change(uid, job):
                raise RefusedError(f"cannot {query.verb} job {job.id}: {DENIED}")
            match query.verb:
                case "hold":
                    self._hold(uid, job)
                case "release":
                    self._release(uid, job)
                case "requeue":
                    self._requeue(uid, job, chosen)
                case verb:
                    raise TinyschedError(f"cannot {verb} jobs: there is no such verb")
        return ""

    def _check_whole(self, verb: str, query: ControlQuery) -> None:
        for selector in query.selectors:
            if selector.tasks is not None:
                raise RefusedError(
                    f"cannot {verb} {named(selector)}: an array is held and released as a whole",
                    f"tscontrol {verb} {selector.number}",
                )

    def _hold(self, uid: int, job: Job) -> None:
        if job.is_final:
            raise RefusedError(f"cannot hold job {job.id}: it has already ended")
        hold = Hold.USER if uid == job.uid else Hold.ADMIN
        if job.hold is not Hold.ADMIN:
            self._ledger.set_hold(job.id, hold, self._clock.wall(), uid)
            LOG.info(events.HELD, job.id, job.user, uid)

    def _release(self, uid: int, job: Job) -> None:
        if job.is_final:
            raise RefusedError(f"cannot release job {job.id}: it has already ended")
        if job.hold is Hold.ADMIN and not self._rights.is_admin(uid):
            raise RefusedError(f"cannot release job {job.id}: an admin holds it")
        if job.hold is not None:
            self._ledger.set_hold(job.id, None, self._clock.wall(), uid)
            LOG.info(events.RELEASED, job.id, job.user, uid)

    def _check_kept(self, job: Job, unit: Unit, state: Ended, now: float) -> None:
        kept_s = self._terms().min_job_age_s
        if job.is_final and now - state.ended_at > kept_s:
            raise RefusedError(
                f"cannot requeue job {unit.id}: script and environment of an ended job are kept"
                f" for {kept_s:g} s (min_job_age_s)",
                "submit it again",
            )

    def _requeue(self, uid: int, job: Job, chosen: Chosen) -> None:
        if not chosen.units:
            raise RefusedError(f"cannot requeue job {job.id}: it is pending")
        if job.request.foreground:
            raise RefusedError(f"cannot requeue job {job.id}: it runs in somebody's terminal")
        if not job.request.requeue:
            raise RefusedError(f"cannot requeue job {job.id}: it was submitted with --no-requeue")
        self._check_pieces(job, Ranges(), _ended(chosen))
        for unit in chosen.units:
            if isinstance(unit.state, Pending):
                raise RefusedError(f"cannot requeue job {unit.id}: it is pending")
            now = self._clock.wall()
            if isinstance(unit.state, Ended):
                self._check_kept(job, unit, unit.state, now)
                self._ledger.requeue(unit, now, uid)
                LOG.info(events.REQUEUED, unit.id, job.user, uid, "ordered")
            else:
                again = Cancel(by_uid=uid, ordered_at=now, requeue=True)
                self._ledger.order_cancel(unit, again)
                LOG.info(events.REQUEUE_ORDERED, unit.id, job.user, uid)
                self._agents.stop(self._books.jobs[job.id], unit, again)


def _requeued(chosen: Chosen) -> Ranges:
    """Tasks that ran before and wait again."""
    return Ranges.of(
        unit.id.task
        for unit in chosen.units
        if isinstance(unit.state, Pending) and unit.id.task is not None
    )


def _ended(chosen: Chosen) -> Ranges:
    """Tasks that have ended, and so would wait again."""
    return Ranges.of(
        unit.id.task
        for unit in chosen.units
        if isinstance(unit.state, Ended) and unit.id.task is not None
    )


def _names(job: Job, chosen: Chosen) -> list[str]:
    """What of a choice has not ended, one task or list of tasks each."""
    names = [str(unit.id) for unit in chosen.units if not isinstance(unit.state, Ended)]
    return [*names, f"{job.id}_[{chosen.todo}]"] if chosen.todo else names


def _nothing_left(job: Job, chosen: Chosen) -> bool:
    """All that was chosen has ended: nothing to do, and nothing to refuse, as in Slurm."""
    return not chosen.todo and all(isinstance(unit.state, Ended) for unit in chosen.units)
