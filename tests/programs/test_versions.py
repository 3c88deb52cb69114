"""Several releases in one queue: whoever cannot be understood is told so, and no job ends of it."""

import json

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent, FakeChannel
from tinysched import __version__
from tinysched.programs.dispatch.strangers import GONE_S
from tinysched.wire.client import hello
from tinysched.wire.fields import PROTOCOL

NEWER = [("protocol", b"%d" % (PROTOCOL + 1)), ("version", b"9.9")]
OLDER = [("protocol", b"0"), ("version", b"0.0.1")]
VERBS = ("submit", "queue", "cancel", "control", "out", "purge", "status", "reload")


def knock(queue, greeting, uid=BOB):
    """An agent of another release says hello; what it is told."""
    channel = FakeChannel(uid)
    queue.hear(channel, "hello", [*greeting, ("kind", b"agent"), ("run", b"1.1 alive")])
    assert channel.closed
    return channel.take()


@pytest.mark.parametrize("verb", VERBS)
def test_a_command_that_is_too_new_is_told_that_the_dispatcher_needs_a_restart(queue, verb):
    answer = queue.ask_on(FakeChannel(BOB), verb, [*NEWER, ("command", b"tsx")])
    assert answer.exit_code == 75
    assert answer.err.decode().splitlines() == [
        f"tsx: error: cannot understand protocol {PROTOCOL + 1} of version 9.9:"
        f" this is version {__version__} with protocol {PROTOCOL}",
        "the dispatcher is too old: its admin runs 'tsdaemon restart'",
    ]


@pytest.mark.parametrize("verb", VERBS)
def test_a_command_that_is_too_old_is_told_to_be_called_anew(queue, verb):
    answer = queue.ask_on(FakeChannel(BOB), verb, [*OLDER, ("command", b"tsx")])
    assert answer.exit_code == 1
    first, second = answer.err.decode().splitlines()
    assert first.startswith("tsx: error: cannot understand protocol 0 of version 0.0.1: this is")
    assert second == "what spoke is too old: call the command as it is installed now"


@pytest.mark.parametrize("protocol", [b"", b"x", b"\xff", "²".encode(), b"9" * 5000, b"-1", b"1.0"])
def test_nonsense_instead_of_a_protocol_is_refused_in_words_that_can_be_shown(queue, protocol):
    greeting = [("protocol", protocol), ("version", b"\x1b[2J\n" + b"v" * 10**6)]
    answer = queue.ask_on(FakeChannel(BOB), "queue", greeting)
    assert answer.exit_code in (1, 75)
    assert len(answer.err) < 400
    assert all(line.isprintable() for line in answer.err.decode().splitlines())


def test_a_command_that_this_release_does_not_have_is_told_so(queue):
    channel = FakeChannel(BOB)
    answer = queue.ask_on(channel, "forecast", [*hello(), ("command", b"tsforecast")])
    assert answer.exit_code == 75
    assert answer.err.decode().splitlines() == [
        f"tsforecast: error: cannot follow 'forecast': version {__version__} does not know that",
        "if the dispatcher is too old: its admin runs 'tsdaemon restart'",
    ]
    assert channel.closed


def test_a_newer_agent_may_say_what_we_do_not_know_and_goes_on(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    bob.say("weather", [("sky", b"blue")])
    assert not bob.channel.closed
    assert bob.obey() == ["reply"]
    bob.end("1.1", code=3)
    assert queue.states() == {"1": "FAILED"}


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        (NEWER, "version 9.9, is newer than this dispatcher"),
        (OLDER, "version 0.0.1, is older than this dispatcher"),
    ],
)
def test_an_agent_that_cannot_be_understood_is_told_why_and_everybody_sees_it(
    queue, caplog, greeting, words
):
    caplog.set_level("INFO", "dispatcher")
    bob = FakeAgent(queue, BOB)
    queue.submit(BOB)
    bob.start("1.1")
    bob.disconnect()
    waits = queue.submit(BOB)
    assert waits.exit_code == 0
    for _ in range(3):
        [reply] = knock(queue, greeting)
        assert reply.verb == "reply"
        assert "cannot understand protocol" in reply.text("err")
    assert words in queue.ask(CAROL, "status").out.decode()
    assert words in json.loads(queue.ask(ADMIN, "status", "--json").out)["agents_refused"][str(BOB)]
    assert queue.states() == {"1": "RUNNING", "2": "PENDING"}
    assert words in queue.reasons()["2"]
    assert caplog.text.count(f"AgentRefused uid={BOB}") == 1
    assert "Nonsense" not in caplog.text


def test_cores_stay_with_the_jobs_of_an_agent_that_is_there_and_cannot_be_understood(queue, bob):
    queue.submit(BOB, "-c4")
    bob.start("1.1")
    bob.disconnect()
    for _ in range(12):
        knock(queue, NEWER)
        queue.sleep(queue.config.agent_lost_s / 6)
    assert queue.cores_taken == 4
    queue.sleep(queue.config.agent_lost_s)
    assert queue.cores_taken == 0


def test_an_agent_that_is_understood_again_goes_on_as_if_nothing_had_been(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    bob.disconnect()
    knock(queue, OLDER)
    bob.connect()
    assert "refused" not in queue.ask(ADMIN, "status").out.decode()
    bob.end("1.1", code=7)
    assert queue.show("1")["exit_code"] == 7


def test_an_agent_that_was_refused_and_has_gone_is_forgotten(queue):
    knock(queue, OLDER)
    assert "agent refused" in queue.ask(ADMIN, "status").out.decode()
    queue.sleep(GONE_S + 1)
    assert "agent refused" not in queue.ask(ADMIN, "status").out.decode()
    assert queue.submit(BOB).agent_missing


def test_in_a_private_queue_others_agents_are_not_spoken_of(queue):
    queue.reconfigure(privacy="private")
    knock(queue, OLDER)
    assert "refused" not in queue.ask(CAROL, "status").out.decode()
    assert "refused" in queue.ask(BOB, "status").out.decode()
