"""What scontrol does to jobs: hold, release, requeue, suspend, resume, top, notify."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from tinysched.errors import VerbatimError
from tinysched.job import history
from tinysched.job.controlling import Control
from tinysched.job.model import (
    Amended,
    Cancel,
    Elements,
    Ended,
    Hold,
    Job,
    Pending,
    Running,
    Unit,
)
from tinysched.job.ranges import Ranges
from tinysched.programs import events
from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.rights import DENIED
from tinysched.programs.dispatch.slurm.naming import (
    DISABLED,
    HELD,
    OVER,
    WAITS,
    Named,
    Naming,
    NoDeedError,
    tasks_of,
)
from tinysched.report.lines import elapsed_s
from tinysched.report.text import visible
from tinysched.script.slurm.scontrol import NO_SUCH_JOB

LOG = logging.getLogger("dispatcher")
# As long as Slurm lets a requeued job rest.
REQUEUE_PAUSE_S = 120.0
_COMPLETING = "Job/step already completing or completed"
_NOT_SUSPENDED = "Job is not suspended"
_HOLD_FAILED = "slurm_suspend"

Deed = Callable[[Naming, int, Named], None]


class Deeds:
    """Carries out what is ordered."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ledger = parts.ledger
        self._clock = parts.clock
        self._deeds: Mapping[str, Deed] = {
            "hold": lambda naming, uid, named: self._hold(naming, uid, named, is_own=False),
            "uhold": lambda naming, uid, named: self._hold(naming, uid, named, is_own=True),
            "release": self._release,
            "requeue": lambda naming, uid, named: self._requeue(naming, uid, named, held=False),
            "requeuehold": lambda naming, uid, named: self._requeue(naming, uid, named, held=True),
            "suspend": self._suspend,
            "resume": self._resume,
            "top": self._top,
        }

    @property
    def keywords(self) -> frozenset[str]:
        """What is done here."""
        return frozenset(self._deeds) | {"notify"}

    def do(self, uid: int, order: Control) -> Answer:
        """One order, to each job that it names.

        Raises: VerbatimError naming those that it cannot be done to.
        """
        naming = Naming(self._parts, uid)
        if order.keyword == "notify":
            return self._notify(naming, uid, order)
        if order.keyword in ("suspend", "resume", "top"):
            self._check_admin(uid, order)
        deed = self._deeds[order.keyword]
        more = _HOLD_FAILED if order.keyword in ("hold", "uhold", "release") else ""
        naming.each(order.words, lambda named: deed(naming, uid, named), more)
        return Answer()

    def _check_admin(self, uid: int, order: Control) -> None:
        """Raises: VerbatimError for each job that nobody but an admin may touch so."""
        if not self._parts.rights.is_admin(uid):
            named = [item for word in order.words for item in word.split(",")]
            raise VerbatimError("".join(f"{DENIED} for job {item}\n" for item in named))

    # Holding

    def _hold(self, naming: Naming, uid: int, named: Named, *, is_own: bool) -> None:
        naming.check_owner(named)
        if named.is_over:
            raise NoDeedError(OVER)
        job, now = named.job, self._clock.wall()
        is_user = is_own or uid == job.uid
        if named.tasks is None:
            if job.hold is not Hold.ADMIN or self._parts.rights.is_admin(uid):
                hold = Hold.USER if is_user else Hold.ADMIN
                self._ledger.set_hold(job.id, hold, now, uid)
        elif isinstance(job.work, Elements):
            self._hold_tasks(job, job.work, named.tasks, is_admins=not is_user)
        LOG.info(events.HELD, job.id, job.user, uid)
        if named.is_array:
            named.check_tasks({OVER: named.ended_tasks})

    def _hold_tasks(self, job: Job, work: Elements, tasks: Ranges, *, is_admins: bool) -> None:
        tasks = tasks & work.todo
        locked = work.locked | tasks if is_admins else work.locked
        held = replace(work, held=work.held | tasks, locked=locked)
        self._ledger.rewrite(replace(job, work=held))

    def _release(self, naming: Naming, uid: int, named: Named) -> None:
        naming.check_owner(named)
        if named.is_over:
            raise NoDeedError(OVER)
        job, now = named.job, self._clock.wall()
        is_admin = self._parts.rights.is_admin(uid)
        if job.hold is Hold.ADMIN and not is_admin:
            raise NoDeedError(DENIED)
        if isinstance(job.work, Elements):
            self._release_tasks(job, job.work, named.tasks, is_admin=is_admin)
        if job.hold is not None:
            self._ledger.set_hold(job.id, None, now, uid)
        LOG.info(events.RELEASED, job.id, job.user, uid)
        if named.is_array:
            named.check_tasks({OVER: named.ended_tasks})

    def _release_tasks(
        self, job: Job, work: Elements, tasks: Ranges | None, *, is_admin: bool
    ) -> None:
        """Lets some tasks start, and no others that are held."""
        held = work.held if job.hold is None or tasks is None else work.held | work.todo
        wanted = held if tasks is None else held & tasks
        if wanted & work.locked and not is_admin:
            raise NoDeedError(DENIED)
        left = replace(work, held=held - wanted, locked=work.locked - wanted)
        if left != work:
            self._ledger.rewrite(replace(job, work=left))

    # Running again

    def _requeue(self, naming: Naming, uid: int, named: Named, *, held: bool) -> None:
        naming.check_owner(named, DENIED)
        job = named.job
        again = [unit for unit in named.units if not isinstance(unit.state, Pending)]
        if job.request.foreground or not job.request.requeue:
            raise NoDeedError(DISABLED)
        if not again:
            raise NoDeedError(WAITS)
        cancel = Cancel(
            by_uid=uid,
            ordered_at=self._clock.wall(),
            requeue=True,
            pause_s=REQUEUE_PAUSE_S,
            then_held=held,
        )
        for unit in again:
            self._run_again(job, unit, cancel)
        if named.is_array:
            waiting = [unit for unit in named.units if isinstance(unit.state, Pending)]
            named.check_tasks({WAITS: named.todo | tasks_of(waiting)})

    def _run_again(self, job: Job, unit: Unit, cancel: Cancel) -> None:
        if isinstance(unit.state, Ended):
            self._ledger.requeue(replace(unit, cancel=cancel), cancel.ordered_at, cancel.by_uid)
            LOG.info(events.REQUEUED, unit.id, job.user, cancel.by_uid, "ordered")
            return
        if unit.cancel is not None and not unit.cancel.requeue:
            raise NoDeedError(_COMPLETING)
        self._ledger.order_cancel(unit, cancel)
        LOG.info(events.REQUEUE_ORDERED, unit.id, job.user, cancel.by_uid)
        self._parts.agents.stop(self._ledger.books.jobs[job.id], unit, cancel)

    # Standing still

    def _suspend(self, _naming: Naming, uid: int, named: Named) -> None:
        self._change_pace(uid, named, is_suspended=True)

    def _resume(self, _naming: Naming, uid: int, named: Named) -> None:
        self._change_pace(uid, named, is_suspended=False)

    def _change_pace(self, uid: int, named: Named, *, is_suspended: bool) -> None:
        refused: dict[str, Ranges] = {WAITS: named.todo}
        for unit in named.units:
            words = _why_not(unit, is_suspended=is_suspended)
            if words and not named.is_array:
                raise NoDeedError(words)
            if words:
                refused[words] = refused.get(words, Ranges()) | tasks_of([unit])
            elif unit.is_suspended is not is_suspended:
                now = self._clock.wall()
                self._amend(uid, named.job, unit, now if is_suspended else None)
        if named.todo and not named.is_array:
            raise NoDeedError(WAITS)
        if named.is_array:
            named.check_tasks(refused)

    def _amend(self, uid: int, job: Job, unit: Unit, suspended_at: float | None) -> None:
        now = self._clock.wall()
        before = unit.amended or Amended()
        amended = Amended(
            suspended_at=suspended_at,
            paused_s=before.pause_s(now),
            changed_at=now,
            ran_s=before.ran_s if suspended_at is None else elapsed_s(unit, now),
        )
        name = history.RESUMED if suspended_at is None else history.SUSPENDED
        told = unit.history.with_event(now, name, by=uid)
        changed = replace(unit, amended=amended, history=told)
        self._ledger.amend(changed)
        if suspended_at is None:
            LOG.info(events.RESUMED, unit.id, job.user, uid)
        else:
            LOG.info(events.SUSPENDED, unit.id, job.user, uid)
        self._parts.agents.amend(self._ledger.books.jobs[job.id], changed)

    # Order in the queue

    def _top(self, _naming: Naming, uid: int, named: Named) -> None:
        """Puts a job before all others of its owner: each takes the place of the next."""
        if named.is_over:
            raise NoDeedError(OVER)
        if named.job.hold is not None:
            raise NoDeedError(HELD)
        books, job = self._ledger.books, named.job
        partition = self._parts.outlook.standing(job).partition
        others = [
            other
            for other in map(books.jobs.__getitem__, books.open)
            if other.uid == job.uid
            and _waits(other)
            and other.rank < job.rank
            and self._parts.outlook.standing(other).partition == partition
        ]
        ring = [job, *sorted(others, key=lambda other: other.rank)]
        ranks = [other.rank for other in (*ring[1:], job)]
        self._ledger.rewrite(
            *(
                replace(other, place=rank - other.request.nice)
                for other, rank in zip(ring, ranks, strict=True)
            )
        )
        LOG.info(events.UPDATED, job.id, job.user, uid, "Priority")

    # Words

    def _notify(self, naming: Naming, uid: int, order: Control) -> Answer:
        try:
            named = naming.named(order.words[0])
            naming.check_owner(named)
            live = [unit for unit in named.live if isinstance(unit.state, Running)]
            if not live or any(unit.is_suspended for unit in live):
                raise NoDeedError(_COMPLETING if named.is_over or live else DISABLED)
        except NoDeedError as error:
            words, is_number = str(error), order.words[0].isdigit()
            if words == NO_SUCH_JOB and not is_number:
                words = f"Invalid job_id {visible(order.words[0])}job notify failure: No error\n"
                raise VerbatimError(words) from None
            raise VerbatimError(f"job notify failure: {words}\n") from None
        words = visible(" ".join(order.words[1:]))
        for unit in live:
            self._parts.agents.notify(named.job, unit, words)
            LOG.info(events.NOTIFIED, unit.id, named.job.user, uid)
        return Answer()


def _why_not(unit: Unit, *, is_suspended: bool) -> str:
    """Why something cannot be suspended, or resumed; '' if it can, or is already."""
    if isinstance(unit.state, Ended) or unit.cancel is not None:
        return _COMPLETING
    if isinstance(unit.state, Pending):
        return WAITS
    return "" if is_suspended or unit.is_suspended else _NOT_SUSPENDED


def _waits(job: Job) -> bool:
    if isinstance(job.work, Elements):
        return bool(job.work.todo)
    return isinstance(job.work.state, Pending)
