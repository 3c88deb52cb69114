"""Many callers at once over a real socket: nobody waits for anybody, nobody ends the loop."""

import os
from contextlib import ExitStack

import pytest

from tests.programs.hall import Hall
from tests.programs.queue import new_token
from tinysched.job.model import JobId, RunId
from tinysched.programs.dispatch import switchboard
from tinysched.wire import messages
from tinysched.wire.client import hello
from tinysched.wire.fields import HEADER, MAX_MESSAGE, pack

SILENCE_S = 60
SOME_RUN = RunId(job=JobId(number=99), attempt=1)


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def hall(root, stack):
    return Hall(root, stack)


def status(caller):
    caller.send("status", hello())


def verbs(caller):
    return [message.verb for message in caller.receive()]


def submit(caller):
    caller.send(
        "submit",
        [
            *hello(),
            ("command", b"tsbatch"),
            ("token", new_token().encode()),
            ("cwd", b"/"),
            ("script", b"#!/bin/sh\n"),
            ("arg", b"job.sh"),
        ],
    )


def test_callers_are_answered_side_by_side(hall):
    callers = [hall.call() for _ in range(5)]
    for caller in callers:
        status(caller)
    hall.rounds()
    assert [verbs(caller) for caller in callers] == [["reply"]] * 5


def test_a_user_has_only_so_many_connections(root, stack):
    hall = Hall(root, stack, most=2)
    callers = [hall.call() for _ in range(3)]
    hall.rounds()
    for caller in callers:
        status(caller)
    hall.rounds()
    replies = [caller.receive()[0].text("err") for caller in callers]
    assert replies[:2] == ["", ""]
    assert "max_connections_per_user is 2" in replies[2]
    callers[2].receive()
    assert callers[2].closed
    callers[0].close()
    hall.rounds()
    another = hall.call()
    status(another)
    hall.rounds()
    assert verbs(another) == ["reply"]


def test_one_caller_too_many_is_told_why(root, stack):
    hall = Hall(root, stack, most=1)
    hall.call()
    another = hall.call()
    hall.rounds()
    [reply] = another.receive()
    assert reply.text("exit") == "75"
    assert "max_connections_per_user is 1" in reply.text("err")


def test_who_says_nothing_for_long_is_hung_up_on_but_not_an_agent(hall):
    agent, silent, busy = (hall.call() for _ in range(3))
    agent.send("hello", messages.greeting("agent", []))
    hall.rounds()
    for _ in range(3):
        hall.queue.clock.sleep(30)
        status(busy)
        hall.rounds()
    for caller in (agent, silent, busy):
        caller.receive()
    assert [caller.closed for caller in (agent, silent, busy)] == [False, True, False]


def test_a_flood_of_questions_is_answered_in_turns(hall):
    flood = hall.call()
    for _ in range(500):
        status(flood)
    hall.round()
    hall.round()
    heard = verbs(flood)
    assert 0 < len(heard) < 500
    while len(heard) < 500:
        flood.flush()
        hall.round()
        heard += verbs(flood)
    assert set(heard) == {"reply"}


def test_a_second_agent_takes_over_and_nobody_else_notices(hall):
    first, second, other = (hall.call() for _ in range(3))
    for agent in (first, second):
        agent.send("hello", messages.greeting("agent", []))
        hall.rounds()
    assert verbs(first)[0] == "welcome"
    first.receive()
    assert first.closed
    assert verbs(second) == ["welcome"]
    submit(other)
    hall.rounds()
    assert verbs(other) == ["reply"]
    assert verbs(second) == ["grant"]


def test_who_talks_nonsense_is_cut_off_alone(hall):
    rude, polite = hall.call(), hall.call()
    rude._socket.sendall((MAX_MESSAGE + 1).to_bytes(HEADER, "big"))
    status(polite)
    hall.rounds()
    assert verbs(polite) == ["reply"]
    assert verbs(rude) == []
    assert rude.closed


def test_an_agent_that_hangs_up_is_missing_at_once(hall):
    agent, other = hall.call(), hall.call()
    agent.send("hello", messages.greeting("agent", []))
    hall.rounds()
    agent.close()
    hall.rounds()
    submit(other)
    hall.rounds()
    [reply] = other.receive()
    assert reply.text("agent_missing") == "1"


