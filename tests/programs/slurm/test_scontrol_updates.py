"""What a dispatcher changes of a job for `scontrol update`, and for whom."""

from __future__ import annotations

import json
import re

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent, Queue
from tests.programs.slurm.test_scontrol_orders import heard, listed, told
from tinysched.config import Config
from tinysched.partitions import Partition

SHORT = Partition(name="short", default_time_s=600, max_time_s=1800, is_default=True)
DENIED = "Access/permission denied for job 1\n"
WRONG = "scontrol: error: Invalid "
NO_NUMBER = (
    'scontrol: error: Invalid numeric value "x" for NumCPUs.\n'
    "scontrol: error: Invalid NumCPUs value: x\n"
)
NO_TIME = "Invalid time specification (pos=0): soon\nNo changes specified\n"
SMALL = "scontrol: error: TimeLimit decrement larger than current time limit"
LEAST = "Invalid time-min specification"
LATE = "Job is no longer pending execution for job 1\n"


def update(queue: Queue, uid: int, *words: str, job: str = "1") -> str:
    """What an update of a job is answered; nothing, if all went well. Files were written."""
    answer = queue.ask(uid, "scontrol", "update", f"JobId={job}", *words, written="1")
    assert (answer.out, answer.exit_code) == (b"", int(bool(answer.err)))
    return answer.err.decode()


def shown(queue: Queue, name: str, job: str = "1") -> str:
    line = queue.ask(ADMIN, "scontrol", "-o", "show", "job", job).out.decode()
    [found] = re.findall(rf" {name}=(\S*)", line)
    return found


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("TimeLimit=1-00:00:00", "TimeLimit", "1-00:00:00"),
        ("timelimit=+5", "TimeLimit", "00:35:00"),
        ("TimeLimit-=10", "TimeLimit", "00:20:00"),
        ("TimeLimit=UNLIMITED", "TimeLimit", "UNLIMITED"),
        ("TimeMin=5", "TimeMin", "00:05:00"),
        ("JobName=new", "JobName", "new"),
        ("Name=new", "JobName", "new"),
        ("Comment=new", "Comment", "new"),
        ("Account=x", "Account", "x"),
        ("QOS=x", "QOS", "x"),
        ("NumCPUs=3", "NumCPUs", "3-3"),
        ("NumTasks=2", "NumTasks", "2"),
        ("CPUsPerTask=2", "CPUs/Task", "2"),
        ("MinCPUsNode=2", "MinCPUsNode", "2"),
        ("NumNodes=1", "NumNodes", "1-1"),
        ("MinMemoryNode=700", "MinMemoryNode", "700M"),
        ("MinMemoryCPU=1G", "MinMemoryCPU", "1G"),
        ("StartTime=2031-01-02T03:04:05", "EligibleTime", "2031-01-02T03:04:05"),
        ("EligibleTime=2031-01-02", "EligibleTime", "2031-01-02T00:00:00"),
        ("Dependency=afterok:77", "Dependency", "afterok:77(unfulfilled)"),
        ("Nice=7", "Nice", "7"),
        ("Nice", "Nice", "100"),
        ("Requeue=0", "Requeue", "0"),
        ("MinTmpDiskNode=2G", "MinTmpDiskNode", "2G"),
        ("DelayBoot=5", "DelayBoot", "00:05:00"),
        ("Switches=1@5", "Switches", "1@00:05:00"),
        ("ExcNodeList=", "ExcNodeList", "(null)"),
        ("ArrayTaskThrottle=3", "Nice", "0"),
        ("ResetAccrueTime", "Nice", "0"),
        ("MailType=begin", "MailType", "BEGIN"),
        ("StdOut=other-%j.txt", "StdOut", "/home/somebody/other-1.txt"),
        ("WorkDir=/tmp", "WorkDir", "/tmp"),
    ],
)
def test_what_an_owner_may_change_is_changed_and_stays_so(
    queue: Queue, word: str, name: str, value: str
) -> None:
    queue.submit(BOB, "--hold", "--time=30")
    assert update(queue, BOB, word) == ""
    queue.restart()
    assert shown(queue, name) == value


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("TimeLimit=abc", "scontrol: error: Invalid TimeLimit value\n"),
        ("NumCPUs=x", NO_NUMBER),
        ("Requeue=maybe", f"{WRONG}Requeue value: maybe\n"),
        ("MinMemoryNode=x", f"{WRONG}MinMemoryNode value: x\n"),
        ("StartTime=soon", NO_TIME),
        ("Dependency=never:1", "Job dependency problem for job 1\n"),
        ("Dependency=afterok:1", "Job dependency problem for job 1\n"),
        ("Features=fast", "Invalid feature specification for job 1\n"),
        ("Gres=gpu:1", "Invalid generic resource (gres) specification for job 1\n"),
        ("Licenses=x", "Invalid license specification for job 1\n"),
        ("ReservationName=x", "Requested reservation is invalid for job 1\n"),
        ("NodeList=nosuch", "Invalid node name specified for job 1\n"),
        ("ExcNodeList=nosuch", "Invalid node name specified for job 1\n"),
        ("TimeLimit-=31", f"{SMALL} (31 > 30)\n"),
        ("TimeMin=31", f"{LEAST} (exceeds job's time or other limits) for job 1\n"),
        ("NumCPUs=5", "Requested partition configuration not available now for job 1\n"),
        ("BurstBuffer=x", "Requested operation not supported on this system for job 1\n"),
        ("MailType=x", "Invalid MailType: x\n"),
        ("EndTime=2031-01-01", "Job is not running for job 1\n"),
        ("Contiguous=1", DENIED),
        ("OverSubscribe=yes", DENIED),
        ("Deadline=2031-01-01", DENIED),
        ("TasksPerNode=2", DENIED),
        ("CoreSpec=1", DENIED),
        ("Nice=-5", DENIED),
        ("Priority=5", "Job is in held state, pending scheduler release for job 1\n"),
        ("StdErr=/e", "Update of this parameter is not supported: StdErr=/e\nRequest aborted\n"),
        ("Foo=1", "Update of this parameter is not supported: Foo=1\nRequest aborted\n"),
        ("Foo", "Invalid input: Foo\nRequest aborted\n"),
    ],
)
def test_mistakes_change_nothing_and_are_told(queue: Queue, word: str, said: str) -> None:
    queue.submit(BOB, "--hold", "--time=30")
    assert update(queue, BOB, "Nice=5", word) == said
    assert shown(queue, "Nice") == "0"


