"""The other ends of a dispatcher's connections, without processes: whoever calls, and agents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tinysched.job.model import Exit
from tinysched.job.runs import Cause, Ending, Grant
from tinysched.wire import messages
from tinysched.wire.channel import Message, Peer
from tinysched.wire.fields import pack

if TYPE_CHECKING:
    from tests.programs.queue import Queue


class FakeChannel:
    """A connection: what the dispatcher says lies in `said` until it is taken."""

    def __init__(self, uid: int) -> None:
        self.peer = Peer(pid=4711, uid=uid, gid=uid)
        self.said: list[Message] = []
        self.closed = False
        self._queued: list[Message] = []

    def send(self, verb: str, fields: messages.Fields) -> None:
        self.queue(verb, fields)
        self.flush()

    def queue(self, verb: str, fields: messages.Fields) -> None:
        if not self.closed:
            pack(verb, list(fields))  # refuses what is too large, as a real one does
            self._queued.append(Message(verb=verb, fields=tuple(fields)))

    def flush(self) -> None:
        self.said += self._queued
        self._queued.clear()

    def answer(self, fields: messages.Fields, out: bytes = b"") -> None:
        self.send("reply", [*fields, ("out", out)])

    def close(self) -> None:
        self.closed = True

    def give_up(self) -> None:
        self.closed = True

    def take(self) -> list[Message]:
        said, self.said = self.said, []
        return said


@dataclass
class FakeRun:
    """What an agent has on its disk of a run."""

    grant: Grant
    started_at: float | None = None
    ending: Ending | None = None
    orders: list[str] = field(default_factory=list)


class FakeAgent:
    """An agent without processes: keeps its runs until their ends are acknowledged."""

    def __init__(self, queue: Queue, uid: int) -> None:
        self.queue = queue
        self.uid = uid
        self.runs: dict[str, FakeRun] = {}
        self.ever: list[str] = []
        self.granted: set[str] = set()
        self.said: list[tuple[str, messages.Fields]] = []
        self.on_the_way: list[tuple[str, messages.Fields]] = []
        self.is_slow = False
        self.heard: list[str] = []
        self.is_deaf = False
        self.is_up = True
        self.channel = FakeChannel(uid)
        queue.agents.append(self)
        self.connect()

    def connect(self) -> FakeAgent:
        """Says hello on a new connection, and all that may not have been heard."""
        self.is_up = True
        self.channel = FakeChannel(self.uid)
        self.granted.clear()
        self.on_the_way.clear()
        for run in list(self.runs.values()):
            if run.ending is not None and run.grant.boot_id != self.queue.clock.boot_id():
                self.queue.hear(self.channel, "ended", messages.ending_fields(run.ending))
        known = [
            (run.grant.run, "alive" if run.ending is None else "ended")
            for run in self.runs.values()
        ]
        self.queue.hear(self.channel, "hello", messages.greeting("agent", known))
        self.obey()
        for run in list(self.runs.values()):
            self._report(run)
        return self

    def boot(self) -> FakeAgent:
        """Starts, perhaps after a restart of the host, which has ended all that it ran."""
        for run in self.runs.values():
            if run.ending is None and run.grant.boot_id != self.queue.clock.boot_id():
                run.ending = self._ending(run, cause=Cause.BOOT, exit=None)
        return self.connect()

    def disconnect(self) -> None:
        """Is killed, or stalls; its runs go on."""
        self.queue.lose(self.channel)

    def say(self, verb: str, fields: messages.Fields) -> None:
        """Says something; of one that is slow it arrives later, and in any order."""
        if self.channel.closed:
            return
        self.said.append((verb, fields))
        if self.is_slow:
            self.on_the_way.append((verb, fields))
        else:
            self.queue.hear(self.channel, verb, fields)

    def arrive(self, pick: int) -> None:
        """Something that is on its way arrives."""
        if self.on_the_way and not self.channel.closed:
            verb, fields = self.on_the_way.pop(pick % len(self.on_the_way))
            self.queue.hear(self.channel, verb, fields)

    def repeat(self, pick: int) -> None:
        """Something that was said before, perhaps long ago, arrives once more."""
        if self.said and not self.channel.closed:
            self.queue.hear(self.channel, *self.said[-1 - pick % len(self.said)])

    def obey(self) -> list[str]:
        """Takes what the dispatcher said; returns the verbs."""
        verbs: list[str] = []
        if self.is_deaf:
            return verbs
        for message in self.channel.take():
            verbs.append(message.verb)
            if message.verb == "grant":
                self._granted(messages.read_grant(message))
            elif message.verb in ("stop", "signal", "step"):
                name = str(messages.read_run(message))
                if name in self.runs:
                    word = message.text("kill", "") or message.text("signal", "")
                    word = f"{message.text('step')} {word}" if message.verb == "step" else word
                    self.runs[name].orders.append(f"{message.verb} {word}")
            elif message.verb == "ended-ack":
                self.runs.pop(str(messages.read_run(message)), None)
        self.heard += verbs
        return verbs

    def _granted(self, grant: Grant) -> None:
        assert str(grant.run) not in self.granted, f"{grant.run} is granted twice at a time"
        self.granted.add(str(grant.run))
        if str(grant.run) not in self.runs:
            assert str(grant.run) not in self.ever, f"{grant.run} is started twice"
            self.runs[str(grant.run)] = FakeRun(grant)
            self.ever.append(str(grant.run))

    def forget_grants(self) -> None:
        """What was said is lost on the way."""
        self.channel.take()

    def start(self, name: str) -> None:
        """A run's script begins."""
        self.obey()
        run = self.runs[name]
        run.started_at = self.queue.clock.wall()
        self._report(run)

    def end(self, name: str, code: int = 0, signal: int = 0, cause: Cause = Cause.EXIT) -> None:
        """A run is over."""
        self.obey()
        run = self.runs[name]
        run.ending = self._ending(run, cause, Exit(code=code, signal=signal))
        self._report(run)

    def _ending(self, run: FakeRun, cause: Cause, exit: Exit | None) -> Ending:
        now = self.queue.clock.wall()
        began_at = now if run.started_at is None else run.started_at
        return Ending(
            run=run.grant.run,
            cause=cause,
            exit=exit,
            started_at=began_at,
            ended_at=now,
            elapsed_s=max(0.0, now - began_at),
        )

    def _report(self, run: FakeRun) -> None:
        name = run.grant.run
        if run.started_at is not None:
            news = messages.Started(
                run=name, pid=99, started_at=run.started_at, output="/o", error="/e"
            )
            self.say("started", news.fields())
        if run.ending is not None:
            self.say("ended", messages.ending_fields(run.ending))
        self.obey()
