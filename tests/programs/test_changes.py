"""Who may cancel, hold, release and requeue what, and what comes of it."""

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent, Queue
from tinysched.config import Config
from tinysched.job.runs import Cause

DENIED = b"Access/permission denied"


@pytest.mark.parametrize("verb", ["hold", "release", "requeue"])
@pytest.mark.parametrize("is_running", [False, True])
def test_another_users_job_cannot_be_changed(queue, verb, is_running):
    queue.submit(BOB)
    if is_running:
        FakeAgent(queue, BOB).start("1.1")
    before = queue.show("1")
    answer = queue.ask(CAROL, "control", verb, "1")
    assert (answer.exit_code, DENIED in answer.err) == (1, True)
    assert queue.show("1") == before


@pytest.mark.parametrize("args", [("1",), ("-s", "KILL", "1"), ("-s", "USR1", "1"), ("1_2",)])
def test_another_users_job_cannot_be_cancelled(queue, bob, args):
    queue.submit(BOB, *(["--array=1-3"] if "_" in args[-1] else []))
    answer = queue.ask(CAROL, "cancel", *args)
    assert (answer.exit_code, DENIED in answer.err) == (1, True)
    bob.obey()
    assert all(run.orders == [] for run in bob.runs.values())


def test_cancelling_all_of_somebody_elses_jobs_does_nothing(queue, bob):
    queue.submit(BOB)
    queue.ask(CAROL, "cancel", "-n", "job.sh")
    bob.obey()
    assert bob.runs["1.1"].orders == []


def test_an_admin_may_cancel_anything(queue, bob):
    queue.submit(BOB)
    assert queue.ask(ADMIN, "cancel", "1").exit_code == 0
    bob.end("1.1", signal=15, cause=Cause.CANCEL)
    assert queue.states() == {"1": "CANCELLED"}
    assert queue.reasons()["1"].startswith("Cancelled: by")


def test_a_pending_job_is_cancelled_at_once(queue):
    queue.submit(BOB)
    assert queue.ask(BOB, "cancel", "1").exit_code == 0
    assert queue.states() == {"1": "CANCELLED"}
    assert queue.files("failed") == ["job_1.meta"]
    assert not FakeAgent(queue, BOB).ever


def test_cancelling_what_has_ended_is_no_mistake(queue, bob):
    queue.submit(BOB)
    bob.end("1.1")
    assert queue.ask(BOB, "cancel", "1").exit_code == 0
    assert queue.ask(CAROL, "cancel", "1").exit_code == 0
    assert queue.states() == {"1": "COMPLETED"}


def test_cancelling_an_unknown_job_names_it(queue):
    answer = queue.ask(BOB, "cancel", "77")
    assert answer.exit_code == 1
    assert answer.err.startswith(b"tscancel: error: cannot find job 77")


def test_one_task_of_an_array_is_cancelled_and_the_others_run(queue, bob):
    queue.submit(BOB, "-c4", "--array=1-4")
    queue.ask(BOB, "cancel", "1_[2,4]")
    bob.end("1_1.1")
    bob.end("1_3.1")
    assert queue.states() == {
        "1_1": "COMPLETED",
        "1_2": "CANCELLED",
        "1_3": "COMPLETED",
        "1_4": "CANCELLED",
    }
    assert "job_1.meta" in queue.files("failed")


def test_a_million_waiting_tasks_are_cancelled_at_once(root):
    queue = Queue(root, Config(cpus=1, max_array_size=1_000_001))
    queue.submit(BOB, "--array=0-999999")
    queue.ask(BOB, "cancel", "1")
    assert queue.files("failed") == ["job_1.meta"]
    assert queue.dispatcher.ledger.books.jobs[1].is_final
    queue.close()


def test_a_running_task_is_cancelled_by_its_raw_id(queue, bob):
    queue.submit(BOB, "--array=1-2")
    bob.start("1_1.1")
    raw_id = bob.runs["1_1.1"].grant.raw_id
    queue.ask(BOB, "cancel", str(raw_id))
    bob.obey()
    assert bob.runs["1_1.1"].orders == ["stop 0"]
    assert bob.runs["1_2.1"].orders == []


def test_an_admins_hold_is_released_by_an_admin_only(queue, bob):
    queue.submit(CAROL, "-c1", "--hold")
    queue.ask(ADMIN, "control", "hold", "1")
    assert queue.reasons()["1"].startswith("JobHeldAdmin") or ADMIN == CAROL
    answer = queue.ask(CAROL, "control", "release", "1")
    assert (answer.exit_code, b"an admin holds it" in answer.err) == (1, True)
    queue.ask(CAROL, "control", "hold", "1")
    assert queue.ask(CAROL, "control", "release", "1").exit_code == 1
    assert queue.ask(ADMIN, "control", "release", "1").exit_code == 0
    FakeAgent(queue, CAROL)
    assert queue.states() == {"1": "RUNNING"}


def test_a_held_array_goes_on_with_what_runs_and_starts_no_more(queue, bob):
    queue.submit(BOB, "-c4", "--array=1-2")
    queue.ask(BOB, "control", "hold", "1")
    bob.end("1_1.1")
    assert queue.states() == {"1_1": "COMPLETED", "1_2": "PENDING"}
    queue.restart()
    assert queue.states() == {"1_1": "COMPLETED", "1_2": "PENDING"}
    queue.ask(BOB, "control", "release", "1")
    assert queue.states()["1_2"] == "RUNNING"


