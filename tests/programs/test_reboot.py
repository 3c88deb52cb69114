"""The host is restarted: the records tell what is lost; agents come back late, or never."""

from dataclasses import replace

import pytest

from tests.programs.queue import BOB, CAROL, FakeAgent, Queue
from tests.programs.test_foreground import STARTED, Front
from tinysched.config import Config
from tinysched.job.model import JobId

LOST = "NodeDown: the host was restarted while it ran"


def test_a_running_job_is_requeued_and_counts_no_cores(queue, bob):
    queue.submit(BOB, "-c4")
    bob.start("1.1")
    queue.sleep(1)
    queue.reboot()
    assert queue.cores_taken == 0
    assert queue.states() == {"1": "PENDING"}
    assert queue.reasons()["1"].startswith("AgentDown: ")
    assert queue.reasons()["1"].endswith(f"(requeued: {LOST})")
    shown = queue.show("1")
    assert (shown["restarts"], shown["attempt"]) == (1, 1)
    assert shown["setback"] == "NodeDown"


def test_a_requeued_job_runs_once_more_when_its_agent_is_back(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    queue.reboot()
    queue.sleep(7200)
    bob.boot()
    assert list(bob.runs) == ["1.2"], "the first attempt is over"
    grant = bob.runs["1.2"].grant
    assert (grant.restarts, grant.boot_id) == (1, queue.clock.boot_id())
    assert queue.cores_taken == 1
    bob.end("1.2")
    assert queue.states() == {"1": "COMPLETED"}
    assert bob.ever == ["1.1", "1.2"]
    queue.restart()
    assert queue.states() == {"1": "COMPLETED"}


def test_a_second_restart_of_the_host_is_one_more_restart_of_the_job(queue, bob):
    queue.submit(BOB)
    for attempt in (1, 2, 3):
        bob.start(f"1.{attempt}")
        queue.reboot()
        assert queue.show("1")["restarts"] == attempt
        bob.boot()
    assert bob.runs["1.4"].grant.restarts == 3


def test_a_grant_that_had_not_been_followed_is_made_anew(queue, bob):
    bob.is_deaf = True
    queue.submit(BOB)
    assert queue.states() == {"1": "RUNNING"}
    queue.reboot()
    assert queue.reasons()["1"].endswith(
        "(requeued: NodeDown: the host was restarted when it was about to start)"
    )
    bob.is_deaf = False
    bob.boot()
    assert bob.ever == ["1.2"]


@pytest.mark.parametrize("is_started", [True, False])
def test_a_job_that_may_not_be_requeued_has_failed(queue, bob, is_started):
    queue.submit(BOB, "--no-requeue", "-o", "/tmp/x")
    bob.obey()
    if is_started:
        bob.start("1.1")
    started_at = queue.clock.wall()
    queue.sleep(30)
    queue.reboot(down_s=600)
    assert queue.states() == {"1": "NODE_FAIL"}
    words = LOST if is_started else "NodeDown: the host was restarted when it was about to start"
    assert queue.reasons()["1"] == words
    assert queue.files("failed") == ["job_1.meta"]
    shown = queue.show("1")
    assert (shown["exit_code"], shown["restarts"]) == (None, 0)
    assert shown["started_at"] == (started_at if is_started else None)
    assert shown["ended_at"] == queue.clock.wall()
    bob.boot()
    assert bob.runs == {}
    queue.restart()
    assert queue.states() == {"1": "NODE_FAIL"}
    assert queue.cores_taken == 0


@pytest.mark.parametrize(
    ("is_default", "words", "state"),
    [
        (True, (), "PENDING"),
        (False, (), "NODE_FAIL"),
        (False, ("--requeue",), "PENDING"),
        (True, ("--no-requeue",), "NODE_FAIL"),
    ],
)
def test_what_happens_by_default_is_the_admins_choice(root, is_default, words, state):
    queue = Queue(root, Config(cpus=4, job_requeue=is_default))
    bob = FakeAgent(queue, BOB)
    queue.submit(BOB, *words)
    bob.start("1.1")
    queue.config = Config(cpus=4, job_requeue=not is_default)  # too late for this one
    queue.reboot()
    assert queue.states() == {"1": state}
    queue.close()


def test_what_waits_goes_on_waiting(queue, bob):
    queue.submit(BOB, "-c4")
    queue.submit(BOB, "-c3")
    queue.submit(CAROL, "--hold")
    before = queue.show("2")
    queue.reboot()
    after = queue.show("2")
    same = ("state", "eligible_at", "attempt", "restarts", "setback")
    assert [after[key] for key in same] == [before[key] for key in same]
    assert queue.states() == {"1": "PENDING", "2": "PENDING", "3": "PENDING"}
    assert queue.reasons()["3"].startswith("JobHeldUser")


def test_what_ran_is_not_put_behind_what_waited(queue, bob):
    queue.submit(BOB, "-c4")
    bob.start("1.1")
    queue.sleep(5)
    queue.submit(BOB, "-c4")
    queue.reboot()
    bob.boot()
    assert queue.states() == {"1": "RUNNING", "2": "PENDING"}


def test_an_array_is_taken_task_by_task(queue, bob):
    queue.submit(BOB, "--array=1-6%3")
    bob.end("1_1.1")
    bob.end("1_2.1", code=1)
    bob.start("1_3.1")
    bob.obey()
    queue.reboot()
    assert queue.cores_taken == 0
    assert queue.states() == {
        "1_1": "COMPLETED",
        "1_2": "FAILED",
        **dict.fromkeys(("1_3", "1_4", "1_5", "1_6"), "PENDING"),
    }
    assert queue.show("1_3")["setback"] == "NodeDown"
    bob.boot()
    assert list(bob.runs) == ["1_3.2", "1_4.2", "1_5.2"]
    for name in ("1_3.2", "1_4.2", "1_5.2", "1_6.1"):
        bob.end(name)
    assert set(queue.states().values()) == {"COMPLETED", "FAILED"}
    assert "job_1.meta" in queue.files("failed")


def test_an_array_that_may_not_be_requeued_goes_on_with_the_next_tasks(queue, bob):
    queue.submit(BOB, "--array=1-3%1", "--no-requeue")
    bob.start("1_1.1")
    queue.reboot()
    assert queue.states() == {"1_1": "NODE_FAIL", "1_2": "PENDING", "1_3": "PENDING"}
    bob.boot()
    bob.end("1_2.1")
    bob.end("1_3.1")
    assert queue.states() == {"1_1": "NODE_FAIL", "1_2": "COMPLETED", "1_3": "COMPLETED"}
    assert "job_1.meta" in queue.files("failed")


def test_a_foreground_job_never_starts_again_by_itself(queue, bob):
    front = Front(queue, "2", "no", "make")
    queue.hear(front.channel, "started", STARTED.fields())
    Front(queue, "4", "no", "make")
    queue.reboot()
    assert queue.states()["1"] == "NODE_FAIL"
    assert queue.reasons()["1"] == LOST
    bob.boot()
    assert bob.ever == []
    queue.sleep(20)
    assert queue.states() == {"1": "NODE_FAIL", "2": "CANCELLED"}
    assert queue.cores_taken == 0


def test_a_cancelled_job_is_cancelled(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    queue.ask(BOB, "cancel", "1")
    queue.reboot()
    assert queue.states() == {"1": "CANCELLED"}
    bob.boot()
    assert bob.ever == ["1.1"]


def test_a_job_that_was_told_to_requeue_is_requeued_once(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    queue.ask(BOB, "control", "requeue", "1")
    queue.reboot()
    bob.boot()
    assert bob.runs["1.2"].grant.restarts == 1
    assert queue.show("1")["setback"] is None, "somebody wanted that"


def test_a_restart_of_the_dispatcher_alone_changes_nothing(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    queue.restart()
    assert queue.states() == {"1": "RUNNING"}
    assert list(bob.runs) == ["1.1"]


def test_records_that_name_no_boot_are_left_to_the_agent(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    ledger = queue.dispatcher.ledger
    job = ledger.books.jobs[1]
    ledger._save(replace(job, work=replace(job.work, state=replace(job.work.state, boot_id=""))))
    queue.reboot()
    assert queue.states() == {"1": "RUNNING"}
    bob.boot()
    assert queue.states() == {"1": "RUNNING"}
    assert list(bob.runs) == ["1.2"], "the agent said that the first one was lost"


def test_an_end_that_nobody_had_heard_of_counts(queue, bob):
    """The host went down between a job's end and its record: it is not run once more."""
    queue.submit(BOB)
    queue.submit(BOB, "--no-requeue")
    queue.submit(BOB, "--array=1-2")
    names = ("1.1", "2.1", "3_1.1", "3_2.1")
    for name in names:
        bob.start(name)
    bob.disconnect()
    bob.end("1.1")
    bob.end("2.1", code=3)
    bob.end("3_1.1", code=1)
    queue.reboot()
    assert queue.states()["2"] == "NODE_FAIL"
    queue.sleep(4000)
    bob.boot()
    assert list(bob.runs) == ["3_2.2"]
    assert queue.show("1")["restarts"] == 0
    states = queue.states("-j", "1,2,3")
    assert states == {"1": "COMPLETED", "2": "FAILED", "3_1": "FAILED", "3_2": "RUNNING"}
    assert queue.show("2")["exit_code"] == 3
    bob.end("3_2.2")
    assert queue.files("completed") == ["job_1.meta", "job_3_2.meta"]
    assert queue.files("failed") == ["job_2.meta", "job_3.meta", "job_3_1.meta"]
    queue.restart()
    assert queue.states("-j", "1,2,3")["3_2"] == "COMPLETED"


@pytest.mark.parametrize("how", [{"signal": 15}, {"code": 143}, {"signal": 9}])
def test_a_death_by_a_signal_when_the_host_went_down_is_no_end(queue, bob, how):
    queue.submit(BOB)
    bob.start("1.1")
    bob.disconnect()
    bob.end("1.1", **how)
    queue.reboot()
    bob.boot()
    assert list(bob.runs) == ["1.2"]
    assert queue.show("1")["restarts"] == 1


def test_an_old_end_does_not_undo_what_was_ordered_since(queue, bob):
    queue.submit(BOB)
    queue.submit(BOB, "--no-requeue")
    bob.start("1.1")
    bob.start("2.1")
    bob.disconnect()
    bob.end("1.1")
    bob.end("2.1")
    queue.reboot()
    assert queue.ask(BOB, "cancel", "1").exit_code == 0
    queue.dispatcher.ledger.requeue(queue.dispatcher.ledger.books.jobs[2].work, 5.0, BOB)
    bob.boot()
    assert queue.states() == {"1": "CANCELLED", "2": "RUNNING"}
    assert bob.runs.keys() == {"2.2"}


@pytest.mark.parametrize("call", ["write", "sync"])
def test_a_disk_that_refuses_delays_it_and_counts_no_cores(queue, bob, call):
    queue.submit(BOB, "-c2")
    queue.submit(BOB, "-c2", "--no-requeue")
    bob.start("1.1")
    bob.start("2.1")
    queue.reboot(full=call)
    assert queue.cores_taken == 0
    assert queue.dispatcher.next_s() <= 1
    bob.boot()
    assert bob.runs.keys() == {"1.1", "2.1"}, "nothing starts that cannot be recorded"
    assert queue.cores_taken == 0
    queue.disk.full = ""
    queue.sleep(1)
    bob.obey()
    assert queue.states() == {"1": "RUNNING", "2": "NODE_FAIL"}
    assert list(bob.runs) == ["1.2"]


def test_an_old_end_that_cannot_be_recorded_at_once_takes_no_cores(queue, bob):
    queue.submit(BOB, "-c2", "--no-requeue")
    bob.start("1.1")
    bob.disconnect()
    bob.end("1.1", code=3)
    queue.reboot()
    queue.disk.full = "write"
    bob.boot()
    assert (queue.states(), queue.cores_taken) == ({"1": "NODE_FAIL"}, 0)
    assert not queue.dispatcher.ledger.books.is_live(JobId(number=1))
    queue.disk.full = ""
    queue.sleep(1)
    queue.dispatcher.advance()
    assert queue.show("1")["exit_code"] == 3
    assert not queue.dispatcher.ledger.books.is_live(JobId(number=1))


@pytest.mark.timeout(120)
def test_nothing_is_lost_wherever_the_dispatcher_dies_while_it_settles_a_restart(tmp_path):
    for left in range(1000):
        root = tmp_path / str(left)
        root.mkdir(mode=0o750)
        queue = Queue(str(root), Config(cpus=4))
        bob = FakeAgent(queue, BOB)
        queue.submit(BOB)
        queue.submit(BOB, "--array=1-2", "--no-requeue")
        for name in list(bob.runs):
            bob.start(name)
        is_done = queue.reboot(left=left)
        queue.restart()
        assert queue.states() == {"1": "PENDING", "2_1": "NODE_FAIL", "2_2": "NODE_FAIL"}
        assert (queue.show("1")["restarts"], queue.cores_taken) == (1, 0)
        queue.close()
        if is_done:
            return
    pytest.fail("it never ends")
