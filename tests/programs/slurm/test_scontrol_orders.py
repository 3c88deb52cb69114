"""What a dispatcher does for scontrol: hold, release, requeue, suspend, resume, top, notify."""

from __future__ import annotations

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent, Queue
from tinysched.config import Config
from tinysched.job.runs import Cause
from tinysched.wire.channel import Message

NO_JOB = "Invalid job id specified for job 99\n"


def told(queue: Queue, uid: int, *args: str) -> str:
    """What an order is answered; nothing, if all went well."""
    answer = queue.ask(uid, "scontrol", *args)
    assert answer.out == b""
    assert answer.exit_code == int(bool(answer.err))
    return answer.err.decode()


def listed(queue: Queue, what: str, *args: str) -> list[str]:
    answer = queue.ask(ADMIN, "squeue", "-h", "-r", "-o", f"%i {what}", *args)
    return sorted(answer.out.decode().splitlines())


def heard(agent: FakeAgent, verb: str) -> list[Message]:
    """The messages of a kind that lie there for an agent."""
    return [message for message in agent.channel.said if message.verb == verb]


def test_who_holds_a_job_is_known_and_admins_holds_are_theirs(queue: Queue) -> None:
    for _ in range(3):
        queue.submit(BOB, "--begin=now+1hour")
    assert told(queue, BOB, "hold", "1") == ""
    assert told(queue, ADMIN, "hold", "2") == ""
    assert told(queue, ADMIN, "uhold", "3") == ""
    assert listed(queue, "%r") == ["1 JobHeldUser", "2 JobHeldAdmin", "3 JobHeldUser"]
    denied = "Access/permission denied"
    assert told(queue, BOB, "release", "1,2,3") == (
        f"{denied} for job 2\nslurm_suspend error: {denied}\n"
    )
    assert listed(queue, "%r") == ["1 BeginTime", "2 JobHeldAdmin", "3 BeginTime"]
    assert told(queue, BOB, "uhold", "2") == ""
    assert listed(queue, "%r", "-j", "2") == ["2 JobHeldAdmin"]
    assert told(queue, ADMIN, "uhold", "2") == ""
    assert listed(queue, "%r", "-j", "2") == ["2 JobHeldUser"]
    assert told(queue, CAROL, "hold", "1").startswith("Invalid user id for job 1\n")
    assert told(queue, BOB, "hold", "99") == (
        f"{NO_JOB}slurm_suspend error: Invalid job id specified\n"
    )


def test_jobs_are_held_by_name(queue: Queue) -> None:
    for name in ("a", "b", "a"):
        queue.submit(BOB, "--begin=now+1hour", "-J", name)
    queue.submit(CAROL, "--begin=now+1hour", "-J", "a")
    assert told(queue, BOB, "hold", "jobname=a") == ""
    found = listed(queue, "%r")
    assert found == ["1 JobHeldUser", "2 BeginTime", "3 JobHeldUser", "4 BeginTime"]


def test_a_task_is_held_while_others_of_its_array_start(queue: Queue, bob: FakeAgent) -> None:
    queue.submit(BOB, "--hold", "--array=1-4")
    assert told(queue, BOB, "release", "1_2,1_3") == ""
    bob.obey()
    assert sorted(bob.runs) == ["1_2.1", "1_3.1"]
    assert told(queue, BOB, "hold", "1_1") == ""
    queue.restart()
    assert listed(queue, "%r", "-t", "PD") == ["1_1 JobHeldUser", "1_4 JobHeldUser"]
    assert told(queue, BOB, "release", "1") == ""
    bob.obey()
    assert sorted(bob.runs) == ["1_1.1", "1_2.1", "1_3.1", "1_4.1"]


def test_what_is_requeued_rests_as_long_as_in_slurm(queue: Queue, bob: FakeAgent) -> None:
    queue.submit(BOB)
    queue.submit(BOB, "--array=1-2")
    for run in ("1.1", "2_1.1", "2_2.1"):
        bob.start(run)
    assert told(queue, BOB, "requeue", "1,2_1") == ""
    for run in ("1.1", "2_1.1"):
        bob.end(run, signal=15, cause=Cause.CANCEL)
    assert listed(queue, "%r %t") == ["1 BeginTime PD", "2_1 BeginTime PD", "2_2 None R"]
    queue.restart()
    queue.sleep(119)
    assert listed(queue, "%t") == ["1 PD", "2_1 PD", "2_2 R"]
    queue.sleep(2)
    bob.obey()
    assert sorted(bob.runs) == ["1.2", "2_1.2", "2_2.1"]


