"""What one event, or one question about one job, costs does not grow with all the other jobs."""

from types import SimpleNamespace

import pytest

from tests.programs.peers import FakeChannel
from tests.programs.queue import ADMIN, BOB
from tinysched.errors import SpoolError
from tinysched.programs.agent import Agent
from tinysched.programs.dispatch.namesakes import Lowest


class Unwalked(dict):
    """A dictionary that is only ever asked for one key at a time."""

    def _refuse(self, *_args):
        raise AssertionError("somebody goes through all of it")

    __iter__ = keys = values = items = copy = __reversed__ = _refuse


@pytest.fixture
def unwalked(queue, bob):
    """One job has ended, one runs, some wait: from now on nobody may go through them all."""
    queue.submit(BOB, "-c", "3")
    bob.obey()
    bob.start("1.1")
    bob.end("1.1")
    for _ in range(4):
        queue.submit(BOB, "-c", "3")
    bob.obey()
    bob.start("2.1")
    books = queue.dispatcher.ledger.books
    books.jobs, books.open = Unwalked(books.jobs), Unwalked(books.open)
    return queue


def test_no_event_of_a_job_goes_through_all_others(unwalked, bob):
    assert unwalked.submit(BOB, "-c", "3").exit_code == 0
    assert unwalked.ask(BOB, "cancel", "3").exit_code == 0
    bob.end("2.1")
    assert "4.1" in bob.runs
    assert unwalked.ask(BOB, "control", "hold", "5").exit_code == 0
    assert unwalked.ask(BOB, "control", "release", "5").exit_code == 0
    unwalked.sleep(10000.0)


@pytest.mark.parametrize(
    ("verb", "words"), [("cancel", ("-u", str(BOB))), ("scancel", ("-t", "PD"))]
)
def test_many_jobs_that_are_cancelled_at_once_are_written_in_one_go(queue, bob, verb, words):
    for _ in range(9):
        queue.submit(BOB, "-c", "3")
    ledger = queue.dispatcher.ledger
    publish, sizes = ledger._store.publish, []
    ledger._store.publish = lambda some, **how: sizes.append(len(some)) or publish(some, **how)
    assert queue.ask(BOB, verb, *words).exit_code == 0
    assert 8 in sizes
    assert len(sizes) <= 2  # the other runs, and is told to end
    assert list(queue.states("-t", "CA").values()) == ["CANCELLED"] * 8


@pytest.mark.parametrize("verb", ["queue", "squeue"])
def test_what_keeps_many_jobs_waiting_is_explained_once(queue, bob, monkeypatch, verb):
    for _ in range(20):
        queue.submit(BOB, "-c", "3")
    outlook, asked = queue.dispatcher.desk.outlook, []
    explain = outlook._explain
    monkeypatch.setattr(
        outlook, "_explain", lambda job, *rest: asked.append(job.id) or explain(job, *rest)
    )
    assert queue.ask(ADMIN, verb).out.count(b"\n") == 21
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("queue", ("-j", "4")),
        ("queue", ("-t", "R")),
        ("control", ("show", "job", "4")),
        ("out", ("2",)),
        ("story", ("why", "4")),
        ("squeue", ("-j", "4")),
        ("squeue", ("-t", "R")),
        ("sacct", ("-j", "1")),
        ("scontrol", ("show", "job", "4")),
        ("scancel", ("3",)),
    ],
)
def test_who_asks_about_one_job_does_not_wait_for_all_others(unwalked, verb, words):
    answer = unwalked.ask(ADMIN, verb, *words)
    assert answer.exit_code == 0, answer.err


@pytest.mark.parametrize(
    ("kind", "is_told"),
    [("afterok", False), ("afterany", False), ("afternotok", False), ("aftercorr", True)],
)
def test_who_waits_for_an_array_does_not_look_at_each_end_of_a_task(
    queue, bob, monkeypatch, kind, is_told
):
    queue.submit(BOB, "--array=0-99")
    for _ in range(3):
        queue.submit(BOB, "-d", f"{kind}:1")
    bob.end("1_0.1")
    conditions, seen = queue.dispatcher.conditions, []
    look = conditions._look
    monkeypatch.setattr(conditions, "_look", lambda job, now: seen.append(job.id) or look(job, now))
    for index in range(1, 4):
        bob.end(f"1_{index}.1")
    assert any(number > 1 for number in seen) == is_told


def test_those_whom_one_end_wakes_are_written_in_one_go(queue, bob):
    queue.submit(BOB)
    for _ in range(9):
        queue.submit(BOB, "-d", "afterok:1", "-c", "3")
    ledger = queue.dispatcher.ledger
    publish, sizes = ledger._store.publish, []
    ledger._store.publish = lambda some, **how: sizes.append(len(some)) or publish(some, **how)
    bob.end("1.1")
    assert sizes.count(9) == 1
    assert sum(sizes) <= 9 + 2  # and its own end, and a grant


def test_a_disk_that_refuses_wakes_nobody_and_is_asked_again(queue, bob):
    queue.submit(BOB)
    for _ in range(3):
        queue.submit(BOB, "-d", "afterok:1")
    rewrite = queue.dispatcher.ledger.rewrite
    queue.dispatcher.ledger.rewrite = lambda *jobs: refuse() if jobs else None
    bob.end("1.1")
    assert set(queue.states("-t", "PD")) == {"2", "3", "4"}
    queue.dispatcher.ledger.rewrite = rewrite
    queue.sleep(2.0)
    assert set(queue.states("-t", "R")) == {"2", "3", "4"}


def refuse():
    raise SpoolError("cannot write: No space left on device")


def test_the_lowest_of_many_numbers_is_known():
    lowest, model = Lowest(), set()
    for step in range(2000):
        number = step * 7919 % 101
        if step % 3:
            lowest.add(number)
            model.add(number)
        else:
            lowest.discard(number)
            model.discard(number)
        assert lowest.first == min(model, default=None)
    assert len(lowest._heap) <= 2 * len(model) + 16


def test_an_agent_asks_for_any_number_of_requests_whether_they_are_needed():
    tokens = [f"{number:032x}" for number in range(100_000)]
    agent = Agent.__new__(Agent)
    agent._private = SimpleNamespace(tokens=lambda: tokens)
    agent._dispatcher = FakeChannel(BOB)  # which refuses what no message may hold
    agent._ask_for_garbage()
    agent._dispatcher.flush()
    said = agent._dispatcher.take()
    assert [token for message in said for token in message.many("token")] == tokens


def test_jobs_in_a_row_that_ask_for_the_same_share_one_request(queue):
    for words in (("-c", "2"), ("-c", "2"), ("-c", "3"), ("-c", "2")):
        queue.submit(BOB, *words)
    asked = [queue.dispatcher.ledger.books.jobs[number].request for number in (1, 2, 3, 4)]
    assert asked[0] is asked[1]
    assert [request.cpus_per_task for request in asked] == [2, 2, 3, 2]
    queue.restart()
    again = [queue.dispatcher.ledger.books.jobs[number].request for number in (1, 2, 3, 4)]
    assert again == asked
    assert again[0] is again[3]
