"""A dispatcher on a real spool, driven step by step, with users and agents who only talk to it."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass, field
from itertools import count

from tests.fakes import FakeClock
from tests.spool.disks import CountingDisk, Death
from tinysched.config import Config
from tinysched.job.model import Exit
from tinysched.job.runs import Cause, Ending, Grant
from tinysched.programs.dispatcher import Dispatcher
from tinysched.spool.store import Store
from tinysched.wire import messages
from tinysched.wire.channel import Message, Peer
from tinysched.wire.client import Reply, hello
from tinysched.wire.fields import pack

ADMIN = os.getuid()
BOB = 70001
CAROL = 70002
SCRIPT = b"#!/bin/sh\nexit 0\n"

_tokens = count(1)


class FullDisk(CountingDisk):
    """A disk that takes nothing more while it is `full`; after `left` operations all is over."""

    full = False
    left: int | None = None

    def step(self, call: str, what: str) -> None:
        super().step(call, what)
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Death
        if self.full and call == "write":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FakeChannel:
    """A connection: what the dispatcher says lies in `said` until it is taken."""

    def __init__(self, uid: int) -> None:
        self.peer = Peer(pid=4711, uid=uid, gid=uid)
        self.said: list[Message] = []
        self.closed = False

    def send(self, verb: str, fields: messages.Fields) -> None:
        if not self.closed:
            pack(verb, list(fields))  # refuses what is too large, as a real one does
            self.said.append(Message(verb=verb, fields=tuple(fields)))

    def answer(self, fields: messages.Fields, out: bytes = b"") -> None:
        self.send("reply", [*fields, ("out", out)])

    def close(self) -> None:
        self.closed = True

    def give_up(self) -> None:
        self.closed = True

    def take(self) -> list[Message]:
        said, self.said = self.said, []
        return said


class Queue:
    """One root, its clock and disk, and the dispatcher that lives just now."""

    def __init__(self, root: str, config: Config | None = None) -> None:
        self.root = root
        self.config = config or Config(cpus=4, poll_interval=3600.0)
        self.clock = FakeClock()
        self.disk = FullDisk()
        self.agents: list[FakeAgent] = []
        self.dispatcher = self._begin()

    def _begin(self) -> Dispatcher:
        self.disk = FullDisk()
        store = Store.open(self.root, self.disk)
        return Dispatcher(self.root, store, self.config, self.clock)

    def kill(self) -> None:
        """The dispatcher is gone, as by SIGKILL, and with it every connection."""
        self.disk.die()
        for agent in self.agents:
            agent.channel.closed = True

    def restart(self) -> None:
        """Another dispatcher on the same spool; agents find it again."""
        self.kill()
        self.dispatcher = self._begin()
        for agent in self.agents:
            agent.connect()

    def close(self) -> None:
        self.disk.die()

    def hear(self, channel: FakeChannel, verb: str, fields: messages.Fields) -> None:
        """One round of the dispatcher's loop."""
        self.dispatcher.hear(channel, Message(verb=verb, fields=tuple(fields)))
        if channel.closed:
            self.dispatcher.agents.lost(channel)
        self.dispatcher.advance()

    def lose(self, channel: FakeChannel) -> None:
        """The other end of a connection is gone."""
        channel.closed = True
        self.dispatcher.agents.lost(channel)
        self.dispatcher.advance()

    def sleep(self, duration_s: float) -> None:
        """Time passes, and what is due is done."""
        self.clock.sleep(duration_s)
        self.dispatcher.advance()

    def ask(self, uid: int, verb: str, *args: str, **fields: str) -> Reply:
        """A command of somebody, answered."""
        channel = FakeChannel(uid)
        said = [*hello(), ("command", f"ts{verb}".encode())]
        said += [("arg", os.fsencode(word)) for word in args]
        said += [(name, os.fsencode(value)) for name, value in fields.items()]
        return self.ask_on(channel, verb, said)

    def ask_on(self, channel: FakeChannel, verb: str, fields: messages.Fields) -> Reply:
        """The same, on a connection that stays."""
        self.hear(channel, verb, fields)
        [answer] = [message for message in channel.take() if message.verb == "reply"]
        return Reply(list(answer.fields), b"", os.getpid())

    def submit(self, uid: int, *args: str, token: str = "", script: bytes = SCRIPT) -> Reply:
        """`tsbatch ARGS job.sh`."""
        return self.ask_on(
            FakeChannel(uid),
            "submit",
            [
                *hello(),
                ("command", b"tsbatch"),
                ("token", (token or new_token()).encode()),
                ("cwd", b"/home/somebody"),
                ("script", script),
                *(("arg", word.encode()) for word in (*args, "job.sh")),
            ],
        )

    def states(self, *args: str) -> dict[str, str]:
        """Every job and task on record with its state."""
        return {name: line[2] for name, line in self._lines(*args).items()}

    def reasons(self) -> dict[str, str]:
        """Every job and task that has one with its reason."""
        return {name: " ".join(line[7:]) for name, line in self._lines().items()}

    def _lines(self, *args: str) -> dict[str, list[str]]:
        answer = self.ask(ADMIN, "queue", "-a", "-r", "-h", *args)
        assert answer.exit_code == 0, answer.err
        lines = [line.split() for line in answer.out.decode().splitlines()]
        return {line[0]: line for line in lines}

    def show(self, name: str) -> dict[str, object]:
        """Everything about one job or task."""
        answer = self.ask(ADMIN, "control", "--json", "show", "job", name)
        assert answer.exit_code == 0, answer.err
        [shown] = json.loads(answer.out)["jobs"]
        return shown

    def files(self, folder: str) -> list[str]:
        """The records in one folder of the queue."""
        names = os.listdir(f"{self.root}/queue/{folder}")
        return sorted(name for name in names if name.endswith(".meta"))

    @property
    def cores_taken(self) -> int:
        return self.dispatcher.ledger.books.cores_taken


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
        self.heard: list[str] = []
        self.is_deaf = False
        self.channel = FakeChannel(uid)
        queue.agents.append(self)
        self.connect()

    def connect(self) -> FakeAgent:
        """Says hello on a new connection, and all that may not have been heard."""
        self.channel = FakeChannel(self.uid)
        known = [
            (run.grant.run, "alive" if run.ending is None else "ended")
            for run in self.runs.values()
        ]
        self.queue.hear(self.channel, "hello", messages.greeting("agent", known))
        self.obey()
        for run in list(self.runs.values()):
            self._report(run)
        return self

    def disconnect(self) -> None:
        """Is killed, or stalls; its runs go on."""
        self.queue.lose(self.channel)

    def say(self, verb: str, fields: messages.Fields) -> None:
        if not self.channel.closed:
            self.queue.hear(self.channel, verb, fields)

    def obey(self) -> list[str]:
        """Takes what the dispatcher said; returns the verbs."""
        verbs: list[str] = []
        if self.is_deaf:
            return verbs
        for message in self.channel.take():
            verbs.append(message.verb)
            if message.verb == "grant":
                self._granted(messages.read_grant(message))
            elif message.verb in ("stop", "signal"):
                name = str(messages.read_run(message))
                if name in self.runs:
                    word = message.text("kill", "") or message.text("signal", "")
                    self.runs[name].orders.append(f"{message.verb} {word}")
            elif message.verb == "ended-ack":
                self.runs.pop(str(messages.read_run(message)), None)
        self.heard += verbs
        return verbs

    def _granted(self, grant: Grant) -> None:
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
        now = self.queue.clock.wall()
        run.ending = Ending(
            run=run.grant.run,
            cause=cause,
            exit=Exit(code=code, signal=signal),
            started_at=run.started_at or now,
            ended_at=now,
            elapsed_s=now - (run.started_at or now),
        )
        self._report(run)

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


def new_token() -> str:
    """A token that nobody used yet."""
    return f"{next(_tokens):032x}"
