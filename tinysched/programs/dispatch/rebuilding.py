"""Jobs whose records were lost: their cores stay taken, and their owners' agents tell them anew.

An agent is believed about what its own user submitted, and only where a trace is left of a record:
a file in quarantine, a script, tasks. What runs goes on. What waited is held until its owner lets
it start: that it was held or cancelled, in whole or in part, stood in the record alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from tinysched.errors import TinyschedError, WireError
from tinysched.host import identity
from tinysched.host.clock import Clock
from tinysched.job import history, lifecycle
from tinysched.job.model import (
    Elements,
    Granted,
    Hold,
    Job,
    JobId,
    Pending,
    RunId,
    Running,
    Task,
    Unit,
)
from tinysched.job.ranges import Ranges
from tinysched.job.rebuilt import Maker, Told, array_anew, array_completed
from tinysched.programs import events
from tinysched.programs.dispatch import submissions
from tinysched.programs.dispatch.ledger import Ledger
from tinysched.programs.dispatch.terms import Terms
from tinysched.spool.loading import Loaded
from tinysched.spool.wrecks import Wreck, untraced
from tinysched.wire import messages
from tinysched.wire.channel import Channel, Message

LOG = logging.getLogger("dispatcher")


class Rebuilding:
    """What was lost, until it is found or given up."""

    def __init__(
        self, ledger: Ledger, loaded: Loaded, clock: Clock, terms: Callable[[], Terms]
    ) -> None:
        self._ledger = ledger
        self._books = ledger.books
        self._clock = clock
        self._terms = terms
        self._heard: set[int] = set()
        self._told: set[int] = set()
        self._wrecks = {_id(wreck): wreck for wreck in loaded.wrecks if self._counts(wreck, loaded)}
        self._until: float | None = None
        self._believes_until = clock.boottime() + terms().agent_lost_s
        for job_id, wreck in self._wrecks.items():
            if wreck.had_cores or job_id.task is not None:
                self._books.hold_back(job_id, self._cores(wreck) if wreck.had_cores else 0)
        for record in loaded.homeless:
            if isinstance(record.unit.state, Granted | Running):
                self._books.hold_back(record.unit.id, record.unit.state.cores)
        if self._books.held_back:
            self._until = clock.boottime() + terms().agent_lost_s

    def _counts(self, wreck: Wreck, loaded: Loaded) -> bool:
        """Whether it had not ended, as far as one can tell."""
        if not wreck.is_unfinished:
            return False
        array = self._books.jobs.get(wreck.number)
        is_array_lost = any(other.key == (wreck.number, None) for other in loaded.wrecks)
        return wreck.task is None or is_array_lost or (array is not None and not array.is_final)

    def _cores(self, wreck: Wreck) -> int:
        """What it may have taken; all there is where nothing tells."""
        array = self._books.jobs.get(wreck.number)
        if array is not None:
            return self._books.cores_of(array)
        return self._books.cores_total if wreck.cores is None else wreck.cores

    # Whose it may be

    def wants(self, uid: int) -> bool:
        """Whether this user's agent may know something, and has not been asked."""
        return uid not in self._heard and bool(self._numbers(uid))

    def expects(self, uid: int, run: RunId) -> bool:
        """Whether a run that nobody knows may be one of what was lost."""
        return run.job.number in self._numbers(uid)

    def takes_up(self, uid: int, run: RunId) -> bool:
        """Whether a run that nobody knows is one of what was lost, or may well be.

        For a while after a start an agent is believed that tells of a task of its own array, which
        has no record and room: what removed the record left no trace.
        """
        array = self._books.jobs.get(run.job.number)
        if self.expects(uid, run) or array is None:
            return self.expects(uid, run)
        may_be = array.uid == uid and self._clock.boottime() < self._believes_until
        if not (may_be and self._has_room(array) and _is_unaccounted(array, run)):
            return False
        if self._books.unit(run.job) is not None:
            return False
        self._wrecks[run.job] = untraced(run.job.number, run.job.task, uid)
        self._until = self._believes_until
        self._ledger.set_apart(run.job)
        self._books.hold_back(run.job, self._books.cores_of(array))
        return True

    def _has_room(self, array: Job) -> bool:
        return self._books.cores_of(array) <= self._books.cores_free

    def is_waiting_for(self, uid: int) -> bool:
        """Whether this user's agent still has to tell what it knows; it has to keep it for that."""
        return uid not in self._told and bool(self._numbers(uid))

    def _numbers(self, uid: int) -> set[int]:
        return {wreck.number for wreck in self._wrecks.values() if self._may_own(uid, wreck)}

    def _may_own(self, uid: int, wreck: Wreck) -> bool:
        array = self._books.jobs.get(wreck.number)
        return uid == array.uid if array is not None else wreck.uid in (None, uid)

    # The conversation

    def ask(self, channel: Channel) -> None:
        """Asks an agent that has just come for what was lost."""
        uid = channel.peer.uid
        self._heard.add(uid)
        numbers = sorted(self._numbers(uid))
        if numbers:
            channel.send("restate", [("job", b"%d" % number) for number in numbers])

    def hear(self, channel: Channel, message: Message) -> None:
        """One job as its owner's agent knows it; without a number: that was all.

        Raises: WireError if it makes no sense.
        """
        uid = channel.peer.uid
        if not message.text("job", ""):
            self._told.add(uid)
            self._give_up(uid)
            return
        number = messages.read_number(message, "job")
        if number not in self._numbers(uid):
            return
        try:
            self._rebuild(uid, number, message)
        except TinyschedError as error:
            LOG.warning(events.REBUILD_REFUSED, uid, number, error.sentence)

    def _rebuild(self, uid: int, number: int, message: Message) -> None:
        told = _told(number, message)
        job = self._books.jobs.get(number)
        if job is not None:
            self._rebuild_tasks(job, told)
            return
        if not self._is_owner(number, message):
            return
        job = self._submitted(uid, number, message)
        if isinstance(job.work, Elements):
            found = self._ledger.tasks_on_record(job)
            job, made = array_anew(job, job.work, told, found, self._maker(job))
            self._save(job, made, found, told)
        else:
            unit = self._maker(job)(JobId(number=number), told)
            hold = Hold.DAMAGE if isinstance(unit.state, Pending) else None
            self._save(replace(job, work=unit, hold=hold), [], [], told)

    def _rebuild_tasks(self, job: Job, told: Told | None) -> None:
        """The array's own record is there; `told` None: nobody knows of the tasks that are lost."""
        lost = {job_id.task for job_id in self._wrecks if job_id.number == job.id}
        indices = Ranges.of(index for index in lost if index is not None)
        if not isinstance(job.work, Elements) or not indices:
            return
        job, made = array_completed(job, job.work, told, indices, self._maker(job))
        self._save(job, made, [], told or Told())

    def _save(self, job: Job, made: list[Task], found: list[Task], told: Told) -> None:
        lost = [job_id for job_id in self._wrecks if job_id.number == job.id]
        lost += [job_id for job_id in self._books.held_back if job_id.number == job.id]
        self._ledger.rebuild(job, made, found, dict.fromkeys(lost))
        for job_id in lost:
            self._wrecks.pop(job_id, None)
        is_held = job.hold is Hold.DAMAGE
        LOG.warning(events.REBUILT, job.id, job.user, job.uid, len(told.runs), is_held)

    def _is_owner(self, number: int, message: Message) -> bool:
        """Where nothing else tells whose it was, only its owner knows the script."""
        script = self._ledger.script(number)
        return script is None or script == message.raw("script", b"")

    def _submitted(self, uid: int, number: int, message: Message) -> Job:
        at = float(messages.read_number(message, "submitted_at"))
        command = message.text("command")
        read = submissions.read(command, message, self._terms(), self._clock, at)
        token = message.text("token")
        if not submissions.TOKEN.fullmatch(token):
            raise WireError("cannot accept a job: its token is none of ours")
        request = submissions.kept(read.request)
        return submissions.new_job(number, uid, identity.user_name(uid), token, request, at)

    def _maker(self, job: Job) -> Maker:
        now = self._clock.wall()

        def make(job_id: JobId, told: Told) -> Unit:
            """It runs, or it waits: for its first attempt, or for the next."""
            run, over = told.runs.get(job_id), told.over.get(job_id, 0)
            raw_id = job_id.number if job_id.task is None else 0
            if run is not None:
                over, raw_id = run[0].attempt - 1, run[1]
            unit = Unit(
                id=job_id,
                raw_id=raw_id or self._ledger.new_id(),
                state=Pending(eligible_at=now),
                attempt=over,
                restarts=over,
                history=history.NOTHING.with_event(now, history.REBUILT),
            )
            if run is None:
                return unit
            cores = self._books.cores_of(job)
            return lifecycle.granted(unit, now, cores, None, self._clock.boot_id())

        return make

    # What nobody knows

    def _give_up(self, uid: int) -> None:
        """All that this user's agent knows has been told: what else is surely theirs is lost."""
        for job_id, wreck in list(self._wrecks.items()):
            array = self._books.jobs.get(wreck.number)
            if job_id in self._wrecks and array is not None and array.uid == uid:
                self._rebuild_tasks(array, None)
            elif wreck.uid == uid:
                self._let_go(job_id, "its owner's agent knows nothing of it")

    def tick(self) -> None:
        """Cores are not kept for ever for what nobody tells of."""
        if self._until is None or self._clock.boottime() < self._until:
            return
        self._until = None
        for job_id in list(self._books.held_back):
            self._let_go(job_id, "no agent told of it in agent_lost_s")

    def due(self) -> list[float]:
        """In how many seconds that is."""
        return [] if self._until is None else [max(0.0, self._until - self._clock.boottime())]

    def _let_go(self, job_id: JobId, why: str) -> None:
        if self._books.held_back.get(job_id):
            LOG.warning(events.LOST, job_id, why)
        self._books.give_up(job_id, is_known=False)


def _is_unaccounted(array: Job, run: RunId) -> bool:
    if not isinstance(array.work, Elements) or array.request.array is None:
        return False
    known = array.work.cancelled | array.work.ended
    return not array.is_final and run.job.task in array.request.array.tasks - known


def _told(number: int, message: Message) -> Told:
    runs: dict[JobId, tuple[RunId, int]] = {}
    over: dict[JobId, int] = {}
    try:
        for line in message.many("run"):
            name, _, raw_id = line.partition(" ")
            run = RunId.parse(name)
            if run.job.number == number:
                runs[run.job] = max(runs.get(run.job, (run, 0)), (run, int(raw_id)), key=_attempt)
        for line in message.many("over"):
            attempt, _, tasks = line.partition(" ")
            for task in Ranges.parse(tasks) if tasks else (None,):
                over[JobId(number=number, task=task)] = int(attempt)
    except ValueError as error:
        raise WireError(f"cannot read 'restated': {error}") from None
    return Told(runs=runs, over=over)


def _attempt(run: tuple[RunId, int]) -> int:
    return run[0].attempt


def _id(wreck: Wreck) -> JobId:
    return JobId(number=wreck.number, task=wreck.task)
