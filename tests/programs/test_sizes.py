"""What one event, or one question about one job, costs does not grow with all the other jobs."""

import pytest

from tests.programs.queue import ADMIN, BOB


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
    ledger._store.publish = lambda records: sizes.append(len(records)) or publish(records)
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