def test_a_circle_of_jobs_that_wait_for_each_other_is_seen(queue: Queue) -> None:
    queue.submit(BOB, "--hold")
    queue.submit(BOB, "--dependency=afterok:1")
    queue.submit(BOB, "--dependency=afterok:2")
    assert update(queue, BOB, "Dependency=afterok:3") == "Circular job dependency for job 1\n"
    assert update(queue, BOB, "Dependency=", job="2") == ""
    assert listed(queue, "%r")[1] != "2 Dependency"


def test_nobody_changes_the_words_of_others_and_admins_change_the_rest(queue: Queue) -> None:
    queue.submit(BOB, "--hold", "--nice=50")
    assert update(queue, CAROL, "TimeLimit=5") == "Invalid user id for job 1\n"
    for word in ("JobName=x", "Comment=x", "StdOut=x", "WorkDir=/", "MailUser=x", "MailType=END"):
        assert update(queue, ADMIN, word) == DENIED
    assert update(queue, ADMIN, "Requeue=1") == DENIED
    assert update(queue, BOB, "Nice=5") == ""
    words = ("Nice=-5", "TimeLimit=5", "Contiguous=1", "OverSubscribe=yes", "TasksPerNode=2")
    assert update(queue, ADMIN, *words, "Deadline=2031-01-02") == ""
    names = ("Nice", "Contiguous", "OverSubscribe", "NtasksPerN:B:S:C", "Deadline")
    values = ["-5", "1", "YES", "2:0:*:*", "2031-01-02T00:00:00"]
    assert [shown(queue, name) for name in names] == values


def test_the_owner_alone_is_told_what_to_write_and_nothing_changes_before(queue: Queue) -> None:
    queue.submit(BOB, "--hold", token="a" * 32)
    words = ("update", "JobId=1", "JobName=new", "StdOut=o", "TimeLimit=5")
    answer = queue.ask(BOB, "scontrol", *words)
    assert json.loads(answer.values["own"]) == [
        {"token": "a" * 32, "job": 1, "changes": {"name": "new", "output": "o"}}
    ]
    assert shown(queue, "JobName") == "job.sh"
    assert "own" not in queue.ask(BOB, "scontrol", *words, written="1").values
    assert shown(queue, "JobName") == "new"


def test_priorities_are_the_admins_and_0_holds(queue: Queue) -> None:
    queue.submit(BOB, "--begin=now+1hour")
    lasting = "Changes to job priority are not persistent, change nice instead for job 1\n"
    assert update(queue, BOB, "Priority=5") == lasting
    assert update(queue, BOB, "Priority=0") == ""
    assert listed(queue, "%r") == ["1 JobHeldUser"]
    assert update(queue, ADMIN, "Priority=5") == ""
    assert listed(queue, "%r %Q") == ["1 BeginTime 5"]