def test_what_is_requeued_to_be_held_waits_to_be_released(queue: Queue, bob: FakeAgent) -> None:
    queue.submit(BOB)
    bob.start("1.1")
    assert told(queue, BOB, "requeuehold", "1") == ""
    queue.restart()
    bob.end("1.1", signal=15, cause=Cause.CANCEL)
    assert listed(queue, "%t %r") == ["1 PD job requeued in held state"]
    assert listed(queue, "%S") != ["1 N/A"], "it may start after a pause at the earliest"
    queue.sleep(1000)
    assert listed(queue, "%t") == ["1 PD"]
    assert told(queue, BOB, "release", "1") == ""
    bob.obey()
    assert list(bob.runs) == ["1.2"]


def test_why_nothing_is_requeued_is_told(queue: Queue, bob: FakeAgent) -> None:
    queue.submit(BOB, "--hold")
    queue.submit(BOB, "--no-requeue")
    bob.start("2.1")
    assert told(queue, BOB, "requeue", "1") == "Job is pending execution for job 1\n"
    disabled = "Requested operation is presently disabled for job 2\n"
    assert told(queue, BOB, "requeue", "2") == disabled
    assert told(queue, CAROL, "requeue", "2") == "Access/permission denied for job 2\n"
    assert told(queue, BOB, "requeue", "99") == NO_JOB


@pytest.mark.parametrize("keeps", [False, True])
def test_a_suspended_job_stays_so_and_its_cores_go_where_the_configuration_says(
    root: str, *, keeps: bool
) -> None:
    config = Config(cpus=4, poll_interval=3600.0, suspended_keep_cores=keeps)
    queue = Queue(root, config)
    bob = FakeAgent(queue, BOB)
    queue.submit(BOB, "-c", "4", "--time=10")
    bob.start("1.1")
    queue.submit(BOB, "-c", "4")
    queue.sleep(60)
    assert told(queue, ADMIN, "suspend", "1") == ""
    assert [message.text("suspended") for message in heard(bob, "amend")] == ["1"]
    queue.sleep(100)
    bob.obey()
    assert ("2.1" in bob.runs) is not keeps
    assert listed(queue, "%t %M %Q", "-j", "1") == ["1 S 1:00 0"]
    queue.kill()
    assert queue.begin()
    assert queue.cores_taken == 4
    bob.channel.take()
    bob.connect()
    assert bob.heard.count("amend") == 2, "it is told once more, who knows what it has forgotten"
    assert told(queue, ADMIN, "resume", "1") == ""
    assert [message.text("suspended") for message in heard(bob, "amend")] == ["0"]
    assert queue.cores_taken == (4 if keeps else 8)
    queue.sleep(30)
    assert listed(queue, "%t %M %L", "-j", "1") == ["1 R 1:30 8:30"]
    queue.close()


def test_only_admins_suspend_and_only_what_runs(queue: Queue, bob: FakeAgent) -> None:
    queue.submit(BOB)
    queue.submit(BOB, "--hold")
    bob.start("1.1")
    denied = "Access/permission denied for job 1\n"
    assert told(queue, BOB, "suspend", "1") == told(queue, BOB, "resume", "1") == denied
    assert told(queue, ADMIN, "resume", "1") == "Job is not suspended for job 1\n"
    assert told(queue, ADMIN, "suspend", "1,2") == "Job is pending execution for job 2\n"
    assert told(queue, ADMIN, "suspend", "1") == "", "it is already"
    assert len(heard(bob, "amend")) == 1
    assert told(queue, ADMIN, "suspend", "99") == NO_JOB
    assert told(queue, BOB, "suspend", "99,x").count("Access/permission denied") == 2
    bob.end("1.1", signal=15, cause=Cause.CANCEL)
    over = "Job/step already completing or completed for job 1\n"
    assert told(queue, ADMIN, "suspend", "1") == told(queue, ADMIN, "resume", "1") == over


