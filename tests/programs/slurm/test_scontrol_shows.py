"""What a dispatcher shows for scontrol."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent, Queue
from tinysched.config import Config
from tinysched.job.model import JobId, RunId, Step
from tinysched.partitions import Partition
from tinysched.wire import messages

PARTITIONS = (
    Partition(name="debug", is_default=True, default_mem_per_cpu_mib=1000),
    Partition(name="short", max_time_s=1800, default_time_s=600, default_mem_per_cpu_mib=1000),
)


@pytest.fixture
def large(root: str) -> Iterator[Queue]:
    """A queue with partitions, as Slurm's was when it was recorded."""
    config = Config(cpus=8, memory_mib=16000, poll_interval=3600.0, partitions=PARTITIONS)
    queue = Queue(root, config)
    yield queue
    queue.close()


def shown(queue: Queue, uid: int, *args: str) -> str:
    answer = queue.ask(uid, "scontrol", "show", *args)
    assert (answer.exit_code, answer.err) == (0, b"")
    return answer.out.decode()


def refused(queue: Queue, uid: int, *args: str) -> str:
    answer = queue.ask(uid, "scontrol", *args)
    assert (answer.exit_code, answer.out) == (1, b"")
    return answer.err.decode()


def pairs(text: str) -> dict[str, str]:
    return dict(re.findall(r"([\w/:]+)=(\S*)", text))


def test_a_job_that_waits_is_shown_line_by_line(large: Queue) -> None:
    large.submit(BOB, "--hold", "-J", "nm", "-c", "2", "-t", "30", "--mem=300", "--comment=a b")
    text = shown(large, BOB, "job", "1")
    assert text.splitlines()[:4] == [
        "JobId=1 JobName=nm",
        f"   UserId={BOB}({BOB}) GroupId={BOB}({BOB}) MCS_label=N/A",
        "   Priority=0 Nice=0 Account=(null) QOS=normal",
        "   JobState=PENDING Reason=JobHeldUser Dependency=(null)",
    ]
    assert "   NodeList=\n   NumNodes=1 NumCPUs=2 NumTasks=1 CPUs/Task=2" in text
    assert "   TRES=cpu=2,mem=300M,node=1,billing=2\n" in text
    assert "   Comment=a b \n" in text
    assert text.endswith("   Power=\n   \n\n")


def test_one_line_holds_a_job_as_it_runs_with_its_details(large: Queue) -> None:
    bob = FakeAgent(large, BOB)
    large.submit(BOB, "--cpus-per-task=2", "--time=10", "-o", "%x-%j-%N.out")
    bob.start("1.1")
    line = shown(large, BOB, "-o", "-d", "job", "1")
    assert line.count("\n") == 1
    found = pairs(line)
    assert found["JobState"] == "RUNNING"
    assert found["NodeList"] == found["BatchHost"] == found["Nodes"] != ""
    assert (found["CPU_IDs"], found["Mem"], found["DerivedExitCode"]) == ("0-1", "2000", "0:0")
    assert found["StdOut"] == "/home/somebody/job.sh-1-%N.out"
    assert found["EndTime"] > found["StartTime"]


def test_an_array_is_a_record_for_what_waits_and_one_for_each_task(large: Queue) -> None:
    bob = FakeAgent(large, BOB)
    large.submit(BOB, "--array=1-5%2")
    bob.start("1_1.1")
    records = shown(large, BOB, "job", "1").split("\n\n")[:-1]
    assert [pairs(record)["ArrayTaskId"] for record in records] == ["3-5%2", "2", "1"]
    assert pairs(records[0])["StdOut"] == "/home/somebody/slurm-1_4294967294.out"
    assert pairs(shown(large, BOB, "job", "1_2"))["ArrayTaskId"] == "2"
    raw_id = pairs(records[2])["JobId"]
    assert pairs(shown(large, BOB, "job", raw_id))["ArrayTaskId"] == "1"
    answer = large.ask(BOB, "scontrol", "show", "job", "1_9")
    assert (answer.out, answer.exit_code) == (b"Job 1_9 not found\n", 1)
    assert large.ask(BOB, "scontrol", "show", "job", "1_").out == b"Job 1_0 not found\n"
    waiting = pairs(shown(large, BOB, "job", "1_4"))
    assert (waiting["JobId"], waiting["ArrayTaskId"]) == ("1", "4")
    assert waiting["StdOut"] == "/home/somebody/slurm-1_4.out"


