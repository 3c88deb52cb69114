"""Where commands are answered: each verb of the wire, as text and an exit code."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence

from tinysched import __version__
from tinysched.errors import RefusedError, TinyschedError, VerbatimError, WireError
from tinysched.host import cores, identity
from tinysched.host.clock import Clock
from tinysched.job.queries import Filter, Selector
from tinysched.job.signals import name_of
from tinysched.job.snapshot import Snapshot
from tinysched.job.states import UNFINISHED
from tinysched.policy import retention
from tinysched.programs import events
from tinysched.programs.dispatch.agents import Agents
from tinysched.programs.dispatch.answer import Answer, encode
from tinysched.programs.dispatch.changes import Changes
from tinysched.programs.dispatch.intake import Intake
from tinysched.programs.dispatch.ledger import Ledger
from tinysched.programs.dispatch.outlook import Outlook
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.rights import Rights
from tinysched.programs.dispatch.slurm import desk as slurm
from tinysched.programs.dispatch.terms import Terms
from tinysched.report import status, story, tscontrol, tsout, tspurge, tsqueue
from tinysched.report.place import Place
from tinysched.script import queries, stories
from tinysched.wire import messages
from tinysched.wire.channel import Channel, Message

LOG = logging.getLogger("dispatcher")
PURGED = "what was purged is forgotten; 'tsqueue --all' lists what is known"
SHOWN = {"run_job": "run_job.sh"}


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
        self._status_of = status_of
        self._reload = reload
        self._rights = Rights(terms)
        self.outlook = Outlook(ledger.books, agents, self._rights, clock, terms)
        self._changes = Changes(ledger, agents, self._rights, clock, terms)
        self._intake = Intake(ledger, agents, self.outlook, clock, terms, self._rights.is_admin)
        self._place = Place(host=cores.short_hostname(), utc_offset_s=clock.utc_offset_s)
        self._lister = tsqueue.Lister(self._place)
        self._verbs: Mapping[str, Callable[[Channel, Message], Answer]] = {
            "submit": self._intake.submit,
            "queue": self._queue,
            "cancel": self._cancel,
            "control": self._control,
            "out": self._out,
            "story": self._story,
            "purge": self._purge,
            "status": self._status,
            "reload": self._read_config,
            "freeze": self._freeze,
            **slurm.verbs(
                Parts(
                    ledger=ledger,
                    agents=agents,
                    clock=clock,
                    terms=terms,
                    reload=reload,
                    rights=self._rights,
                    outlook=self.outlook,
                    changes=self._changes,
                    intake=self._intake,
                    place=self._place,
                )
            ),
        }

    def knows(self, verb: str) -> bool:
        """Some command says that."""
        return verb in self._verbs

    def serve(self, channel: Channel, message: Message) -> None:
        """Answers a command, whatever comes of it."""
        answer = self._answer(channel, message)
        self._ledger.place()  # who was told something may look at the files next
        fields = [
            ("exit", str(answer.exit_code).encode()),
            ("err", encode(answer.err)),
            ("agent_missing", b"1" if self._agents.call_for(channel.peer.uid) else b"0"),
            *answer.more,
        ]
        try:
            channel.answer(fields, encode(answer.out))
        except WireError as error:
            why = f"{_name(message)}: error: cannot answer: {error.sentence}\n"
            cure = "ask for fewer jobs at a time\n"
            channel.answer([("exit", b"1"), ("err", encode(why + cure))])

    def refuse(self, channel: Channel, message: Message, error: TinyschedError) -> None:
        """Tells whoever sent a message, of any kind, why nothing comes of it."""
        answer = _refusal(message, error)
        channel.answer([("exit", b"%d" % answer.exit_code), ("err", encode(answer.err))])

    def _answer(self, channel: Channel, message: Message) -> Answer:
        try:
            messages.check_protocol(message)
            return self._verbs[message.verb](channel, message)
        except TinyschedError as error:
            uid = channel.peer.uid
            # Of what was submitted nothing may show up in a log that others read.
            is_ours = message.verb != "submit" or isinstance(error, RefusedError | WireError)
            words = error.sentence if is_ours else type(error).__name__
            LOG.info(events.REFUSED, uid, message.verb, words)
            return _refusal(message, error)

    # Looking

    def _queue(self, channel: Channel, message: Message) -> Answer:
        me = identity.user_name(channel.peer.uid)
        query = queries.queue(message.many("arg"), me=me)
        ids = query.filter.selectors
        for selector in ids or ():
            self._ledger.recall(selector.number)
        if query.everything or _asks_for_ended(query.filter):
            self._recall_ended(channel.peer.uid, query.filter)
        if ids is not None:
            self._changes.check_known(channel.peer.uid, ids)
        snapshot = self.outlook.snapshot(channel.peer.uid, self._books.meant(query.filter))
        return Answer(out=self._lister.render(query, snapshot))

    def _recall_ended(self, uid: int, wanted: Filter) -> None:
        """Brings back what a filter may mean, and no more: others wait meanwhile."""
        sees_all = self._rights.sees_all(uid)
        numbers = {
            line.number
            for line in self._ledger.ended_lines()
            if (sees_all or line.uid == uid)
            and (wanted.users is None or {line.user, str(line.uid)} & wanted.users)
            and (wanted.names is None or line.name in wanted.names)
        }
        for number in numbers:
            self._ledger.recall(number)

    def _out(self, channel: Channel, message: Message) -> Answer:
        query = queries.out(message.many("arg"))
        for selector in query.selectors:
            self._ledger.recall(selector.number)
        self._changes.check_known(channel.peer.uid, query.selectors)
        snapshot = self._of(channel, query.selectors)
        files = tsout.files(query.selectors, snapshot, self._place)
        return Answer(more=(("files", tsout.pack(files)),))

    def _story(self, channel: Channel, message: Message) -> Answer:
        query = stories.read(message.many("arg"))
        for selector in query.selectors:
            self._ledger.recall(selector.number)
        try:
            self._changes.check_known(channel.peer.uid, query.selectors)
        except RefusedError as error:
            raise RefusedError(error.sentence, PURGED) from None
        snapshot = self._of(channel, query.selectors)
        return Answer(out=story.render(query, snapshot, self._place))

    def _of(self, channel: Channel, selectors: Sequence[Selector]) -> Snapshot:
        """What was named, as the caller may see it."""
        return self.outlook.snapshot(
            channel.peer.uid, self._books.meant(Filter(selectors=tuple(selectors)))
        )

    # Changing

    def _cancel(self, channel: Channel, message: Message) -> Answer:
        me = identity.user_name(channel.peer.uid)
        query = queries.cancel(message.many("arg"), me=me)
        done = self._changes.cancel(channel.peer.uid, query)
        what = "cancels" if query.signal is None else f"sends {name_of(query.signal)} to"
        said = [f"{_name(message)}: {what} job {name}\n" for name in done if query.verbose]
        return Answer(err="".join(said))

    def _control(self, channel: Channel, message: Message) -> Answer:
        query = queries.control(message.many("arg"))
        for selector in query.selectors:
            self._ledger.recall(selector.number)
        self._changes.check_known(channel.peer.uid, query.selectors)
        if query.verb == "show":
            text = tscontrol.render_jobs(
                query.selectors,
                self._of(channel, query.selectors),
                self._place,
                as_json=query.json,
            )
            return Answer(out=text)
        return Answer(err=self._changes.control(channel.peer.uid, query))

    def _purge(self, channel: Channel, message: Message) -> Answer:
        query = queries.purge(message.many("arg"))
        self._rights.check_admin(channel.peer.uid, "purge the queue's memory")
        rule = retention.Rule(keep_last=query.keep_last, age_days=query.age_days)
        numbers = self.purgeable(rule)
        if not query.dry_run:
            self._ledger.purge(numbers)
            for number in numbers:
                LOG.info(events.PURGED, number, channel.peer.uid)
        return Answer(out=tspurge.render(numbers, dry_run=query.dry_run))

    def purgeable(self, rule: retention.Rule) -> list[int]:
        """Ended jobs that a rule would remove."""
        lines = [line for line in self._ledger.ended_lines() if line.task is None]
        return retention.to_purge(lines, rule, self._clock.wall(), self._books.open)

    def _status(self, channel: Channel, message: Message) -> Answer:
        found = self._status_of()
        if not self._rights.sees_all(channel.peer.uid):
            found = status.without_names(found, identity.user_name(channel.peer.uid))
        as_json = "--json" in message.many("arg")
        return Answer(
            out=status.render_json(found) if as_json else status.render(found),
            more=(
                ("pid", str(found.pid).encode()),
                ("version", __version__.encode()),
                ("now", repr(self._clock.wall()).encode()),
            ),
        )

    def _read_config(self, channel: Channel, _message: Message) -> Answer:
        self._rights.check_admin(channel.peer.uid, "reload the configuration")
        return Answer(out=self._reload())

    def _freeze(self, channel: Channel, _message: Message) -> Answer:
        self._rights.check_admin(channel.peer.uid, "back up the queue")
        path, last_id = self._ledger.freeze()
        LOG.info(events.FROZEN, path)
        return Answer(more=(("path", encode(path)), ("last_id", b"%d" % last_id)))


def _refusal(message: Message, error: TinyschedError) -> Answer:
    if isinstance(error, VerbatimError):
        return Answer(out=error.out, err=error.text, exit_code=error.exit_code)
    cure = f"{error.cure}\n" if error.cure else ""
    words = f"{_name(message)}: error: {error.sentence}\n{cure}"
    return Answer(err=words, exit_code=error.exit_code)


def _name(message: Message) -> str:
    """What the command calls itself, as far as that can be printed."""
    command = re.sub(r"[^A-Za-z0-9_.-]", "", message.text("command", "ts"))
    return SHOWN.get(command, command)


def _asks_for_ended(wanted: Filter) -> bool:
    return wanted.states is not None and not wanted.states <= UNFINISHED