def test_of_an_array_is_told_what_was_done_to_which_of_its_tasks(
    queue: Queue, bob: FakeAgent
) -> None:
    queue.submit(BOB, "--array=1-4%2")
    waits = "1_1-2: No error\n1_3-4: Job is pending execution\n"
    assert told(queue, ADMIN, "suspend", "1") == waits
    assert listed(queue, "%t") == ["1_1 S", "1_2 S", "1_3 PD", "1_4 PD"]
    assert told(queue, ADMIN, "resume", "1") == waits
    assert told(queue, ADMIN, "suspend", "1_3") == "1_3: Job is pending execution\n"
    assert told(queue, BOB, "requeue", "1") == waits
    bob.end("1_1.1", signal=15, cause=Cause.CANCEL)
    assert told(queue, BOB, "hold", "1_1") == ""
    assert told(queue, BOB, "hold", "1_9") == "1_9: Invalid job id specified\n"


def test_of_the_arrays_of_others_each_task_is_refused(queue: Queue) -> None:
    queue.submit(BOB, "--hold", "--array=1-3")
    assert told(queue, CAROL, "release", "1") == "1_1-3: Invalid user id\n"
    assert told(queue, CAROL, "hold", "1_2") == "1_2: Invalid user id\n"
    assert told(queue, CAROL, "requeue", "1") == "1_1-3: Access/permission denied\n"


def test_a_hold_is_told_not_to_reach_what_has_ended(queue: Queue, bob: FakeAgent) -> None:
    queue.submit(BOB, "--array=1-3%1")
    bob.end("1_1.1")
    over = "1_1: Job has already finished\n"
    assert told(queue, BOB, "hold", "1") == f"{over}1_2-3: No error\n"
    assert told(queue, BOB, "release", "1") == f"{over}1_2-3: No error\n"
    assert told(queue, BOB, "hold", "1_1") == over
    assert told(queue, BOB, "update", "JobId=1", "Nice=5") == f"{over}1_2-3: No error\n"


def test_a_suspended_job_is_cancelled_and_what_is_requeued_begins_anew(
    queue: Queue, bob: FakeAgent
) -> None:
    for number in (1, 2):
        queue.submit(BOB)
        bob.start(f"{number}.1")
        assert told(queue, ADMIN, "suspend", str(number)) == ""
    assert queue.ask(BOB, "scancel", "1").exit_code == 0
    assert told(queue, BOB, "requeue", "2") == ""
    assert listed(queue, "%t") == ["1 CG", "2 CG"]
    for run in ("1.1", "2.1"):
        bob.end(run, signal=15, cause=Cause.CANCEL)
    queue.sleep(121)
    bob.start("2.2")
    assert listed(queue, "%t") == ["2 R"]
    assert queue.cores_taken == 1


def test_the_first_of_its_owners_jobs_takes_no_other_owners_place(queue: Queue) -> None:
    for uid in (BOB, CAROL, BOB, BOB):
        queue.submit(uid, "--begin=now+1hour")
    assert told(queue, BOB, "top", "4") == "Access/permission denied for job 4\n"
    assert told(queue, BOB, "hold", "1") == ""
    held = "Job is in held state, pending scheduler release for job 1\n"
    assert told(queue, ADMIN, "top", "1") == held
    assert told(queue, BOB, "release", "1") == ""
    assert told(queue, ADMIN, "top", "4") == ""
    answer = queue.ask(ADMIN, "squeue", "-h", "-S", "-p", "-o", "%i")
    assert answer.out.decode().split() == ["4", "2", "1", "3"]


def test_words_are_written_by_the_agent_and_cannot_forge_a_line(
    queue: Queue, bob: FakeAgent
) -> None:
    queue.submit(BOB)
    failed = "job notify failure: "
    disabled = "Requested operation is presently disabled"
    assert told(queue, BOB, "notify", "1", "x") == f"{failed}{disabled}\n"
    bob.start("1.1")
    assert told(queue, BOB, "notify", "1", "hello", "the\nre") == ""
    assert [message.text("words") for message in heard(bob, "notify")] == ["hello the\\nre"]
    assert told(queue, CAROL, "notify", "1", "x") == f"{failed}Invalid user id\n"
    assert told(queue, BOB, "notify", "99", "x") == f"{failed}Invalid job id specified\n"
