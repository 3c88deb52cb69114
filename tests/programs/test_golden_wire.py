"""What any release has ever said is understood: each message that is on record, byte for byte.

tests/e2e/test_recorded.py writes the records.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.programs.queue import ADMIN, BOB, FakeAgent, FakeChannel, Queue
from tinysched.wire import messages
from tinysched.wire.channel import Message
from tinysched.wire.client import Reply
from tinysched.wire.fields import HEADER, body_size, unpack

RECORDS = Path(__file__).parents[1] / "golden" / "wire"
FRAMES = sorted(RECORDS.glob("v*/*.frame"))
# Of each protocol that a dispatcher of ours has ever served.
KINDS = {
    "v1": {
        "agent": "adopt ended-ack forget grant leave-no leave-yes signal stop welcome",
        "command": "reply",
        "dispatcher": "cancel control ended hello leave out purge queue reload started status"
        " submit tokens",
        "front": "ended-ack grant reply signal",
        "worker": "signal stop",
    }
}
# The records are of jobs with numbers below this.
MOST_JOBS = 20
OUTCOMES = {"exit": ("COMPLETED", "FAILED"), "cancel": ("CANCELLED",), "limit": ("TIMEOUT",)}


def message(path: Path) -> Message:
    frame = path.read_bytes()
    assert body_size(frame[:HEADER]) == len(frame) - HEADER
    verb, fields = unpack(frame[HEADER:])
    return Message(verb=verb, fields=fields)


def frames(listener: str) -> list[Path]:
    return [path for path in FRAMES if path.name.startswith(f"{listener}.")]


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("version", KINDS)
def test_there_is_a_record_of_each_kind(version: str) -> None:
    found: dict[str, set[str]] = {}
    for path in (RECORDS / version).iterdir():
        listener, verb = path.name.split(".")[:2]
        found.setdefault(listener, set()).add(verb)
    assert {listener: " ".join(sorted(verbs)) for listener, verbs in found.items()} == KINDS[
        version
    ]


class Told:
    """A dispatcher that has granted what a message speaks of, and has been told it."""

    def __init__(self, queue: Queue, said: Message) -> None:
        self.queue = queue
        self.bob = FakeAgent(queue, BOB)
        self.name = said.text("run", "").partition(" ")[0]
        if self.name:
            self._grant(*re.fullmatch(r"(\d+)(?:_(\d+))?\.(\d+)", self.name).groups())  # type: ignore[union-attr]  # it is a run
        queue.hear(self.bob.channel, said.verb, list(said.fields))

    def _grant(self, number: str, task: str | None, attempt: str) -> None:
        assert attempt == "1", "the records are of first attempts"
        for _ in range(int(number) - 1):
            self.queue.submit(BOB, "--hold")
        self.queue.submit(BOB, *([f"--array={task}"] if task else []))
        assert self.name in self.bob.obey() or self.name in self.bob.runs


@pytest.mark.parametrize("path", frames("dispatcher"), ids=named)
def test_the_dispatcher_understands(
    queue: Queue, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = message(path)
    if said.verb in ("hello", "started", "ended", "leave", "tokens"):
        told = Told(queue, said)
        assert not told.bob.channel.closed
        CHECKS[said.verb](told, said)
    else:
        bob = FakeAgent(queue, BOB)
        for _ in range(MOST_JOBS):
            queue.submit(BOB)
        for name in range(1, 5):
            bob.start(f"{name}.1")
        uid = ADMIN if said.verb in ("purge", "reload") else BOB
        channel = FakeChannel(uid)
        reply = queue.ask_on(channel, said.verb, list(said.fields))
        assert not channel.closed
        assert reply.exit_code == 0, reply.err
    assert "Nonsense" not in caplog.text


def hello(told: Told, said: Message) -> None:
    verbs = [one.verb for one in told.bob.channel.take()]
    assert "welcome" in verbs
    if told.name:
        assert "grant" not in verbs, "it has it already"


def started(told: Told, said: Message) -> None:
    shown = told.queue.show(told.name.rpartition(".")[0])
    assert shown["state"] == "RUNNING"
    assert shown["started_at"] == float(said.text("started_at"))
    assert (shown["output"] or "") == said.text("output")


def ended(told: Told, said: Message) -> None:
    shown = told.queue.show(told.name.rpartition(".")[0])
    states = OUTCOMES.get(said.text("cause"), ("FAILED", "NODE_FAIL"))
    assert shown["state"] in states
    code = said.text("exit", "")
    assert code in ("", f"{shown['exit_code']}:{shown['exit_signal']}")
    assert shown["survivors"] == said.many("survivor")
    assert [one.verb for one in told.bob.channel.take()] == ["ended-ack"]


def leave(told: Told, said: Message) -> None:
    assert [one.verb for one in told.bob.channel.take()] == ["leave-yes"]


def tokens(told: Told, said: Message) -> None:
    [one] = told.bob.channel.take()
    assert (one.verb, one.many("token")) == ("forget", said.many("token"))


CHECKS: dict[str, Callable[[Told, Message], None]] = {
    "hello": hello, "started": started, "ended": ended, "leave": leave, "tokens": tokens,
}  # fmt: skip

READERS: dict[str, list[Callable[[Message], object]]] = {
    "welcome": [lambda said: messages.read_number(said, "agent_idle_s")],
    "grant": [messages.read_grant],
    "stop": [messages.read_run, messages.read_stop],
    "signal": [messages.read_run, messages.read_signal, messages.read_reach],
    "ended-ack": [messages.read_run],
    "adopt": [messages.read_run],
    "forget": [lambda said: said.many("token")],
    "leave-yes": [],
    "leave-no": [],
    "reply": [lambda said: Reply(list(said.fields), b"", 1)],
}


@pytest.mark.parametrize(
    "path", [path for path in FRAMES if path not in frames("dispatcher")], ids=named
)
def test_those_who_are_told_understand(path: Path) -> None:
    said = message(path)
    for read in READERS[said.verb]:
        assert read(said) is not None
