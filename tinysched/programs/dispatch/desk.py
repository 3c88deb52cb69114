"""Where commands are answered: each verb of the wire, as text and an exit code."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tinysched import __version__
from tinysched.errors import EXIT_DONE, RefusedError, TinyschedError, WireError
from tinysched.host import cores, identity
from tinysched.host.clock import Clock
from tinysched.job.model import Elements, Job, Pending, Reason, Request, Snapshot
from tinysched.job.queries import Filter
from tinysched.job.states import MEANINGS, state_name
from tinysched.policy import fifo, retention
from tinysched.policy.waiting import Entry
from tinysched.programs.dispatch.agents import Agents
from tinysched.programs.dispatch.changes import Changes
from tinysched.programs.dispatch.ledger import Ledger
from tinysched.programs.dispatch.terms import Terms
from tinysched.report import status, tscontrol, tsout, tspurge, tsqueue
from tinysched.report.place import Place
from tinysched.script import queries, submission
from tinysched.wire import messages
from tinysched.wire.channel import Channel, Message

LOG = logging.getLogger("dispatcher")
TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command prints and exits with; `more` are further fields of the reply."""

    out: str = ""
    err: str = ""
    exit_code: int = EXIT_DONE
    more: tuple[tuple[str, bytes], ...] = ()