def test_a_caller_that_hangs_up_before_its_answer_is_no_trouble(hall):
    caller, other = hall.call(), hall.call()
    submit(caller)
    caller.close()
    status(other)
    hall.rounds()
    assert verbs(other) == ["reply"]


def test_a_caller_that_does_not_listen_keeps_nobody_waiting(hall):
    deaf, other = hall.call(), hall.call()
    for _ in range(3000):
        deaf.send("hello", messages.greeting("agent", [(SOME_RUN, "alive")]))
    for _ in range(60):
        deaf.flush()
        hall.round()
    status(other)
    hall.rounds()
    assert verbs(other) == ["reply"]
    heard = []
    while not heard or deaf.wants_write:
        deaf.flush()
        hall.round()
        heard += deaf.receive()
    assert not deaf.closed


def test_a_message_in_small_pieces_is_put_together(hall):
    caller = hall.call()
    frame = pack("status", hello())
    for byte in frame:
        caller._socket.sendall(bytes([byte]))
        hall.round()
    assert verbs(caller) == ["reply"]


def test_a_byte_in_the_pipe_ends_the_wait(hall):
    os.write(hall.waker, b"x")
    assert list(hall.board.wait(hall.wake, 20)) == []


def test_no_descriptor_is_left_open(hall):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        one, two = hall.call(), hall.call()
        for agent in (one, two):
            agent.send("hello", messages.greeting("agent", []))
            hall.rounds()
        one.close()
        two.close()
        hall.rounds()
    assert len(os.listdir("/proc/self/fd")) == before


def test_who_says_nothing_whole_is_hung_up_on_and_agents_are_not(hall):
    silent, slow, agent, client = (hall.call() for _ in range(4))
    agent.send("hello", messages.greeting("agent", []))
    run_job = [("command", b"run_job"), ("token", new_token().encode()), ("cwd", b"/")]
    words = [("arg", word) for word in (b"4", b"no", b"true")]
    client.send("submit", [*hello(), *run_job, *words])
    hall.rounds()
    for byte in pack("status", hello())[:6]:
        slow._socket.sendall(bytes([byte]))
        hall.round()
        hall.queue.clock.sleep(SILENCE_S / 4)
    hall.rounds()
    for caller in (silent, slow, agent, client):
        caller.receive()
    assert [caller.closed for caller in (silent, slow, agent, client)] == [True, True, False, False]


def test_what_is_kept_for_one_user_is_bounded(hall, monkeypatch):
    monkeypatch.setattr(switchboard, "MOST_HELD", 100_000)
    small, large = hall.call(), hall.call()
    for caller, size in ((small, 40_000), (large, 70_000)):
        caller._socket.sendall((MAX_MESSAGE).to_bytes(HEADER, "big") + bytes(size))
        hall.rounds()
    for caller in (small, large):
        caller.receive()
    assert [small.closed, large.closed] == [False, True]


def test_more_than_a_share_waits_for_the_next_round(hall):
    caller = hall.call()
    frame = pack("status", hello())
    caller._socket.sendall(frame * (switchboard.MOST_A_TURN + 5))
    hall.round()  # takes the call
    hall.round()
    assert len(verbs(caller)) == switchboard.MOST_A_TURN
    hall.round()
    assert len(verbs(caller)) == 5


def test_who_does_not_read_is_not_heard_until_they_do(hall):
    caller = hall.call()
    asked = 4000
    frame = pack("status", [*hello(), ("arg", b"--json")])
    caller._socket.setblocking(True)
    sent, heard = 0, 0
    while sent < asked:
        caller._socket.sendall(frame * 100)
        sent += 100
        hall.rounds()
        held = max(channel.held for channel in hall.board._channels.values())
        assert held < 4 * 1024 * 1024
        heard += len(verbs(caller)) if sent % 1000 == 0 else 0
    while heard < asked:
        hall.round()
        heard += len(verbs(caller))


def test_a_signal_ends_one_wait_and_not_all_that_follow(hall):
    os.write(hall.waker, b"\1")
    hall.round()
    with pytest.raises(BlockingIOError):
        os.read(hall.wake, 1)
