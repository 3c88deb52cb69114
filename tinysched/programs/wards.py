"""All runs an agent answers for, from the claim until the dispatcher has acknowledged the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from tinysched.errors import SpoolError, TinyschedError
from tinysched.host.clock import Clock
from tinysched.job.model import RunId
from tinysched.job.runs import Amendment, Cause, Ending, Grant
from tinysched.job.signals import Reach
from tinysched.programs import events, salvaging
from tinysched.programs.exits import Exits
from tinysched.programs.kin import Roll
from tinysched.programs.launchpad import Launchpad
from tinysched.programs.retiring import Retiring
from tinysched.programs.securing import Securing
from tinysched.programs.ward import Ward
from tinysched.spool.claims import AlreadyClaimedError
from tinysched.spool.disk import is_own_fault
from tinysched.spool.private import Private
from tinysched.spool.runrecords import run_of
from tinysched.spool.runs import RunDir
from tinysched.wire import messages

LOG = logging.getLogger("agent")
LOOK_AGAIN_S = 0.2
NEVER_S = 3600.0


class Wards:
    """Looks after the runs; `tell` says something to the dispatcher, false if it is not there."""

    def __init__(
        self,
        private: Private,
        launchpad: Launchpad,
        clock: Clock,
        tell: Callable[[str, messages.Fields], bool],
    ) -> None:
        self._private = private
        self._launchpad = launchpad
        self._clock = clock
        self._tell = tell
        self._wards: dict[RunId, Ward] = {}
        self._exits = Exits(launchpad.crew.lose)
        self._next_s = NEVER_S
        self._news: set[str] = set()
        self._securing = Securing(clock)
        self.retiring = Retiring(private, clock)
        self._roll = Roll(private, clock, self._workers)

    def __len__(self) -> int:
        return len(self._wards)

    def is_any_alive(self) -> bool:
        """The end of some run is still to come."""
        return any(ward.ending is None for ward in self._wards.values())

    def stages(self) -> list[tuple[RunId, str]]:
        """Every run and how far it has come, for a hello."""
        return [(run, ward.stage) for run, ward in self._wards.items()]

    def runs_of(self, number: int) -> list[tuple[RunId, int]]:
        """The runs of a job, with the raw ids that they were granted."""
        return [
            (run, ward.grant.raw_id)
            for run, ward in self._wards.items()
            if run.job.number == number
        ]

    def descriptors(self) -> Iterable[int]:
        """What to wait for besides signals and bells."""
        for ward in self._wards.values():
            if ward.line is not None:
                yield ward.line.fileno()
            if ward.pidfd is not None:
                yield ward.pidfd

    def next_s(self) -> float:
        """In how many seconds to tend them, told or not."""
        return self._next_s

    def ring(self, lines: Iterable[str]) -> None:
        """Workers say that there is news: of which run, and who of them is free from now on."""
        for line in lines:
            name, _, free = line.partition(" ")
            if run_of(name) in self._wards:
                self._news.add(name)
            if free.isdigit():
                self._rest(int(free))

    def _rest(self, worker: int) -> None:
        """It has recorded the end of its run, whose lock tells from now on that nobody watches."""
        for ward in self._wards.values():
            if ward.worker == worker:
                ward.worker = None
        self._launchpad.crew.rest(worker)

    def tell_former_ends(self) -> None:
        """Ends that nobody may have heard of before the host was restarted.

        Said before a hello: whoever has taken these runs for lost does not start them once more.
        """
        boot_id = self._clock.boot_id()
        for ward in self._wards.values():
            if ward.ending is not None and ward.is_of_former_boot(boot_id):
                self._tell("ended", messages.ending_fields(ward.ending))

    def forget_told(self, number: int | None = None) -> None:
        """A new dispatcher has heard nothing yet; `number`: nothing of that job."""
        for run, ward in self._wards.items():
            if number in (None, run.job.number):
                ward.told_started = ward.told_ended = False
            ward.told_lingering = ()
            ward.forget_told_steps()

    # Orders

    def begin(self, grant: Grant) -> None:
        """Starts a granted run; a grant that was followed before changes nothing."""
        if grant.run in self._wards:
            return
        try:
            ward = self._wards[grant.run] = self._launchpad.begin(grant)
            self._exits.forget(ward.worker)
            LOG.info(events.LAUNCHING, grant.run.job, grant.run.attempt)
        except AlreadyClaimedError:
            LOG.warning(events.GRANTED_AGAIN, grant.run.job, grant.run.attempt)
            self.adopt_all()
        except TinyschedError as error:
            LOG.error(events.NOT_STARTED, grant.run.job, grant.run.attempt, error.sentence)
            self._tell("ended", messages.ending_fields(self._refusal(grant.run, error.sentence)))

    def stop(self, run: RunId, *, kill: bool, requeue: bool = False) -> None:
        """Ends a run; `requeue`: to have it run once more."""
        ward = self._wards.get(run)
        if ward is not None:
            LOG.info(events.STOPPING, run.job, run.attempt, kill)
            ward.stop(kill=kill, requeue=requeue)

    def signal(self, run: RunId, signum: int, reach: Reach = Reach.ALL) -> None:
        """Sends one signal to a run's tree, or to a part of it."""
        ward = self._wards.get(run)
        if ward is not None:
            LOG.info(events.SIGNALLING, run.job, run.attempt, signum, reach.value)
            ward.signal(signum, reach)

    def signal_step(self, run: RunId, step: int, signum: int | None) -> None:
        """Sends one signal to a step of a run; None: ends it."""
        ward = self._wards.get(run)
        if ward is not None:
            LOG.info(events.SIGNALLING, run.job, run.attempt, signum or 0, f"step {step}")
            ward.signal_step(step, signum)

    def amend(self, run: RunId, amendment: Amendment) -> None:
        """Something else holds for a run from now on."""
        ward = self._wards.get(run)
        if ward is not None:
            LOG.info(
                events.AMENDED, run.job, run.attempt, amendment.limit_s, amendment.is_suspended
            )
            ward.amend(amendment)

    def notify(self, run: RunId, words: str) -> None:
        """Words for the readers of a run's stderr."""
        ward = self._wards.get(run)
        if ward is not None:
            ward.notify(words)

    def forget(self, run: RunId) -> None:
        """The dispatcher has the end on its disk: ours may go, with others'."""
        ward = self._wards.pop(run, None)
        if ward is None:
            return
        self._news.discard(str(run))
        self._securing.settled(run)
        ward.close()
        self.retiring.add(ward.dir, ward.grant.token)

    # What is found on the disk

    def adopt_all(self) -> None:
        """Takes charge of every run in the directory that is not known yet."""
        self.retiring.now()
        for found in self._private.runs():
            if found.run in self._wards:
                found.close()
                continue
            try:
                self._adopt(found)
            except SpoolError as error:
                run = found.run
                LOG.error(events.NOT_ADOPTED, run.job, run.attempt, error.sentence)

    def _adopt(self, found: RunDir) -> None:
        grant = self._grant(found)
        if grant is None:
            if not found.worker_alive() and not found.job_alive():
                found.forget()
            return
        assignment = None
        try:
            assignment = self._launchpad.assignment(grant)
        except TinyschedError as error:
            facts = (grant.run.job, grant.run.attempt, error.sentence)
            LOG.warning(events.REQUEST_UNREADABLE, *facts)
        LOG.info(events.ADOPTED, grant.run.job, grant.run.attempt)
        ward = Ward(found, grant, assignment)
        ward.look()
        if ward.ending is not None:
            self._securing.add(found)
        self._wards[found.run] = ward

    def _grant(self, found: RunDir) -> Grant | None:
        """What was granted, as far as can be read; None: the claim was not completed."""
        try:
            grant = found.grant()
        except SpoolError as error:
            if is_own_fault(error):
                raise
            LOG.error(events.GRANT_LOST, found.run.job, found.run.attempt, error.sentence)
            return salvaging.grant_of(self._private, found.run)
        if grant is None and (found.start_noted_at or found.end_noted_at):
            return salvaging.grant_of(self._private, found.run)
        return grant

    # Tending

    def tend(self) -> None:
        """Looks at every run and does what is due; cheap for those of which there is no news."""
        self._exits.collect()
        self._next_s = NEVER_S
        self._roll.again()
        for ward in list(self._wards.values()):
            try:
                self._tend(ward)
            except SpoolError as error:
                run = ward.grant.run
                LOG.error(events.TROUBLE, run.job, run.attempt, error.sentence)
                self._next_s = min(self._next_s, 1.0)
        self._exits.forget_strangers()
        for part in (self._securing, self.retiring, self._launchpad.crew):
            part.look()
            due_s = part.next_s()
            self._next_s = self._next_s if due_s is None else min(self._next_s, due_s)

    def _tend(self, ward: Ward) -> None:
        if ward.ending is None:
            self._watch(ward)
            if ward.ending is not None:
                self._securing.add(ward.dir)
        self._report(ward)

    def _watch(self, ward: Ward) -> None:
        if ward.custody is not None:
            self._watch_in_custody(ward)
            return
        is_gone = self._is_worker_gone(ward)
        has_news = str(ward.grant.run) in self._news
        self._news.discard(str(ward.grant.run))
        is_unsure = ward.worker is None and ward.started is None
        if is_gone or has_news or is_unsure:
            ward.look()
        if is_unsure and ward.ending is None:
            self._next_s = min(self._next_s, LOOK_AGAIN_S)
        if ward.ending is not None or not is_gone:
            return
        if ward.is_of_former_boot(self._clock.boot_id()) and not ward.is_exit_known:
            ward.fail(self._clock, Cause.BOOT, "the host was restarted")
            return
        if ward.started is None:
            self._start_again(ward)
            return
        LOG.warning(events.WORKER_LOST, ward.grant.run.job, ward.grant.run.attempt)
        ward.take_over(self._clock, self._roll)
        self._watch_in_custody(ward)

    def _workers(self) -> set[int]:
        at_work = {ward.worker for ward in self._wards.values() if ward.worker is not None}
        return at_work | self._launchpad.crew.idle

    def _is_worker_gone(self, ward: Ward) -> bool:
        if ward.worker is not None:
            if not self._exits.take_worker(ward.worker):
                return False
            ward.worker = None  # its exit is told only once; from now on its lock tells
            return True
        if ward.listen():
            return False
        if not ward.dir.worker_alive():
            return True
        ward.look()
        if ward.ending is None and not ward.reach():
            self._next_s = min(self._next_s, LOOK_AGAIN_S)
        if ward.line is not None and ward.order is not None:
            ward.stop(kill=ward.order.kill, requeue=ward.order.requeue)
        return False

    def _start_again(self, ward: Ward) -> None:
        """Claimed, never started, nobody alive: the claim is still good."""
        if ward.dir.job_alive():  # its child is about to become the script, or to die
            self._next_s = min(self._next_s, LOOK_AGAIN_S)
            return
        ward.look()  # again: since the last look it may have become the script, and ended
        if ward.started is not None:
            self._next_s = 0.0
            return
        if ward.order is not None:
            ward.fail(self._clock, Cause.CANCEL, "")
            return
        if ward.assignment is None or ward.assignment.request.foreground:
            ward.fail(self._clock, Cause.LAUNCH, "it cannot be started any more")
            return
        if not ward.dir.take_locks():
            self._next_s = min(self._next_s, LOOK_AGAIN_S)
            return
        LOG.info(events.LAUNCHING_AGAIN, ward.grant.run.job, ward.grant.run.attempt)
        self._launchpad.start_worker(ward)
        self._exits.forget(ward.worker)

    def _watch_in_custody(self, ward: Ward) -> None:
        custody = ward.custody
        assert custody is not None, "asked for by _watch"
        exit_ = None
        if ward.script is not None and ward.started is not None:
            exit_ = self._exits.take_script(ward.started)
        if exit_ is not None:
            ward.script_gone(exit_)
        elif ward.script_has_vanished():
            ward.script_gone(None)
        wait_s = custody.step()
        if custody.is_over:
            ward.finish()
            LOG.info(events.CUSTODY_OVER, ward.grant.run.job, ward.grant.run.attempt)
        elif wait_s is not None:
            self._next_s = min(self._next_s, wait_s)
            ward.lingering = custody.lingering
        ward.has_news = True

    def _report(self, ward: Ward) -> None:
        if ward.started is not None and not ward.told_started:
            assignment = ward.assignment
            started = messages.Started(
                run=ward.grant.run,
                pid=ward.started.pid,
                started_at=ward.started.started_at,
                output="" if assignment is None else assignment.output,
                error="" if assignment is None else assignment.error,
            )
            ward.told_started = self._tell("started", started.fields())
        if ward.ending is None and ward.lingering != ward.told_lingering:
            news = messages.lingering_fields(ward.grant.run, ward.lingering)
            if self._tell("lingering", news):
                ward.told_lingering = ward.lingering
        ward.tell_steps(self._clock.wall(), self._tell)
        if ward.ending is not None and not ward.told_ended:
            ward.told_ended = self._tell("ended", messages.ending_fields(ward.ending))

    def _refusal(self, run: RunId, words: str) -> Ending:
        return Ending(
            run=run,
            cause=Cause.LAUNCH,
            exit=None,
            started_at=None,
            ended_at=self._clock.wall(),
            words=words,
        )