def test_the_limit_of_what_runs_is_lowered_by_its_owner_and_raised_by_an_admin(
    queue: Queue, bob: FakeAgent
) -> None:
    queue.submit(BOB, "--time=30")
    bob.start("1.1")
    assert update(queue, BOB, "TimeLimit=40") == update(queue, BOB, "TimeLimit=0") == DENIED
    assert update(queue, BOB, "TimeLimit=10") == ""
    assert update(queue, ADMIN, "TimeLimit=40") == ""
    assert [message.text("limit_s") for message in heard(bob, "amend")] == ["600", "2400"]
    queue.restart()
    assert shown(queue, "TimeLimit") == "00:40:00"
    assert update(queue, BOB, "EndTime=now+3minutes") == ""
    assert shown(queue, "TimeLimit") == "00:03:00"
    assert bob.heard.count("amend") == 1
    bob.channel.take()
    for word in ("StdOut=x", "StartTime=now", "Partition=x", "NumCPUs=2", "Dependency="):
        assert update(queue, BOB, word) == LATE


def test_no_limit_is_not_the_limit_of_a_partition(root: str) -> None:
    config = Config(cpus=4, poll_interval=3600.0, partitions=(SHORT,))
    queue = Queue(root, config)
    queue.submit(BOB, "--begin=now+1hour")
    assert shown(queue, "TimeLimit") == "00:10:00"
    assert update(queue, BOB, "TimeLimit=UNLIMITED") == ""
    assert shown(queue, "TimeLimit") == "UNLIMITED"
    assert update(queue, BOB, "TimeLimit=5") == ""
    assert shown(queue, "TimeLimit") == "00:05:00"
    assert update(queue, BOB, "TimeLimit=31") == DENIED, "the partition allows less"
    queue.close()


def test_one_task_may_have_a_limit_of_its_own(queue: Queue, bob: FakeAgent) -> None:
    queue.submit(BOB, "--hold", "--array=1-3", "--time=5")
    assert update(queue, BOB, "TimeLimit=9", job="1_2") == ""
    assert "single task" in update(queue, BOB, "Nice=9", job="1_2")
    queue.restart()
    assert listed(queue, "%l") == ["1_1 5:00", "1_2 9:00", "1_3 5:00"]
    assert queue.ask(BOB, "scontrol", "release", "1").exit_code == 0
    bob.obey()
    assert [bob.runs[f"1_{task}.1"].grant.limit_s for task in (1, 2, 3)] == [300, 540, 300]
    assert listed(queue, "%l") == ["1_1 5:00", "1_2 9:00", "1_3 5:00"]


def test_more_tasks_may_run_at_once_from_now_on(queue: Queue, bob: FakeAgent) -> None:
    queue.submit(BOB, "--array=1-4%1")
    bob.obey()
    assert len(bob.runs) == 1
    assert update(queue, BOB, "ArrayTaskThrottle=3") == ""
    bob.obey()
    assert len(bob.runs) == 3
    assert update(queue, BOB, "ArrayTaskThrottle=0") == ""
    bob.obey()
    assert len(bob.runs) == 4


def test_several_jobs_are_changed_and_those_that_cannot_be_are_named(
    queue: Queue, bob: FakeAgent
) -> None:
    queue.submit(BOB, "-J", "a")
    bob.end("1.1")
    for name in "aab":
        queue.submit(BOB, "--hold", "-J", name)
    said = "Job has already finished for job 1\nInvalid job id specified for job 99\n"
    assert update(queue, BOB, "Nice=5", job="1,2,99") == said
    assert update(queue, BOB, "Nice=5", job="99_1") == "99_1: Invalid job id specified\n"
    assert (shown(queue, "Nice", "2"), shown(queue, "Nice", "3")) == ("5", "0")
    assert told(queue, BOB, "update", "jobname=a", "Nice=9") == ""
    assert [shown(queue, "Nice", job) for job in "234"] == ["9", "9", "0"]


def test_who_renames_a_job_lets_those_go_that_waited_for_its_name(
    queue: Queue, bob: FakeAgent
) -> None:
    queue.submit(BOB, "--hold", "-J", "one")
    queue.submit(BOB, "-J", "one", "--dependency=singleton")
    assert listed(queue, "%r") == ["1 JobHeldUser", "2 Dependency"]
    assert update(queue, BOB, "JobName=other") == ""
    bob.obey()
    assert list(bob.runs) == ["2.1"]


def test_what_is_no_job_is_the_admins_and_stands_in_the_configuration(queue: Queue) -> None:
    denied = "slurm_update error: Invalid user id\n"
    said = f"Error updating the reservation: Invalid user id\n{denied}"
    assert told(queue, BOB, "update", "ReservationName=x", "Users=bob") == said
    assert told(queue, BOB, "update", "TimeLimit=5").startswith("No valid entity in update")
    assert told(queue, BOB, "update", "JobId=1") == "No changes specified\n"
