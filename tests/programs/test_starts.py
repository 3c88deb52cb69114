"""A start is known at once, and on record when the run has lasted for a while."""

import json

from tests.programs.queue import BOB
from tinysched.job.model import Exit
from tinysched.job.runs import Cause, Ending
from tinysched.wire import messages
from tinysched.wire.channel import Message


def state(queue):
    with open(f"{queue.root}/queue/running/job_1.meta", encoding="ascii") as file:
        return json.load(file)["unit"]["state"]["is"]


def test_who_runs_for_a_moment_has_no_start_on_record(queue, bob):
    queue.submit(BOB)
    bob.obey()
    before = len(queue.disk.calls)
    bob.start("1.1")
    assert len(queue.disk.calls) == before
    assert queue.states() == {"1": "RUNNING"}
    assert state(queue) == "granted"
    bob.end("1.1", code=3)
    assert queue.show("1")["started_at"]
    assert queue.dispatcher.next_s() <= 0.75
    queue.sleep(1)
    assert queue.files("running") == []
    assert queue.dispatcher.next_s() > 10


def test_who_goes_on_has_it_after_a_while(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    assert 0 < queue.dispatcher.next_s() <= 0.75
    queue.sleep(0.8)
    assert state(queue) == "running"


def test_what_another_dispatcher_was_told_is_told_again(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    queue.restart()
    assert queue.states() == {"1": "RUNNING"}
    assert bob.ever == ["1.1"]


def test_a_clean_stop_leaves_it_on_record(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    queue.dispatcher.close()
    assert state(queue) == "running"


def test_a_disk_that_refuses_it_is_asked_again(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    assert queue.files("running") == ["job_1.meta"]
    queue.disk.full = True
    queue.sleep(1)
    assert state(queue) == "granted"
    queue.disk.full = False
    queue.sleep(1)
    assert state(queue) == "running"


def test_an_end_is_acknowledged_together_with_the_grant_that_follows(queue, bob):
    queue.submit(BOB, "--array=0-1%1")
    bob.start("1_0.1")
    over = Ending(
        run=bob.runs["1_0.1"].grant.run,
        cause=Cause.EXIT,
        exit=Exit(code=0),
        started_at=queue.clock.wall(),
        ended_at=queue.clock.wall(),
    )
    message = Message(verb="ended", fields=tuple(messages.ending_fields(over)))
    queue.dispatcher.hear(bob.channel, message)
    assert bob.channel.said == []
    queue.dispatcher.advance()
    assert bob.obey() == ["ended-ack", "grant"]