@pytest.mark.parametrize("verb", ["hold", "release"])
def test_what_has_ended_cannot_be_held_or_released(queue, bob, verb):
    queue.submit(BOB)
    bob.end("1.1")
    answer = queue.ask(BOB, "control", verb, "1")
    assert (answer.exit_code, b"it has already ended" in answer.err) == (1, True)


def test_a_running_job_is_requeued_by_ending_it_first(queue, bob):
    queue.submit(BOB, "-c3")
    bob.start("1.1")
    assert queue.ask(BOB, "control", "requeue", "1").exit_code == 0
    bob.obey()
    assert bob.runs["1.1"].orders == ["stop 0"]
    bob.end("1.1", signal=15, cause=Cause.CANCEL)
    assert queue.states() == {"1": "RUNNING"}
    assert bob.runs["1.2"].grant.restarts == 1
    bob.end("1.2")
    assert queue.states() == {"1": "COMPLETED"}


def test_a_requeue_that_nobody_heard_is_not_lost(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    bob.disconnect()
    queue.ask(BOB, "control", "requeue", "1")
    queue.restart()
    bob.end("1.1", signal=15, cause=Cause.CANCEL)
    assert list(bob.runs) == ["1.2"]


def test_a_cancel_overrules_a_requeue_and_not_the_other_way_round(queue, bob):
    for number, verbs in ((1, ("requeue", "cancel")), (2, ("cancel", "requeue"))):
        queue.submit(BOB)
        bob.start(f"{number}.1")
        for verb in verbs:
            words = (str(number),) if verb == "cancel" else (verb, str(number))
            queue.ask(BOB, "cancel" if verb == "cancel" else "control", *words)
        bob.end(f"{number}.1", signal=15, cause=Cause.CANCEL)
    assert queue.states() == {"1": "CANCELLED", "2": "CANCELLED"}


def test_an_ended_job_is_requeued_as_long_as_its_request_is_kept(queue, bob):
    queue.submit(BOB)
    bob.end("1.1", code=1)
    queue.sleep(200)
    assert queue.ask(BOB, "control", "requeue", "1").exit_code == 0
    assert queue.files("running") == ["job_1.meta"]
    assert queue.files("failed") == []
    bob.end("1.2")
    assert queue.states() == {"1": "COMPLETED"}
    queue.sleep(301)
    answer = queue.ask(BOB, "control", "requeue", "1")
    assert (answer.exit_code, b"min_job_age_s" in answer.err) == (1, True)
    assert queue.states() == {"1": "COMPLETED"}


def test_a_requeued_task_runs_again_alone(queue, bob):
    queue.submit(BOB, "--array=1-2")
    bob.end("1_1.1", code=1)
    bob.end("1_2.1")
    queue.ask(BOB, "control", "requeue", "1_1")
    bob.obey()
    assert list(bob.runs) == ["1_1.2"]
    bob.end("1_1.2")
    assert queue.states() == {"1_1": "COMPLETED", "1_2": "COMPLETED"}
    assert "job_1_1.meta" in queue.files("completed")


def test_an_array_is_as_bad_as_the_last_attempts_of_its_tasks(queue, bob):
    queue.submit(BOB, "--array=1-2")
    bob.end("1_1.1", code=1)
    bob.end("1_2.1")
    assert "job_1.meta" in queue.files("failed")
    queue.ask(BOB, "control", "requeue", "1_1")
    bob.end("1_1.2")
    assert "job_1.meta" in queue.files("completed")


@pytest.mark.parametrize(
    ("args", "words"), [((), b"it is pending"), (("--no-requeue",), b"--no-requeue")]
)
def test_what_cannot_be_requeued_says_why(queue, args, words):
    queue.submit(BOB, *args)
    if args:
        FakeAgent(queue, BOB).start("1.1")
    answer = queue.ask(BOB, "control", "requeue", "1")
    assert (answer.exit_code, words in answer.err) == (1, True)


def test_the_most_jobs_of_a_user_are_named_in_the_refusal(root):
    queue = Queue(root, Config(cpus=1, max_jobs_per_user=2))
    for _ in range(2):
        assert queue.submit(BOB).exit_code == 0
    answer = queue.submit(BOB)
    assert answer.exit_code == 1
    assert b"you have 2 unfinished jobs, and max_jobs_per_user is 2" in answer.err
    assert queue.submit(CAROL).exit_code == 0
    queue.ask(BOB, "cancel", "1")
    assert queue.submit(BOB).exit_code == 0
    queue.close()


def test_the_largest_array_is_named_in_the_refusal(root):
    queue = Queue(root, Config(cpus=1, max_array_size=11))
    assert queue.submit(BOB, "--array=0-10").exit_code == 0
    answer = queue.submit(BOB, "--array=0-11")
    assert answer.exit_code != 0
    assert b"10" in answer.err
    queue.close()


@pytest.mark.parametrize("verb", ["hold", "release"])
def test_a_single_task_is_not_held_for_the_whole_array(queue, verb):
    queue.submit(BOB, "--array=1-3")
    answer = queue.ask(BOB, "control", verb, "1_2")
    assert answer.exit_code == 1
    assert f"cannot {verb} 1_2: an array is held and released as a whole".encode() in answer.err
    assert set(queue.reasons().values()) != {"JobHeldUser"}
