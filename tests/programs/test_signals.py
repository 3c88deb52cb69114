"""Signals and orders to end on their way from a command to the agent."""

import pytest

from tests.programs.queue import BOB, FakeAgent
from tinysched.wire import messages


@pytest.fixture
def running(queue, bob):
    """Bob's job 1 runs, and he has heard everything so far."""
    queue.submit(BOB)
    bob.start("1.1")
    return queue


def heard(agent):
    """What an agent is told now, as words."""
    told = []
    for message in agent.channel.take():
        if message.verb == "signal":
            told.append((messages.read_signal(message), messages.read_reach(message).value))
        elif message.verb == "stop":
            order = messages.read_stop(message)
            told.append(("KILL" if order.kill else "TERM", order.requeue))
    return told


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["-s", "USR1"], (10, "all")),
        (["-f", "-s", "USR1"], (10, "all")),
        (["-b", "--signal=SIGUSR1"], (10, "script")),
        (["-b", "-s", "KILL"], (9, "script")),
        (["-s", "TERM"], (15, "all")),
        (["-s", "KILL"], ("KILL", False)),
        (["-f", "-s", "KILL"], ("KILL", False)),
        ([], ("TERM", False)),
    ],
)
def test_a_signal_goes_to_whom_it_is_for_and_an_end_is_an_order(running, bob, args, told):
    assert running.ask(BOB, "cancel", *args, "1").exit_code == 0
    assert heard(bob) == [told]
    is_order = told[0] in ("TERM", "KILL")
    bob.connect()
    assert bool(bob.runs["1.1"].orders) == is_order, "an order is told again, a signal never"


def test_an_agent_knows_that_a_job_is_ended_to_run_once_more(running, bob):
    running.ask(BOB, "control", "requeue", "1")
    assert heard(bob) == [("TERM", True)]
    bob.disconnect()
    bob.is_deaf = True
    bob.connect()
    assert heard(bob) == [("TERM", True)], "told again at the next hello"


def test_a_signal_to_a_job_that_waits_or_has_no_agent_is_refused(queue):
    queue.submit(BOB, "--hold")
    answer = queue.ask(BOB, "cancel", "-b", "-s", "USR1", "1")
    assert (answer.exit_code, b"it is pending" in answer.err) == (1, True)
    bob = FakeAgent(queue, BOB)
    queue.submit(BOB)
    bob.start("2.1")
    bob.disconnect()
    answer = queue.ask(BOB, "cancel", "-b", "-s", "USR1", "2")
    assert (answer.exit_code, b"its owner's agent does not run" in answer.err) == (1, True)


def test_who_wants_to_know_is_told_what_is_cancelled(running, bob):
    running.submit(BOB, "--array=1-9", "--hold")
    answer = running.ask(BOB, "cancel", "-v", "1", "2_[3-5]")
    assert answer.err.decode().splitlines() == [
        "tscancel: cancels job 1",
        "tscancel: cancels job 2_[3-5]",
    ]
    bob.end("1.1")
    assert running.ask(BOB, "cancel", "-v", "1").err == b"", "it has ended"
    answer = running.ask(BOB, "cancel", "2")
    assert answer.err == b""


def test_who_sends_a_signal_may_be_told_to_whom(running):
    answer = running.ask(BOB, "cancel", "-v", "-s", "12", "1")
    assert answer.err == b"tscancel: sends USR2 to job 1\n"


def test_quiet_makes_an_unknown_job_no_mistake(running, bob):
    answer = running.ask(BOB, "cancel", "-Q", "77", "1")
    assert (answer.exit_code, answer.err) == (0, b"")
    assert heard(bob) == [("TERM", False)]
    assert running.ask(BOB, "cancel", "77").exit_code == 1
