"""A dispatcher on a real spool, driven step by step, with users and agents who only talk to it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import count

from tests.fakes import FakeClock
from tests.programs.peers import FakeAgent, FakeChannel
from tests.spool.disks import Death, FailingDisk
from tinysched.config import Config
from tinysched.errors import SpoolError
from tinysched.programs.dispatcher import Dispatcher
from tinysched.spool.store import Store
from tinysched.wire import messages
from tinysched.wire.channel import Message
from tinysched.wire.client import Reply, hello

ADMIN = os.getuid()
BOB = 70001
CAROL = 70002
SCRIPT = b"#!/bin/sh\nexit 0\n"

_tokens = count(1)


class FullDisk(FailingDisk):
    """A disk that takes nothing more while it is `full`; after `left` operations all is over.

    `full` may also name another operation that is refused.
    """

    full: bool | str = False
    left: int | None = None
    is_calm = False

    def __init__(self) -> None:
        super().__init__(0)

    @contextlib.contextmanager
    def calm(self) -> Iterator[None]:
        """Nothing goes wrong meanwhile, and nothing counts."""
        self.is_calm = True
        try:
            yield
        finally:
            self.is_calm = False

    @property
    def is_refusing(self) -> bool:
        """It refuses something, or will soon."""
        return bool(self.full) or len(self.calls) < self._bad.stop - 1

    def step(self, call: str, what: str) -> None:
        if self.is_calm:
            return
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Death
        super().step(call, what)
        if call == ("write" if self.full is True else self.full):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Queue:
    """One root, its clock and disk, and the dispatcher that lives just now."""

    def __init__(self, root: str, config: Config | None = None) -> None:
        self.root = root
        self.config = config or Config(cpus=4, poll_interval=3600.0)
        self.clock = FakeClock()
        self.disk = FullDisk()
        self.agents: list[FakeAgent] = []
        self._open("", None)

    def begin(self, full: bool | str = "", left: int | None = None) -> bool:
        """A new dispatcher; false if it died at once, or could not begin.

        `full`: what its disk refuses once it is open. `left`: it dies after so many operations.
        """
        try:
            self._open(full, left)
        except (Death, SpoolError):
            self.disk.die()
            return False
        self.disk.left = None
        return True

    def _open(self, full: bool | str, left: int | None) -> None:
        disk = self.disk = FullDisk()
        disk.left = left
        store = Store.open(self.root, disk)
        disk.full = full
        self.dispatcher = Dispatcher(self.root, store, self.config, self.clock)
        self.dispatcher.advance()

    def reconfigure(self, **changes: object) -> None:
        """The admin changes config.yaml and has it read."""
        self.config = replace(self.config, **changes)
        lines = [f"{key}: {json.dumps(value)}\n" for key, value in asdict(self.config).items()]
        path = f"{self.root}/config.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(lines)
        answer = self.ask(ADMIN, "reload")
        assert answer.exit_code == 0, answer.err

    def rest(self) -> None:
        """As after minutes in which nothing happens: all is in the records, and only there."""
        self.dispatcher._store._settler.finish()

    def kill(self) -> None:
        """The dispatcher is gone, as by SIGKILL, and with it every connection."""
        self.disk.die()
        for agent in self.agents:
            agent.channel.closed = True

    def restart(self) -> None:
        """Another dispatcher on the same spool; agents find it again."""
        self.kill()
        assert self.begin(), "nothing is in its way"
        for agent in self.agents:
            if agent.is_up:
                agent.connect()

    def reboot(self, down_s: float = 60.0, full: str = "", left: int | None = None) -> bool:
        """The host is restarted, and with it the dispatcher; agents may `boot` later.

        `full`: what its disk refuses at first. `left`: it dies after so many operations: false.
        """
        self.kill()
        for agent in self.agents:
            agent.is_up = False
        self.clock.reboot(down_s)
        return self.begin(full, left)

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
        named = {line[0]: line for line in lines}
        assert len(named) == len(lines), "listed twice"
        return named

    def show(self, name: str) -> dict[str, object]:
        """Everything about one job or task."""
        answer = self.ask(ADMIN, "control", "--json", "show", "job", name)
        assert answer.exit_code == 0, answer.err
        [shown] = json.loads(answer.out)["jobs"]
        return shown

    def files(self, folder: str) -> list[str]:
        """The records in one folder of the queue, as whoever asks first finds them."""
        self.dispatcher.ledger.place()
        names = os.listdir(f"{self.root}/queue/{folder}")
        return sorted(name for name in names if name.endswith(".meta"))

    @property
    def cores_taken(self) -> int:
        return self.dispatcher.ledger.books.cores_taken


def new_token() -> str:
    """A token that nobody used yet."""
    return f"{next(_tokens):032x}"