class Desk:
    """Answers one command at a time.

    `status_of` gives what `tsdaemon status` shows, `reload` reads the configuration again.
    """

    def __init__(
        self,
        ledger: Ledger,
        agents: Agents,
        clock: Clock,
        terms: Callable[[], Terms],
        status_of: Callable[[], status.Status],
        reload: Callable[[], str],
    ) -> None:
        self._ledger = ledger
        self._books = ledger.books
        self._agents = agents
        self._clock = clock
        self._terms = terms
        self._status_of = status_of
        self._reload = reload
        self._changes = Changes(ledger, agents, clock, terms)
        self._place = Place(host=cores.short_hostname(), utc_offset_s=clock.utc_offset_s)
        self._verbs: Mapping[str, Callable[[Channel, Message], Answer]] = {
            "submit": self._submit,
            "queue": self._queue,
            "cancel": self._cancel,
            "control": self._control,
            "out": self._out,
            "purge": self._purge,
            "status": self._status,
            "reload": self._read_config,
        }

    def knows(self, verb: str) -> bool:
        """Some command says that."""
        return verb in self._verbs

    def serve(self, channel: Channel, message: Message) -> None:
        """Answers a command, whatever comes of it."""
        answer = self._answer(channel, message)
        fields = [
            ("exit", str(answer.exit_code).encode()),
            ("err", _encode(answer.err)),
            ("agent_missing", b"1" if self._agents.is_missing(channel.peer.uid) else b"0"),
            *answer.more,
        ]
        channel.answer(fields, _encode(answer.out))

    def _answer(self, channel: Channel, message: Message) -> Answer:
        name = re.sub(r"[^A-Za-z0-9_.-]", "", message.text("command", "ts"))
        try:
            messages.check_protocol(message)
            return self._verbs[message.verb](channel, message)
        except TinyschedError as error:
            cure = f"{error.cure}\n" if error.cure else ""
            uid = channel.peer.uid
            LOG.info("Refused uid=%d %s: %s", uid, message.verb, _one_line(error.sentence))
            return Answer(err=f"{name}: error: {error.sentence}\n{cure}", exit_code=error.exit_code)

    # Submitting

    def _submit(self, channel: Channel, message: Message) -> Answer:
        uid = channel.peer.uid
        token = message.text("token")
        if not TOKEN.fullmatch(token):
            raise WireError("cannot accept a job: its token is none of ours")
        command = message.text("command")
        known = self._books.by_token(uid, token)
        read = self._read_submission(command, message)
        if known is None:
            if read.test_only:
                return self._test_only(read, command)
            known = self._accept(uid, token, read, message.raw("script", b""))
        if known.request.foreground:
            self._agents.seat_front(known.id, channel)
        return self._accepted(known, read, command)

    def _read_submission(self, command: str, message: Message) -> submission.Submission:
        argv, cwd = message.many("arg"), message.text("cwd")
        if command == "run_job":
            return submission.read_foreground(argv, cwd)
        variables = dict(pair.partition("=")[::2] for pair in message.many("var"))
        settings = submission.Settings(
            max_array_index=self._terms().max_array_size - 1, command=command
        )
        return submission.read(argv, variables, cwd, message.raw("script", b""), settings)

    def _accept(self, uid: int, token: str, read: submission.Submission, script: bytes) -> Job:
        most = self._terms().max_jobs_per_user
        if self._books.unfinished[uid] >= most:
            raise RefusedError(
                f"cannot accept a job: you have {self._books.unfinished[uid]} unfinished jobs,"
                f" and max_jobs_per_user is {most}",
                "wait for some to end, or cancel some",
            )
        if read.request.foreground:
            self._check_fits(read.request)  # nobody sits and waits for what can never come
        number, now = self._ledger.new_id(), self._clock.wall()
        job = self._changes.new_job(number, uid, identity.user_name(uid), token, read.request, now)
        self._ledger.accept(job, script)
        LOG.info("Accepted job=%d user=%s cores=%d", number, job.user, job.request.cores)
        return self._books.jobs[number]

    def _accepted(self, job: Job, read: submission.Submission, command: str) -> Answer:
        said = str(job.id) if read.parsable else f"Submitted batch job {job.id}"
        silent = read.quiet or job.request.foreground
        warnings = "".join(f"{command}: warning: {words}\n" for words in read.warnings)
        waits = "" if not job.request.foreground else str(self._why(job))
        return Answer(
            out="" if silent else f"{said}\n",
            err=warnings,
            more=(("id", str(job.id).encode()), ("waits", _encode(waits))),
        )

    def _test_only(self, read: submission.Submission, command: str) -> Answer:
        request, total = read.request, self._books.cores_total
        self._check_fits(request)
        free = self._books.cores_free
        when = (
            "now" if free >= request.cores else f"when {request.cores - free} more cores are free"
        )
        words = f"would start {when}, using {request.cores} of {total} cores on {self._place.host}"
        return Answer(err=f"{command}: {words}\n")

    def _check_fits(self, request: Request) -> None:
        total = self._books.cores_total
        if request.cores > total:
            raise RefusedError(
                f"cannot run this job: it needs {request.cores} cores, this queue has {total}"
            )

    # Looking

    def _queue(self, channel: Channel, message: Message) -> Answer:
        me = identity.user_name(channel.peer.uid)
        query = queries.queue(message.many("arg"), me=me)
        ids = query.filter.selectors
        for selector in ids or ():
            self._ledger.recall(selector.number)
        if query.everything or _asks_for_ended(query.filter):
            for number in {line.number for line in self._ledger.ended_lines()}:
                self._ledger.recall(number)
        if ids is not None:
            self._changes.check_known(ids)
        return Answer(out=tsqueue.render(query, self.snapshot(), self._place))

    def _out(self, _channel: Channel, message: Message) -> Answer:
        query = queries.out(message.many("arg"))
        for selector in query.selectors:
            self._ledger.recall(selector.number)
        self._changes.check_known(query.selectors)
        files = tsout.files(query.selectors, self.snapshot(), self._place)
        return Answer(more=(("files", tsout.pack(files)),))

    def snapshot(self) -> Snapshot:
        """The queue as it is now, for a report."""
        books = self._books
        room = self.room()
        blocked_by: list[Entry | None] = []

        def explain(job: Job) -> Reason:
            if not blocked_by:
                blocked_by.append(fifo.blocker(books.waiting, room, self._clock.wall()))
            return self._explain(job, room, blocked_by[0])

        return Snapshot(
            now=self._clock.wall(),
            jobs=[books.jobs[number] for number in sorted(books.jobs)],
            units={n: books.units(n) for n, job in books.jobs.items() if _is_array(job)},
            explain=explain,
            cores_total=books.cores_total,
        )

    def room(self) -> fifo.Room:
        """What there is to give."""
        return fifo.Room(
            cores_total=self._books.cores_total,
            cores_free=self._books.cores_free,
            uids_with_agent=self._agents.uids(),
            starvation_s=self._terms().starvation_s,
        )

    def _why(self, job: Job) -> Reason:
        blocked_by = fifo.blocker(self._books.waiting, self.room(), self._clock.wall())
        return self._explain(job, self.room(), blocked_by)

    def _explain(self, job: Job, room: fifo.Room, blocked_by: Entry | None) -> Reason:
        if job.id in self._books.absent:
            return Reason(name="ClientGone", words="its run_job.sh is not connected")
        array = job.request.array
        waiter = fifo.Waiter(
            entry=Entry(
                id=job.id,
                uid=job.uid,
                cores=self._books.cores_of(job),
                eligible_at=_eligible_at(job),
            ),
            hold=job.hold,
            running=self._books.live_tasks[job.id],
            limit=None if array is None else array.limit,
        )
        return fifo.explain(waiter, room, blocked_by)

    # Changing

    def _cancel(self, channel: Channel, message: Message) -> Answer:
        me = identity.user_name(channel.peer.uid)
        query = queries.cancel(message.many("arg"), me=me)
        return Answer(err=self._changes.cancel(channel.peer.uid, query))

    def _control(self, channel: Channel, message: Message) -> Answer:
        query = queries.control(message.many("arg"))
        for selector in query.selectors:
            self._ledger.recall(selector.number)
        self._changes.check_known(query.selectors)
        if query.verb == "show":
            text = tscontrol.render_jobs(
                query.selectors, self.snapshot(), self._place, as_json=query.json
            )
            return Answer(out=text)
        return Answer(err=self._changes.control(channel.peer.uid, query))

    def _purge(self, channel: Channel, message: Message) -> Answer:
        query = queries.purge(message.many("arg"))
        self._changes.check_admin(channel.peer.uid, "purge the queue's memory")
        rule = retention.Rule(keep_last=query.keep_last, age_days=query.age_days)
        numbers = self.purgeable(rule)
        if not query.dry_run:
            self._ledger.purge(numbers)
            LOG.info("Purged jobs=%d uid=%d", len(numbers), channel.peer.uid)
        return Answer(out=tspurge.render(numbers, dry_run=query.dry_run))

    def purgeable(self, rule: retention.Rule) -> list[int]:
        """Ended jobs that a rule would remove."""
        lines = [line for line in self._ledger.ended_lines() if line.task is None]
        unfinished = {number for number, job in self._books.jobs.items() if not job.is_final}
        return retention.to_purge(lines, rule, self._clock.wall(), unfinished)

    def _status(self, _channel: Channel, message: Message) -> Answer:
        found = self._status_of()
        as_json = "--json" in message.many("arg")
        return Answer(
            out=status.render_json(found) if as_json else status.render(found),
            more=(("pid", str(found.pid).encode()), ("version", __version__.encode())),
        )

    def _read_config(self, channel: Channel, _message: Message) -> Answer:
        self._changes.check_admin(channel.peer.uid, "reload the configuration")
        return Answer(out=self._reload())

    def counts(self) -> dict[str, int]:
        """Jobs and tasks by state, for all that is known here."""
        found = dict.fromkeys(MEANINGS, 0)
        for number, job in self._books.jobs.items():
            for unit in self._books.units(number):
                found[state_name(unit)] += 1
            if isinstance(job.work, Elements):
                found["PENDING"] += len(job.work.todo)
                found["CANCELLED"] += len(job.work.cancelled)
        return found


def _is_array(job: Job) -> bool:
    return isinstance(job.work, Elements)


def _eligible_at(job: Job) -> float:
    if isinstance(job.work, Elements):
        return job.work.eligible_at
    return job.work.state.eligible_at if isinstance(job.work.state, Pending) else 0.0


def _asks_for_ended(wanted: Filter) -> bool:
    open_states = {"PENDING", "RUNNING", "COMPLETING"}
    return wanted.states is not None and not wanted.states <= open_states


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
