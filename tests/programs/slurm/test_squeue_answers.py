"""What a dispatcher lists for squeue: privacy, age, reasons."""

from __future__ import annotations

import json

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent, Queue
from tinysched.config import Config
from tinysched.job.quantities import format_time


def listed(queue: Queue, uid: int, *args: str) -> list[str]:
    answer = queue.ask(uid, "squeue", "-h", *args)
    assert (answer.exit_code, answer.err) == (0, b"")
    return answer.out.decode().splitlines()


def test_what_has_ended_is_listed_when_asked_for_and_for_min_job_age_alone(queue, bob):
    queue.submit(BOB)
    bob.end("1.1", code=3)
    assert listed(queue, BOB, "-j", "1") == []
    assert listed(queue, BOB, "-j", "1", "-t", "all", "-o", "%T %r") == ["FAILED NonZeroExitCode"]
    queue.sleep(queue.config.min_job_age_s + 1)
    assert listed(queue, BOB, "-t", "all") == []
    answer = queue.ask(BOB, "squeue", "-j", "1")
    assert (answer.exit_code, answer.out) == (1, b"")
    assert answer.err == b"slurm_load_jobs error: Invalid job id specified\n"


def test_private_queues_show_everybody_their_own(root):
    queue = Queue(root, Config(cpus=4, poll_interval=3600.0, privacy="private"))
    queue.submit(BOB, "--hold")
    queue.submit(CAROL, "--hold")
    assert listed(queue, BOB, "-o", "%i") == ["1"]
    assert listed(queue, ADMIN, "-o", "%i") == ["2", "1"]
    assert listed(queue, BOB, "-j", "1,2", "-o", "%i") == ["1"]
    assert queue.ask(BOB, "squeue", "-j", "2").exit_code == 1
    jobs = json.loads(queue.ask(BOB, "squeue", "--json").out)["jobs"]
    assert [job["job_id"] for job in jobs] == [1]
    queue.close()


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (["--hold"], "JobHeldUser"),
        (["--ntasks=3"], "Resources"),
        (["--ntasks=9"], "PartitionConfig"),
        (["--begin=now+1hour"], "BeginTime"),
        (["--dependency=afterany:1"], "Dependency"),
    ],
)
def test_reasons_have_slurms_names(queue, bob, asked, reason):
    queue.submit(BOB, "--ntasks=3")
    bob.start("1.1")
    queue.submit(BOB, *asked)
    assert listed(queue, BOB, "-j", "2", "-o", "%r") == [reason]


def test_variables_of_the_caller_count(queue):
    queue.submit(BOB, "--hold", "--array=1-2")
    answer = queue.ask(BOB, "squeue", "-h", var="SQUEUE_FORMAT=%i")
    assert answer.out == b"1_[1-2]\n"


def test_a_listing_of_thousands_is_quick_to_ask_for_one(queue):
    queue.submit(BOB, "--hold", "--array=1-1000000")
    assert listed(queue, BOB, "-o", "%i") == ["1_[1-1000000]"]
    assert FakeAgent(queue, BOB).runs == {}


def test_a_moment_to_begin_is_known_whatever_else_is_waited_for(queue):
    queue.submit(BOB, "--hold", "--begin=now+1hour")
    queue.submit(BOB, "--dependency=afterany:1", "--begin=now+1hour")
    queue.submit(BOB, "--hold", "--begin=2020-01-01")
    begins = [listed(queue, BOB, "-j", number, "-o", "%S %r") for number in ("1", "2", "3")]
    at = queue.dispatcher.ledger.books.jobs[1].request.begin_at
    moment = format_time(at, queue.clock.utc_offset_s(at))
    assert begins == [[f"{moment} JobHeldUser"], [f"{moment} Dependency"], ["N/A JobHeldUser"]]
