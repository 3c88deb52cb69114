"""A disk that takes nothing more: nothing is lost, nothing starts unrecorded, and it passes."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.programs.queue import ADMIN, BOB, FakeAgent
from tinysched.job.runs import Cause
from tinysched.programs.dispatch.upkeep import RAREST_S


def test_a_submission_is_refused_and_leaves_nothing_behind(queue):
    queue.disk.full = True
    answer = queue.submit(BOB)
    assert answer.exit_code != 0
    assert answer.out == b""
    assert b"No space left on device" in answer.err
    queue.disk.full = False
    assert queue.states() == {}
    queue.restart()
    assert queue.states() == {}
    assert queue.submit(BOB).exit_code == 0


def test_nothing_starts_that_cannot_be_recorded(queue):
    queue.submit(BOB)
    queue.submit(BOB, "--array=1-3")
    queue.disk.full = True
    bob = FakeAgent(queue, BOB)
    assert bob.ever == []
    assert queue.cores_taken == 0
    queue.disk.full = False
    queue.sleep(1)
    bob.obey()
    assert sorted(bob.ever) == ["1.1", "2_1.1", "2_2.1", "2_3.1"]
    queue.restart()
    assert queue.cores_taken == 4


def test_a_start_that_cannot_be_recorded_is_tried_again_after_a_second(queue):
    queue.submit(BOB)
    queue.disk.full = True
    FakeAgent(queue, BOB)
    queue.dispatcher.advance()
    assert 0 < queue.dispatcher.next_s() <= 1


def test_a_start_that_was_to_be_tried_again_and_is_not_wanted_any_more_wakes_nobody(queue):
    queue.submit(BOB)
    queue.disk.full = True
    FakeAgent(queue, BOB)
    queue.disk.full = False
    queue.ask(BOB, "cancel", "1")
    assert queue.states() == {"1": "CANCELLED"}
    queue.sleep(5)
    assert queue.dispatcher.next_s() > 1


def test_an_end_that_cannot_be_recorded_frees_its_cores_and_is_not_acknowledged(queue, bob):
    queue.submit(BOB, "-c4")
    bob.start("1.1")
    queue.disk.full = True
    bob.end("1.1", code=3)
    assert queue.cores_taken == 0
    assert "1.1" in bob.runs
    assert queue.dispatcher.next_s() <= 1
    queue.disk.full = False
    queue.sleep(1)
    bob.obey()
    assert bob.runs == {}
    assert queue.states() == {"1": "FAILED"}
    assert queue.show("1")["exit_code"] == 3
    assert queue.cores_taken == 0


@pytest.mark.parametrize("who", ["dispatcher", "agent"])
def test_an_unrecorded_end_outlives_a_restart(queue, bob, who):
    queue.submit(BOB, "-c4")
    bob.start("1.1")
    queue.disk.full = True
    bob.end("1.1", code=3)
    queue.disk.full = False
    if who == "dispatcher":
        queue.restart()
    else:
        bob.disconnect()
        bob.connect()
    assert queue.states() == {"1": "FAILED"}
    assert bob.runs == {}
    queue.sleep(5)
    assert queue.cores_taken == 0


def test_an_unrecorded_end_of_a_task_counts_once(queue, bob):
    queue.submit(BOB, "-c2", "--array=1-3%1")
    bob.start("1_1.1")
    queue.disk.full = True
    bob.end("1_1.1")
    assert queue.cores_taken == 0
    queue.disk.full = False
    queue.sleep(1)
    bob.obey()
    assert list(bob.runs) == ["1_2.1"]
    assert queue.cores_taken == 2


def test_a_start_that_is_news_only_is_not_worth_a_failure(queue, bob):
    queue.submit(BOB)
    bob.obey()
    queue.disk.full = True
    bob.start("1.1")
    assert not bob.channel.closed
    queue.disk.full = False
    bob.end("1.1")
    assert queue.states() == {"1": "COMPLETED"}


@pytest.mark.parametrize(
    ("verb", "args"),
    [("cancel", ("1",)), ("control", ("hold", "1")), ("control", ("release", "1"))],
)
def test_an_order_that_cannot_be_recorded_is_refused_and_changes_nothing(queue, verb, args):
    queue.submit(BOB, *(["--hold"] if args[0] == "release" else []))
    before = replace(queue.dispatcher.ledger.books.jobs[1], revision=0)
    queue.disk.full = True
    answer = queue.ask(BOB, verb, *args)
    assert (answer.exit_code, b"No space left" in answer.err) == (1, True)
    queue.disk.full = False
    for _ in range(2):
        assert replace(queue.dispatcher.ledger.books.jobs[1], revision=0) == before
        queue.restart()


def test_a_cancel_that_cannot_be_recorded_is_not_passed_on(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    queue.disk.full = True
    assert queue.ask(BOB, "cancel", "1").exit_code == 1
    queue.disk.full = False
    bob.obey()
    assert bob.runs["1.1"].orders == []


def test_looking_needs_no_room(queue, bob):
    queue.submit(BOB)
    queue.disk.full = True
    assert queue.states() == {"1": "RUNNING"}
    assert queue.ask(ADMIN, "status").exit_code == 0


def test_a_requeue_whose_end_cannot_be_recorded_happens_later(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    queue.ask(BOB, "control", "requeue", "1")
    queue.disk.full = True
    bob.end("1.1", signal=15, cause=Cause.CANCEL)
    queue.disk.full = False
    queue.sleep(1)
    bob.obey()
    assert list(bob.runs) == ["1.2"]


def test_copies_that_could_not_be_removed_when_it_began_are_removed_later(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    queue.rest()
    older = Path(queue.root, "queue/running/job_1.meta").read_bytes()
    queue.reboot()
    queue.rest()
    queue.kill()
    Path(queue.root, "queue/running/job_1.meta").write_bytes(older)
    queue.begin(full="unlink")
    assert queue.files("running") == queue.files("pending") == ["job_1.meta"]
    queue.disk.full = ""
    queue.sleep(RAREST_S)
    queue.dispatcher.advance()
    assert queue.files("running") == []
    assert not queue.dispatcher.ledger.owes
