"""Agents that come and go, grants that get lost, and what is settled at a hello."""

from dataclasses import replace

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent
from tinysched.job.model import RunId
from tinysched.job.runs import Cause


def test_a_grant_that_never_arrived_is_made_again_at_the_hello(queue, bob):
    queue.submit(BOB)
    bob.forget_grants()
    bob.disconnect()
    bob.connect()
    assert list(bob.runs) == ["1.1"]
    bob.end("1.1")
    assert queue.states() == {"1": "COMPLETED"}


def test_a_running_job_unknown_to_its_agent_is_lost(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    bob.runs.clear()
    bob.disconnect()
    bob.connect()
    assert queue.states() == {"1": "NODE_FAIL"}
    assert queue.reasons()["1"] == "WorkerLost: neither its worker nor its agent saw the end"
    assert queue.cores_taken == 0


def test_a_cancelled_job_unknown_to_its_agent_never_starts(queue, bob):
    queue.submit(BOB)
    bob.forget_grants()
    bob.disconnect()
    assert queue.ask(BOB, "cancel", "1").exit_code == 0
    bob.connect()
    assert bob.runs == {}
    assert queue.states() == {"1": "CANCELLED"}
    queue.restart()
    assert bob.ever == []
    assert queue.states() == {"1": "CANCELLED"}


def test_a_cancel_while_no_agent_is_there_is_passed_on_at_the_hello(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    bob.disconnect()
    queue.ask(BOB, "cancel", "1")
    assert queue.states() == {"1": "COMPLETING"}
    bob.connect()
    assert bob.runs["1.1"].orders == ["stop 0"]
    bob.end("1.1", signal=15, cause=Cause.CANCEL)
    assert queue.states() == {"1": "CANCELLED"}


def test_a_cancel_survives_a_restart_of_the_dispatcher(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    bob.disconnect()
    queue.ask(BOB, "cancel", "1")
    queue.restart()
    assert bob.runs["1.1"].orders == ["stop 0"]


def test_a_kill_that_nobody_heard_is_passed_on_as_a_kill(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    bob.disconnect()
    queue.ask(BOB, "cancel", "1")
    queue.ask(BOB, "cancel", "-s", "KILL", "1")
    bob.connect()
    assert bob.runs["1.1"].orders == ["stop 1"]


def test_a_run_that_ended_before_the_cancel_came_is_not_stopped(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    bob.disconnect()
    bob.end("1.1", code=0)
    queue.ask(BOB, "cancel", "1")
    bob.connect()
    assert "stop" not in bob.heard
    assert queue.states() == {"1": "COMPLETED"}


def test_a_lost_agent_gives_its_cores_back_after_a_while_and_not_before(queue, bob):
    queue.submit(BOB, "-c4")
    bob.start("1.1")
    bob.disconnect()
    carol = FakeAgent(queue, CAROL)
    queue.submit(CAROL, "-c4")
    queue.sleep(59)
    assert queue.states() == {"1": "RUNNING", "2": "PENDING"}
    queue.sleep(1)
    assert queue.states() == {"1": "RUNNING", "2": "RUNNING"}
    carol.end("2.1")
    assert queue.cores_taken == 0
    bob.connect()
    assert queue.cores_taken == 4
    bob.end("1.1")
    assert queue.cores_taken == 0
    assert queue.states() == {"1": "COMPLETED", "2": "COMPLETED"}


def test_an_agent_that_is_back_in_time_keeps_its_cores(queue, bob):
    queue.submit(BOB, "-c4")
    bob.start("1.1")
    for _ in range(3):
        bob.disconnect()
        queue.sleep(59)
        bob.connect()
    queue.sleep(120)
    assert queue.cores_taken == 4


def test_a_new_dispatcher_gives_agents_their_time_to_find_it(queue, bob):
    queue.submit(BOB, "-c4")
    bob.start("1.1")
    queue.agents.clear()
    queue.restart()
    queue.sleep(59)
    assert queue.cores_taken == 4
    queue.sleep(1)
    assert queue.cores_taken == 0
    bob.connect()
    assert queue.cores_taken == 4


def test_a_clock_that_is_set_takes_no_cores_from_anybody(queue, bob):
    queue.submit(BOB, "-c4")
    bob.start("1.1")
    bob.disconnect()
    queue.clock.step_wall(86400)
    queue.sleep(1)
    assert queue.cores_taken == 4


def test_the_end_of_a_job_with_its_cores_given_back_is_counted_once(queue, bob):
    queue.submit(BOB, "-c3")
    bob.start("1.1")
    bob.disconnect()
    queue.sleep(60)
    bob.end("1.1")
    bob.connect()
    assert queue.cores_taken == 0
    assert queue.states() == {"1": "COMPLETED"}


def test_a_run_that_the_queue_does_not_know_is_killed(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    run = bob.runs.pop("1.1")
    run.grant = replace(run.grant, run=RunId.parse("77.1"))
    bob.runs["77.1"] = run
    bob.connect()
    assert bob.runs["77.1"].orders == ["stop 1"]


def test_an_end_that_the_queue_has_forgotten_is_acknowledged(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    kept = bob.runs["1.1"]
    bob.end("1.1")
    queue.sleep(301)
    bob.runs["1.1"] = kept
    bob.connect()
    assert bob.runs == {}
    assert queue.states() == {"1": "COMPLETED"}


@pytest.mark.parametrize("uid", [BOB, ADMIN])
def test_a_signal_goes_to_the_run_and_leaves_the_job_alone(queue, bob, uid):
    queue.submit(BOB)
    bob.start("1.1")
    assert queue.ask(uid, "cancel", "-s", "USR1", "1").exit_code == 0
    bob.obey()
    assert bob.runs["1.1"].orders == ["signal 10"]
    assert queue.states() == {"1": "RUNNING"}


def test_a_signal_needs_an_agent_to_send_it(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    bob.disconnect()
    answer = queue.ask(BOB, "cancel", "-s", "USR1", "1")
    assert (answer.exit_code, b"agent does not run" in answer.err) == (1, True)


def test_a_pending_job_hears_no_signal(queue):
    queue.submit(BOB)
    answer = queue.ask(BOB, "cancel", "-s", "USR1", "1")
    assert (answer.exit_code, b"it is pending" in answer.err) == (1, True)
