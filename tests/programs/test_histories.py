"""The life of a job, as dispatcher and agent tell it to each other."""

import json
from dataclasses import replace

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent, FakeChannel, new_token
from tinysched.job.runs import Cause
from tinysched.wire import messages


def test_a_job_runs_from_submission_to_its_end(queue, bob):
    answer = queue.submit(BOB, "-c2", "-t", "5", "--mem=1G")
    assert (answer.exit_code, answer.out, answer.err) == (0, b"Submitted batch job 1\n", b"")
    assert queue.files("running") == ["job_1.meta"]
    assert queue.cores_taken == 2
    bob.obey()
    grant = bob.runs["1.1"].grant
    assert (grant.cores, grant.limit_s, grant.memory_mib, grant.raw_id) == (2, 300, 1024, 1)
    bob.start("1.1")
    assert queue.states() == {"1": "RUNNING"}
    bob.end("1.1")
    assert queue.states() == {"1": "COMPLETED"}
    assert queue.files("completed") == ["job_1.meta"]
    assert queue.cores_taken == 0
    assert bob.runs == {}, "the end was not acknowledged"


def test_a_failed_job_keeps_its_exit_code(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    bob.end("1.1", code=3)
    assert queue.states() == {"1": "FAILED"}
    assert queue.files("failed") == ["job_1.meta"]
    shown = queue.show("1")
    assert (shown["exit_code"], shown["exit_signal"]) == (3, 0)


@pytest.mark.parametrize(
    ("cause", "state"),
    [(Cause.LIMIT, "TIMEOUT"), (Cause.LAUNCH, "FAILED"), (Cause.LOST, "NODE_FAIL")],
)
def test_what_brought_a_run_to_its_end_decides_its_state(queue, bob, cause, state):
    queue.submit(BOB)
    bob.end("1.1", cause=cause)
    assert queue.states() == {"1": state}


def test_news_that_come_twice_change_nothing(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    run = bob.runs["1.1"]
    bob.end("1.1", code=3)
    before = queue.show("1")
    for verb in ("started", "ended"):
        fields = (
            messages.Started(run=run.grant.run, pid=1, started_at=5.0, output="", error="").fields()
            if verb == "started"
            else messages.ending_fields(run.ending)
        )
        bob.say(verb, fields)
    assert bob.obey() == ["ended-ack"]
    assert queue.show("1") == before


def test_a_job_without_an_agent_waits_and_blocks_nobody(queue):
    carol = FakeAgent(queue, CAROL)
    answer = queue.submit(BOB, "-c4")
    assert answer.agent_missing
    queue.submit(CAROL, "-c4")
    assert queue.states() == {"1": "PENDING", "2": "RUNNING"}
    assert queue.reasons()["1"].startswith("AgentDown: ")
    carol.end("2.1")
    bob = FakeAgent(queue, BOB)
    assert queue.states()["1"] == "RUNNING"
    bob.end("1.1")
    assert queue.states() == {"1": "COMPLETED", "2": "COMPLETED"}


def test_a_job_whose_owner_has_no_account_any_more_says_so(queue):
    queue.submit(BOB)
    books = queue.dispatcher.ledger.books
    books.learn_job(replace(books.jobs[1], user="bob"))  # as the host knew him then
    assert queue.reasons()["1"].startswith("AgentDown: its owner has no account here any more")
    bob = FakeAgent(queue, BOB)  # one that has lived on goes on
    bob.end("1.1")
    assert queue.states() == {"1": "COMPLETED"}


def test_jobs_start_in_order_of_age_and_pack(queue, bob):
    for cores in (3, 2, 1, 1):
        queue.submit(BOB, f"-c{cores}")
    assert queue.states() == {"1": "RUNNING", "2": "PENDING", "3": "RUNNING", "4": "PENDING"}
    assert queue.reasons()["2"] == "Resources: needs 2 cores, 0 free"
    bob.end("1.1")
    assert set(queue.states().values()) == {"RUNNING", "COMPLETED"}


def test_a_job_that_waited_too_long_is_not_passed_any_more(queue, bob):
    queue.submit(BOB, "-c3")
    queue.submit(BOB, "-c4")
    queue.sleep(3601)
    queue.submit(BOB, "-c1")
    assert queue.states() == {"1": "RUNNING", "2": "PENDING", "3": "PENDING"}
    assert queue.reasons()["3"] == "Priority: job 2 has waited longer and needs 4 cores"
    bob.end("1.1")
    assert queue.states()["2"] == "RUNNING"


def test_a_job_too_large_for_the_queue_says_so_and_blocks_nobody(queue, bob):
    queue.submit(BOB, "-c5")
    queue.sleep(4000)
    queue.submit(BOB, "-c4")
    assert queue.states() == {"1": "PENDING", "2": "RUNNING"}
    assert queue.reasons()["1"] == "Resources: needs 5 cores, this queue has 4"


def test_a_held_job_waits_for_its_release(queue, bob):
    queue.submit(BOB, "--hold")
    assert queue.reasons()["1"].startswith("JobHeldUser")
    assert queue.ask(BOB, "control", "release", "1").exit_code == 0
    assert queue.states() == {"1": "RUNNING"}


def test_an_array_runs_no_more_tasks_at_once_than_its_limit(queue, bob):
    queue.submit(BOB, "--array=1-5%2")
    bob.obey()
    assert sorted(bob.runs) == ["1_1.1", "1_2.1"]
    assert queue.reasons()["1_3"] == "JobArrayTaskLimit: 2 of 2 tasks run"
    for task in range(1, 6):
        bob.end(f"1_{task}.1")
        assert len(bob.runs) <= 2
    assert queue.states() == {f"1_{task}": "COMPLETED" for task in range(1, 6)}
    assert queue.files("completed") == ["job_1.meta", *(f"job_1_{n}.meta" for n in range(1, 6))]


def test_the_last_task_of_an_array_goes_by_its_number(queue, bob):
    queue.submit(BOB, "--array=7-9")
    bob.obey()
    raw = {name: run.grant.raw_id for name, run in bob.runs.items()}
    assert raw["1_9.1"] == 1
    assert len(set(raw.values())) == 3
    assert queue.submit(BOB).out == b"Submitted batch job 4\n"


def test_an_array_is_as_bad_as_its_worst_task(queue, bob):
    queue.submit(BOB, "--array=1-3")
    bob.end("1_1.1")
    bob.end("1_2.1", code=1)
    assert queue.files("failed") == ["job_1_2.meta"]
    bob.end("1_3.1")
    assert "job_1.meta" in queue.files("failed")


def test_a_repeated_submission_is_the_same_job(queue, bob):
    token = new_token()
    answers = [queue.submit(BOB, token=token).out for _ in range(3)]
    assert answers == [b"Submitted batch job 1\n"] * 3
    bob.end("1.1")
    assert queue.submit(BOB, token=token).out == answers[0]
    queue.restart()
    assert queue.submit(BOB, token=token).out == answers[0]
    assert queue.states() == {"1": "COMPLETED"}


def test_the_same_token_of_somebody_else_is_another_job(queue):
    token = new_token()
    assert queue.submit(BOB, token=token).out != queue.submit(CAROL, token=token).out


@pytest.mark.parametrize("token", ["x", "../../etc/passwd", "0" * 31, "A" * 32])
def test_a_token_that_is_none_of_ours_is_refused(queue, token):
    answer = queue.submit(BOB, token=token)
    assert answer.exit_code == 1
    assert b"its token is none of ours" in answer.err


def test_only_a_user_without_unfinished_jobs_may_send_the_agent_away(queue, bob):
    queue.submit(BOB)
    bob.obey()
    bob.say("leave", [])
    assert bob.obey() == ["leave-no"]
    bob.end("1.1")
    bob.say("leave", [])
    assert bob.obey() == ["leave-yes"]
    assert queue.submit(BOB).agent_missing
    assert queue.states()["2"] == "PENDING"


def test_another_users_agent_cannot_report_on_a_job(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    run = bob.runs["1.1"]
    carol = FakeAgent(queue, CAROL)
    for verb in ("started", "ended"):
        carol.connect()
        fields = messages.run_fields(run.grant.run)
        fields += [("pid", b"1"), ("started_at", b"1"), ("cause", b"exit"), ("exit", b"0:0")]
        fields += [("ended_at", b"1"), ("elapsed_s", b"1"), ("cpu_s", b"1")]
        carol.say(verb, fields)
        assert carol.channel.closed
    assert queue.states() == {"1": "RUNNING"}


def test_a_second_agent_takes_the_place_of_the_first(queue, bob):
    first = bob.channel
    queue.submit(BOB)
    bob.start("1.1")
    bob.connect()
    assert first.closed
    queue.lose(first)
    assert not queue.submit(BOB).agent_missing
    bob.end("1.1")
    assert queue.states()["1"] == "COMPLETED"


def test_requests_that_belong_to_no_job_are_named_to_their_agent(queue, bob):
    token, unknown = new_token(), new_token()
    queue.submit(BOB, token=token)
    bob.obey()
    bob.say("tokens", [("token", token.encode()), ("token", unknown.encode())])
    [message] = bob.channel.take()
    assert (message.verb, message.many("token")) == ("forget", [unknown])


def test_an_agent_of_another_protocol_is_sent_away(queue):
    channel = FakeChannel(BOB)
    queue.hear(channel, "hello", [("protocol", b"999")])
    assert channel.closed
    assert queue.submit(BOB).agent_missing


def test_checking_only_submits_nothing(queue):
    answer = queue.submit(BOB, "--test-only", "-c3")
    assert answer.exit_code == 0
    assert b"would start now, using 3 of 4 cores" in answer.err
    assert queue.states() == {}
    assert queue.submit(BOB, "--test-only", "-c5").exit_code == 1


def test_parsable_and_quiet_submissions_are_answered_as_asked(queue):
    assert queue.submit(BOB, "--parsable").out == b"1\n"
    assert queue.submit(BOB, "--quiet").out == b""


def test_tsout_is_told_where_a_started_job_writes(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    answer = queue.ask(BOB, "out", "1")
    assert answer.exit_code == 0
    assert b"/o" in answer.values["files"]
    assert queue.ask(BOB, "out", "99").exit_code == 1


def test_status_tells_what_is_going_on(queue, bob):
    queue.submit(BOB, "-c3")
    queue.submit(CAROL)
    bob.obey()
    status = json.loads(queue.ask(ADMIN, "status", "--json").out)
    assert (status["cores_used"], status["cores_total"]) == (3, 4)


def test_a_task_that_ended_long_ago_is_still_listed_after_a_restart(queue, bob):
    """Its array goes on, and the array's own record on the disk is older than the task's."""
    queue.submit(BOB, "-c4", "--array=1-3")
    bob.end("1_1.1")
    queue.sleep(400)
    queue.restart()
    assert queue.states() == {"1_1": "COMPLETED", "1_2": "RUNNING", "1_3": "PENDING"}
    assert queue.show("1_1")["exit_code"] == 0


def test_a_task_that_waits_once_more_is_listed_and_counted_once(queue, bob):
    queue.submit(BOB, "-c4", "--array=1-2")
    bob.end("1_1.1", code=1)
    queue.ask(BOB, "control", "requeue", "1_1")
    assert queue.states() == {"1_1": "PENDING", "1_2": "RUNNING"}
    status = json.loads(queue.ask(ADMIN, "status", "--json").out)
    assert (status["jobs"]["PENDING"], status["jobs"]["RUNNING"]) == (1, 1)