def test_what_is_not_known_is_told_in_slurms_words(large: Queue) -> None:
    unknown = "slurm_load_jobs error: Invalid job id specified\n"
    assert refused(large, BOB, "show", "job", "9") == unknown
    assert refused(large, BOB, "show", "job", "9_1") == unknown
    assert refused(large, BOB, "-Q", "show", "job", "9") == ""
    answer = large.ask(BOB, "scontrol", "show", "partition", "nosuch")
    assert (answer.out, answer.exit_code) == (b"Partition nosuch not found\n", 1)
    answer = large.ask(BOB, "scontrol", "show", "node", "nosuch")
    assert (answer.out, answer.exit_code) == (b"Node nosuch not found\n", 1)
    assert shown(large, BOB, "job") == "No jobs in the system\n"
    assert shown(large, BOB, "step") == "No job steps in the system\n"


def test_private_queues_show_everybody_their_own(root: str) -> None:
    queue = Queue(root, Config(cpus=4, poll_interval=3600.0, privacy="private"))
    queue.submit(BOB, "--hold")
    assert "Invalid job id" in refused(queue, CAROL, "show", "job", "1")
    assert shown(queue, CAROL, "jobs") == "No jobs in the system\n"
    assert pairs(shown(queue, ADMIN, "jobs"))["JobId"] == "1"
    queue.close()


def test_jobs_for_programs_have_the_shape_of_squeues(large: Queue) -> None:
    large.submit(BOB, "--hold")
    large.submit(BOB, "--hold")
    [job] = json.loads(shown(large, BOB, "--json", "job", "2"))["jobs"]
    assert (job["job_id"], job["job_state"]) == (2, "PENDING")
    assert "--json is not supported" in refused(large, BOB, "--json", "show", "nodes")


def test_steps_that_run_are_shown_and_those_of_srun_by_their_numbers(large: Queue) -> None:
    bob = FakeAgent(large, BOB)
    large.submit(BOB, "--cpus-per-task=2")
    bob.start("1.1")
    step = Step(number=0, name="sleep", tasks=1, cores=1, started_at=large.clock.wall())
    run = RunId(job=JobId(number=1), attempt=1)
    bob.say("steps", messages.steps_fields(run, [step], []))
    records = shown(large, BOB, "step").split("\n\n")[:-1]
    assert [pairs(record)["StepId"] for record in records] == ["1.batch", "1.0"]
    assert pairs(shown(large, BOB, "step", "1.0"))["Name"] == "sleep"
    assert pairs(shown(large, BOB, "step", "1.0"))["TRES"] == "cpu=1,mem=1000M,node=1"
    assert "TRES=(null)" in shown(large, BOB, "-o", "step", "1.batch")
    answer = large.ask(BOB, "scontrol", "show", "step", "1.7")
    assert (answer.out, answer.exit_code) == (b"Job step 1.7 not found\n", 1)
    assert "slurm_get_job_steps error" in refused(large, BOB, "show", "step", "9")


def test_host_and_partitions_are_counted(large: Queue) -> None:
    bob = FakeAgent(large, BOB)
    large.submit(BOB, "--cpus-per-task=3")
    bob.start("1.1")
    node = shown(large, BOB, "node")
    found = pairs(node)
    assert (found["CPUAlloc"], found["CPUTot"], found["State"]) == ("3", "8", "MIXED")
    assert "   AllocTRES=cpu=3,mem=3000M\n" in node
    assert "   Partitions=debug,short \n" in node
    short = pairs(shown(large, BOB, "partition", "short"))
    assert (short["DefaultTime"], short["MaxTime"]) == ("00:10:00", "00:30:00")
    assert (short["Default"], short["DefMemPerCPU"], short["State"]) == ("NO", "1000", "UP")
    assert shown(large, BOB, "-o", "partitions").count("\n") == 2


def test_programs_find_what_they_ask_the_configuration_for(large: Queue) -> None:
    lines = shown(large, BOB, "config").splitlines()
    for line in (
        "MinJobAge               = 300 sec",
        "MaxArraySize            = 1000001",
        "KillWait                = 30 sec",
        "ClusterName             = tinysched",
    ):
        assert line in lines


def test_what_administrators_of_slurm_do_is_refused_by_name(large: Queue) -> None:
    assert refused(large, BOB, "reconfigure") == "slurm_reconfigure error: Invalid user id\n"
    assert refused(large, BOB, "cancel", "5") == "slurm_update error: Invalid user id\n"
    assert refused(large, ADMIN, "shutdown").startswith("scontrol: error: shutdown is not supp")
    assert refused(large, ADMIN, "token").startswith("scontrol: error: token is not supported")
    assert refused(large, BOB, "token") == "Error fetching token\n"
    assert refused(large, BOB, "delete", "p=x") == "delete_partition p=x: Invalid user id\n"
    assert "no such thing here" in refused(large, BOB, "show", "slurmd")
    topology = large.ask(BOB, "scontrol", "show", "topology")
    assert topology.err == b"scontrol: error: No topology information available\n"
    assert shown(large, BOB, "reservation") == "No reservations in the system\n"
    assert shown(large, BOB, "federation") == ""
