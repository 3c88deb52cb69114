"""The other side of every grant: which user has an agent, and what it was told."""

from __future__ import annotations

import logging
from collections.abc import Callable

from tinysched import __version__
from tinysched.errors import NewerError, SpoolError, WireError
from tinysched.host.clock import Clock
from tinysched.job.model import Cancel, Ended, Granted, Job, RunId, Running, Unit
from tinysched.job.runs import Amendment, Cause, Ending
from tinysched.job.signals import Reach
from tinysched.programs import events
from tinysched.programs.dispatch import endings, journal
from tinysched.programs.dispatch.absences import Absences
from tinysched.programs.dispatch.endings import run_of
from tinysched.programs.dispatch.fronts import Fronts
from tinysched.programs.dispatch.ledger import Ledger
from tinysched.programs.dispatch.rebuilding import Rebuilding
from tinysched.programs.dispatch.starts import Starts
from tinysched.programs.dispatch.strangers import StrangerError, Strangers
from tinysched.programs.dispatch.terms import Terms
from tinysched.wire import messages
from tinysched.wire.channel import Channel, Message

# So long an agent may take to start before its absence is worth a word to its user.
AGENT_START_S = 5.0
RETRY_S = 1.0

LOG = logging.getLogger("dispatcher")


class Agents:
    """Hears what agents and foreground clients report, and passes orders on to them."""

    def __init__(
        self, ledger: Ledger, clock: Clock, terms: Callable[[], Terms], rebuilding: Rebuilding
    ) -> None:
        self.rebuilding = rebuilding
        self._ledger = ledger
        self._books = ledger.books
        self._clock = clock
        self._terms = terms
        self._agents: dict[int, Channel] = {}
        self.fronts = Fronts(ledger, clock)
        self.strangers = Strangers(clock)
        self._starts = Starts(ledger, clock)
        self._expected_until: dict[int, float] = {}
        self._unwritten: dict[RunId, Ending] = {}
        self._queued: list[Channel] = []
        self._write_again_at = 0.0
        for ending in endings.of_former_boots(self._books, clock):
            self._settle(ending)
        self._absences = Absences(ledger.books, clock, terms)

    # Who is there

    def uids(self) -> frozenset[int]:
        """Users whose agent is connected."""
        return frozenset(self._agents)

    def is_missing(self, uid: int) -> bool:
        """The user has unfinished jobs and no agent to run them."""
        is_needed = self._books.unfinished[uid] > 0 or self.rebuilding.wants(uid)
        return uid not in self._agents and is_needed

    def call_for(self, uid: int) -> bool:
        """Whether a command of this user has to start the agent; from now on it is expected."""
        if not self.is_missing(uid):
            return False
        self._expected_until[uid] = self._clock.boottime() + AGENT_START_S
        return True

    def is_expected(self, uid: int) -> bool:
        """A command of the user was told to start the agent, moments ago."""
        return self._clock.boottime() < self._expected_until.get(uid, 0.0)

    def is_in_use(self, channel: Channel) -> bool:
        """An agent, or a foreground client, that may have nothing to say for days."""
        return self._agents.get(channel.peer.uid) is channel or self.fronts.has_seat(channel)

    # What they say

    def hear(self, channel: Channel, message: Message) -> None:
        """One message of an agent or a foreground client.

        Raises: WireError if it makes no sense.
        """
        match message.verb:
            case "hello":
                self._hello(channel, message)
            case "started":
                self._started(channel, messages.Started.read(message))
            case "steps":
                self._steps(channel, message)
            case "lingering":
                self._lingering(channel, message)
            case "ended":
                self._ended(channel, messages.read_ending(message))
            case "restated":
                self.rebuilding.hear(channel, message)
            case "leave":
                self._leave(channel)
            case verb:
                raise NewerError(
                    f"cannot follow {verb[:40]!r}: version {__version__} does not know that",
                    "if the dispatcher is too old: its admin runs 'tsdaemon restart'",
                )

    def lost(self, channel: Channel) -> None:
        """A connection has ended."""
        uid = channel.peer.uid
        if self._agents.get(uid) is channel:
            del self._agents[uid]
            self._absences.begin(uid)
            LOG.info(events.AGENT_LOST, uid)
        for unit in self.fronts.lost(channel):
            self._hand_over(unit)

    def launcher_pid(self, job: Job) -> int | None:
        """Who would be told that a job may start; None: nobody is there."""
        launcher = self._launcher(job)
        return None if launcher is None else launcher.peer.pid

    # What they are told

    def grant(self, job: Job, unit: Unit) -> None:
        """Tells the launcher of a job that it may start; says nothing if there is none."""
        granted = self._terms().grant(job, unit, self._books.capacity)
        self._tell(job, "grant", messages.grant_fields(granted))

    def stop(self, job: Job, unit: Unit, cancel: Cancel) -> None:
        """Passes on the order to end a unit; a missing agent hears of it at its next hello."""
        order = messages.stop_fields(run_of(unit), kill=cancel.kill, requeue=cancel.requeue)
        self._tell(job, "stop", order)

    def signal(self, job: Job, unit: Unit, signal: int, reach: Reach) -> bool:
        """Has a signal sent to a unit; false if nobody is there to send it."""
        return self._tell(job, "signal", messages.signal_fields(run_of(unit), signal, reach))

    def signal_step(self, job: Job, unit: Unit, step: int, signal: int | None) -> bool:
        """Has a signal sent to a step, or it ended; false if nobody is there to do it."""
        return self._tell(job, "step", messages.step_fields(run_of(unit), step, signal))

    def amend(self, job: Job, unit: Unit) -> None:
        """Says what holds for a unit from now on; a missing agent hears of it at its next hello."""
        amendment = Amendment(limit_s=self._limit_s(job, unit), is_suspended=unit.is_suspended)
        self._tell(job, "amend", messages.amend_fields(run_of(unit), amendment))

    def _limit_s(self, job: Job, unit: Unit) -> int | None:
        return self._books.capacity.limit_of(job, unit)

    def notify(self, job: Job, unit: Unit, words: str) -> bool:
        """Has words written into a unit's stderr; false if nobody is there to do it."""
        return self._tell(job, "notify", messages.notice_fields(run_of(unit), words))

    def tell(self, uid: int, verb: str, fields: messages.Fields) -> bool:
        """Tells a user's agent something; false if it is not there."""
        agent = self._agents.get(uid)
        if agent is not None:
            agent.send(verb, fields)
        return agent is not None

    def _tell(self, job: Job, verb: str, fields: messages.Fields) -> bool:
        launcher = self._launcher(job)
        if launcher is not None:
            launcher.send(verb, fields)
        return launcher is not None

    def flush(self) -> None:
        """Passes on what waited for something else to be said."""
        for channel in self._queued:
            channel.flush()
        self._queued.clear()

    def _hand_over(self, unit: Unit) -> None:
        """A foreground client has gone: what it ran is its user's agent's to watch.

        What it may not have claimed yet is granted to the agent, which cannot run it: who claims
        it first decides. If there is no agent its next hello settles it.
        """
        job = self._books.jobs[unit.id.number]
        agent = self._agents.get(job.uid)
        if agent is None:
            return
        if isinstance(unit.state, Running):
            agent.send("adopt", messages.run_fields(run_of(unit)))
            return
        self.grant(job, unit)
        if unit.cancel is not None:
            self.stop(job, unit, unit.cancel)

    def _greet(self, number: int) -> None:
        """A foreground client waits for a job that was given its cores, or has ended, before.

        Whoever asks again has not begun.
        """
        job, front = self._books.jobs.get(number), self.fronts.get(number)
        if job is None or front is None or not isinstance(job.work, Unit):
            return
        unit = job.work
        if isinstance(unit.state, Ended):
            front.send("ended-ack", messages.run_fields(run_of(unit)))
        elif isinstance(unit.state, Granted) and unit.cancel is not None:
            self._end_unseen(unit, Cause.CANCEL, "")
        elif isinstance(unit.state, Granted):
            self.grant(job, unit)

    def _launcher(self, job: Job) -> Channel | None:
        front = self.fronts.get(job.id)
        return front if front is not None else self._agents.get(job.uid)

    # What time brings

    def tick(self) -> None:
        """Gives back cores whose agent is gone for long, and retries ends that were not written."""
        self._absences.tick()
        self.rebuilding.tick()
        self._starts.tick()
        if self._clock.boottime() >= self._write_again_at:
            for ending in list(self._unwritten.values()):
                self._settle(ending)
        for number in self.fronts.take_seated():
            self._greet(number)
        for unit in self.fronts.tick():
            self._hand_over(unit)

    def next_tick_s(self) -> float | None:
        """In how many seconds something is due."""
        now = self._clock.boottime()
        due = [max(0.0, self._write_again_at - now)] if self._unwritten else []
        due += self._absences.due() + self.rebuilding.due() + self._starts.due()
        fronts_s = self.fronts.next_tick_s()
        due += [] if fronts_s is None else [fronts_s]
        return min(due, default=None)

    # One message each

    def _hello(self, channel: Channel, message: Message) -> None:
        uid = channel.peer.uid
        try:
            self.strangers.check(uid, message)
        except StrangerError:
            self._absences.prolong(uid)
            raise
        former = self._agents.get(uid)
        self._agents[uid] = channel
        self._absences.end(uid)
        if former is not None and former is not channel:
            former.closed = True  # the switchboard hangs up: it still waits on the descriptor
        known = messages.read_runs(message)
        LOG.info(events.AGENT_CONNECTED, uid, channel.peer.pid, len(known))
        for job, unit in list(self._books.live(uid)):
            if run_of(unit) not in self._unwritten:  # else it is over, whatever the agent knows
                self._compare(job, unit, known.pop(run_of(unit), None))
        for run, stage in known.items():
            if not self.rebuilding.takes_up(uid, run):
                self._unknown_to_us(channel, run, stage)
        self.rebuilding.ask(channel)

    def _compare(self, job: Job, unit: Unit, stage: str | None) -> None:
        """What a live unit's agent says of it at its hello; None: it knows nothing of it."""
        self._books.reclaim(unit.id)
        LOG.info(events.REPORTED, unit.id, job.user, unit.attempt, stage or "unknown")
        if stage is None:
            self._unknown_to_agent(job, unit)
        elif unit.cancel is not None and stage == "alive":
            self.stop(job, unit, unit.cancel)
        elif unit.amended is not None and stage == "alive":
            self.amend(job, unit)

    def _unknown_to_agent(self, job: Job, unit: Unit) -> None:
        """A grant that never arrived is made again; what had started is lost."""
        if self.fronts.get(job.id) is not None:
            return
        if isinstance(unit.state, Running) and unit.cancel is None:
            words = "neither its worker nor its agent saw the end"
            self._end_unseen(unit, Cause.LOST, words)
        elif unit.cancel is not None:
            self._end_unseen(unit, Cause.CANCEL, "")
        elif job.id not in self._books.absent:  # else its client may come back for it
            self.grant(job, unit)
            if unit.amended is not None:
                self.amend(job, unit)

    def _unknown_to_us(self, channel: Channel, run: RunId, stage: str) -> None:
        unit = self._books.unit(run.job)
        if unit is not None and self._books.is_live(run.job) and unit.attempt == run.attempt:
            return
        if stage == "alive":
            channel.send("stop", messages.stop_fields(run, kill=True))
        else:
            channel.send("ended-ack", messages.run_fields(run))

    def _started(self, channel: Channel, news: messages.Started) -> None:
        run = news.run
        if not self._owns(channel, run):
            return
        if self._ledger.started(run, news.started_at, news.pid, news.output, news.error):
            job = self._books.jobs[run.job.number]
            self._starts.note(run.job, is_said_once=job.request.foreground)
            LOG.info(events.STARTED, run.job, job.user, run.attempt, news.pid)

    def _steps(self, channel: Channel, message: Message) -> None:
        run, (told, gone) = messages.read_run(message), messages.read_steps(message)
        if self._owns(channel, run):
            self._books.learn_steps(run, told, gone)

    def _lingering(self, channel: Channel, message: Message) -> None:
        run, names = messages.read_run(message), messages.read_lingering(message)
        if not self._owns(channel, run):
            return
        user = self._books.jobs[run.job.number].user
        try:
            is_new = self._ledger.lingers(run, names)
        except SpoolError as error:
            LOG.warning(events.LINGERING_NOT_RECORDED, run.job, user, error.sentence)
            return
        if is_new and names:
            LOG.warning(events.LINGERING, run.job, user, run.attempt, ", ".join(names))

    def _ended(self, channel: Channel, ending: Ending) -> None:
        if self._owns(channel, ending.run):
            self._settle(ending)
        elif not self.rebuilding.expects(channel.peer.uid, ending.run):
            channel.send("ended-ack", messages.run_fields(ending.run))

    def _settle(self, ending: Ending) -> None:
        """Records an end, then acknowledges it; a disk that refuses is asked again later."""
        job = self._books.jobs[ending.run.job.number]
        try:
            is_new = self._ledger.ended(ending)
        except SpoolError as error:
            if ending.run not in self._unwritten:
                LOG.error(events.END_NOT_RECORDED, ending.run.job, job.user, error.sentence)
            self._unwritten[ending.run] = ending
            self._write_again_at = self._clock.boottime() + RETRY_S
            if self._books.is_live(ending.run.job):  # else it was taken for lost with the host
                self._books.surrender(ending.run.job)
            return
        self._unwritten.pop(ending.run, None)
        if is_new:
            journal.say_ended(self._books.jobs[job.id], self._books.unit(ending.run.job), ending)
        launcher = self._launcher(job)
        if launcher is not None:  # told with the grant that follows, if one does
            launcher.queue("ended-ack", messages.run_fields(ending.run))
            self._queued.append(launcher)

    def _leave(self, channel: Channel) -> None:
        uid = channel.peer.uid
        if self._agents.get(uid) is channel and not self._books.unfinished[uid]:
            del self._agents[uid]
            LOG.info(events.AGENT_LEFT, uid)
            channel.send("leave-yes", [])
        else:
            channel.send("leave-no", [])

    def _owns(self, channel: Channel, run: RunId) -> bool:
        if self._books.unit(run.job) is None:
            self._recall(run.job.number)
        job, uid = self._books.jobs.get(run.job.number), channel.peer.uid
        if job is not None and job.uid != uid:
            raise WireError(f"cannot take news of {run.job}: uid {uid} is not its owner")
        return job is not None and self._books.unit(run.job) is not None

    def _recall(self, number: int) -> None:
        """An agent that comes back late may know better how a job ended that was taken for lost."""
        try:
            self._ledger.recall(number)
        except SpoolError as error:
            LOG.warning(events.RECORD_NOT_READ, number, error.sentence)

    def _end_unseen(self, unit: Unit, cause: Cause, words: str) -> None:
        self._settle(endings.unseen(unit, cause, words, self._clock.wall()))
