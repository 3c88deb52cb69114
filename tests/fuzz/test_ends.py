"""Both ends of every conversation, given nonsense: they go on, or say what is wrong with it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import FakeClock
from tests.fuzz.mutations import mutated_frame, pieces
from tests.fuzz.table import GOLDEN
from tests.programs.hall import Hall
from tests.programs.queue import new_token
from tests.wire.serving import read_message, serving, site_at
from tinysched.commands import tscancel, tscontrol, tsout, tspurge, tsqueue
from tinysched.commands.doctor import look
from tinysched.errors import TinyschedError
from tinysched.programs.agent import Agent
from tinysched.programs.line import PASSED_ON, Line
from tinysched.programs.manners import run_job
from tinysched.site import Site
from tinysched.spool.private import Private
from tinysched.wire import client
from tinysched.wire.channel import Channel, Listener
from tinysched.wire.client import hello
from tinysched.wire.fields import pack

chances = st.integers(0, 2**32).map(random.Random)
UID = os.getuid()


def said_to(listener: str) -> list[bytes]:
    """What programs of ours say to one, as it is on record."""
    found = sorted((GOLDEN / "wire" / "v1").glob(f"{listener}.*"))
    assert found
    return [path.read_bytes() for path in found]


def stream_to(listener: str, chance: random.Random) -> bytes:
    """A few messages, most of them near to sense, and perhaps only half of the last."""
    frames = said_to(listener)
    whole = b"".join(mutated_frame(frames, chance) for _ in range(chance.randrange(1, 6)))
    return whole if chance.random() < 0.8 else whole[: chance.randrange(len(whole) + 1)]


@contextlib.contextmanager
def collected_bugs(logger: str) -> Iterator[list[str]]:
    """What a program logs of its own mistakes."""
    found: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info:
                found.append(self.format(record))

    handler = Handler()
    logging.getLogger(logger).addHandler(handler)
    try:
        yield found
    finally:
        logging.getLogger(logger).removeHandler(handler)


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """A new root each time."""
    top, numbers = tmp_path_factory.mktemp("ends"), count()

    def make() -> str:
        root = top / str(next(numbers))
        root.mkdir(mode=0o750)
        return str(root)

    return make


# The dispatcher


@settings(max_examples=50)  # each takes a tenth of a second
@given(chances)
def test_the_dispatcher_goes_on_whatever_comes_in(
    roots: Callable[[], str], chance: random.Random
) -> None:
    with ExitStack() as stack, collected_bugs("dispatcher") as bugs:
        hall = Hall(roots(), stack)
        for number in range(3):
            submit(hall, "--array=1-3" if number else "--hold")
        streams = [list(pieces(stream_to("dispatcher", chance), chance)) for _ in range(3)]
        callers = [hall.call() for _ in streams]
        while any(streams):
            at = chance.choice([at for at, stream in enumerate(streams) if stream])
            with contextlib.suppress(OSError):
                callers[at]._socket.send(streams[at].pop(0))  # no channel of ours would send it
            hall.round()
            if chance.random() < 0.1:
                callers[at].close()
                streams[at].clear()
        hall.rounds()
        polite = hall.call()
        for args in ([], ["--json", "-a"], ["-r", "-a"]):
            polite.send("queue", [*hello(), *(("arg", word.encode()) for word in args)])
            hall.rounds()
            [reply] = polite.receive()
            assert reply.text("exit") == "0"
        assert bugs == []


def submit(hall: Hall, *options: str) -> None:
    caller = hall.call()
    fields = [("command", b"tsbatch"), ("token", new_token().encode()), ("cwd", b"/")]
    words = [("arg", word.encode()) for word in (*options, "job.sh")]
    caller.send("submit", [*hello(), *fields, ("script", b"#!/bin/sh\n"), *words])
    hall.rounds()
    assert caller.receive()[0].text("exit") == "0"
    caller.close()


# Commands


def answering(chance: random.Random) -> Callable[[socket.socket], None]:
    """A server that hears a question and says anything."""

    def work(connection: socket.socket) -> None:
        if chance.random() < 0.9:
            read_message(connection)
        for piece in pieces(stream_to("command", chance), chance):
            connection.sendall(piece)

    return work


@given(chances)
def test_a_command_takes_any_answer_or_says_what_is_wrong_with_it(
    roots: Callable[[], str], chance: random.Random
) -> None:
    root = roots()
    with serving(root, answering(chance)), contextlib.suppress(TinyschedError):
        reply = client.ask(site_at(root), "queue", [])
        assert 0 <= reply.exit_code < 256


STATUS = {name: [] for name in ("config_errors", "quarantined", "agents", "agents_missing")}
ANSWERS = [
    b"", b"{}", b"[]", b"null", b"\xff", b"1", b"nan", b"a\tb\tc\td\n", b"tsx: error: no\ncure\n",
    json.dumps(STATUS).encode(), json.dumps({**STATUS, "agents": 3}).encode(),
]  # fmt: skip
COMMANDS: dict[str, Callable[[Site], object]] = {
    "tsqueue": lambda site: tsqueue.main(site, []),
    "tscancel": lambda site: tscancel.main(site, ["1"]),
    "tscontrol": lambda site: tscontrol.main(site, ["show", "job", "1"]),
    "tsout": lambda site: tsout.main(site, ["1"]),
    "tspurge": lambda site: tspurge.main(site, []),
    "tsctl doctor": lambda site: look._dispatcher(site, FakeClock()),
}


@pytest.mark.parametrize("name", COMMANDS)
@given(chance=chances)
def test_what_a_command_prints_of_any_answer_is_no_bug(
    roots: Callable[[], str], name: str, chance: random.Random
) -> None:
    fields = [
        (field, chance.choice(ANSWERS))
        for field in ("out", "err", "files", "id", "now", "version", "pid", "exit", "agent_missing")
        if chance.random() < 0.5
    ]

    def work(connection: socket.socket) -> None:
        read_message(connection)
        connection.sendall(pack("reply", [("exit", b"0"), *fields, ("agent_missing", b"0")]))

    root = roots()
    with serving(root, work), contextlib.suppress(TinyschedError, BrokenPipeError):
        COMMANDS[name](site_at(root))


# Agents and foreground clients


@contextlib.contextmanager
def an_agent(root: str) -> Iterator[tuple[Agent, Listener]]:
    """An agent of ours, and where it will call."""
    for name in ("users", "run"):
        Path(root, name).mkdir()
    private = Private.open(root, UID)
    lock = private.lock_agent()
    assert lock is not None
    listener = Listener(f"{root}/run", "ctl.sock", 0o600)
    agent = Agent(Site(root, UID, "/nowhere"), private, lock, FakeClock())
    try:
        yield agent, listener
    finally:
        bell = agent.wards._launchpad._bell
        for descriptor in (agent._wake, agent._wake_writer, agent._bell, bell):
            os.close(descriptor)
        lock.release()
        private.close()
        listener.close()


@given(chances)
def test_an_agent_follows_a_dispatcher_that_makes_sense_and_hangs_up_on_any_other(
    roots: Callable[[], str], chance: random.Random
) -> None:
    with an_agent(roots()) as (agent, listener), collected_bugs("agent") as bugs:
        agent._stay_connected()
        server = listener.accept()
        assert server is not None
        for piece in pieces(stream_to("agent", chance), chance):
            with contextlib.suppress(OSError):
                server._socket.send(piece)
            agent._hear()
            agent.wards.tend()
        server.close()
        agent._hear()
        assert bugs == []
        assert not agent.wards  # it has submitted nothing: so nothing can be started


@given(chances)
def test_a_foreground_client_outlives_any_answer(
    roots: Callable[[], str], chance: random.Random
) -> None:
    ours, theirs = socket.socketpair()
    with a_line(roots()) as line:
        line._channel = Channel(ours)
        for piece in pieces(stream_to("front", chance), chance):
            with contextlib.suppress(OSError):
                theirs.send(piece)
            line.listen()
        theirs.close()
        line.listen()
        assert not line.is_open


@given(chances)
def test_a_foreground_client_is_seated_or_told_why_not(
    roots: Callable[[], str], chance: random.Random
) -> None:
    root = roots()

    def work(connection: socket.socket) -> None:
        read_message(connection)
        for piece in pieces(stream_to("front", chance), chance):
            connection.sendall(piece)

    with serving(root, work), a_line(root) as line, contextlib.suppress(TinyschedError):
        assert line._submit() in (None, *range(256))


@contextlib.contextmanager
def a_line(root: str) -> Iterator[Line]:
    """The talk of a foreground client, which hears its signals meanwhile."""
    watched = (*PASSED_ON, signal.SIGCHLD)
    before = [signal.getsignal(signum) for signum in watched]
    words = ["1", "no", "true"]
    line = Line(Site(root, None, "/nowhere"), FakeClock(), words, "/", run_job(words, "/"))
    try:
        yield line
    finally:
        line.hang_up()
        for descriptor in (line._wake, signal.set_wakeup_fd(-1), line._bell, line.bell):
            os.close(descriptor)
        for signum, handler in zip(watched, before, strict=True):
            signal.signal(signum, handler)
