"""An admin closes the host or partitions by scontrol, and opens them again."""

from __future__ import annotations

import pytest

from tests.programs.queue import ADMIN, BOB, Queue
from tinysched.config import Config
from tinysched.host.cores import short_hostname
from tinysched.partitions import Partition

HOST = short_hostname()
LONG = "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions"


@pytest.fixture
def parted(root) -> Queue:
    parts = (Partition(name="debug", is_default=True), Partition(name="short"))
    queue = Queue(root, Config(cpus=4, partitions=parts, poll_interval=3600.0))
    yield queue
    queue.close()


def update(queue: Queue, *words: str, uid: int = ADMIN) -> tuple[int, str]:
    answer = queue.ask(uid, "scontrol", "update", *words)
    assert answer.out == b""
    return answer.exit_code, answer.err.decode()


def shown(queue: Queue, command: str, *args: str) -> str:
    return queue.ask(BOB, command, "-h", *args).out.decode().strip()


def test_a_drained_host_starts_nothing_until_it_is_opened(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    assert update(queue, f"NodeName={HOST}", "State=DRAIN", "Reason=new disk") == (0, "")
    queue.submit(BOB)
    assert queue.states() == {"1": "RUNNING", "2": "PENDING"}
    assert shown(queue, "squeue", "-j", "2", "-o", "%r") == LONG
    assert shown(queue, "sinfo", "-o", "%t|%E") == "drng|new disk"
    bob.end("1.1")
    assert shown(queue, "sinfo", "-o", "%T %C") == "drained 0/0/4/4"
    assert queue.states()["2"] == "PENDING"
    assert update(queue, f"nodename={HOST}", "state=resume") == (0, "")
    assert shown(queue, "sinfo", "-R", "-o", "%E") == ""
    assert queue.states()["2"] == "RUNNING"


def test_a_closed_partition_keeps_its_own_jobs_alone(parted):
    assert update(parted, "partitionname=short", "state=down") == (0, "")
    parted.submit(BOB, "--partition=short")
    parted.submit(BOB, "--partition=debug")
    assert shown(parted, "squeue", "-j", "1", "-o", "%r") == "PartitionDown"
    assert "PartitionDown" not in shown(parted, "squeue", "-j", "2", "-o", "%r")
    assert shown(parted, "sinfo", "-o", "%R %a") == "debug up\nshort down"
    assert update(parted, "partitionname=short", "state=UP") == (0, "")
    assert "PartitionDown" not in shown(parted, "squeue", "-j", "1", "-o", "%r")


def test_what_is_closed_stays_closed_over_a_restart_and_a_reload(parted):
    update(parted, f"nodename={HOST}", "state=drain", "reason=x")
    update(parted, "partitionname=short", "state=down")
    parted.restart()
    assert shown(parted, "sinfo", "-o", "%R %a %t") == "debug up drain\nshort down drain"
    assert parted.ask(ADMIN, "reload").exit_code == 0
    assert shown(parted, "sinfo", "-o", "%t").startswith("drain")


def test_a_file_that_makes_no_sense_is_told_and_closes_nothing(parted):
    update(parted, f"nodename={HOST}", "state=drain", "reason=x")
    parted.kill()
    with open(f"{parted.root}/state/closed", "w", encoding="ascii") as file:
        file.write("{}")
    assert parted.begin()
    assert shown(parted, "sinfo", "-o", "%t") == "idle"
    assert b"state/closed" in parted.ask(ADMIN, "status").out


NO_NODE = "slurm_update error: Invalid node name specified\n"
NO_REASON = "You must specify a reason when DOWNING or DRAINING a node. Request denied\n"
NO_KEY = "Update of this parameter is not supported: foo=bar\nRequest aborted\n"


@pytest.mark.parametrize(
    ("words", "err"),
    [
        (["nodename=other", "state=drain", "reason=x"], NO_NODE),
        (["nodename=n[", "state=resume"], NO_NODE),
        ([f"nodename={HOST}", "state=drain"], NO_REASON),
        ([f"nodename={HOST}", "reason=x"], "No changes specified\n"),
        (
            [f"nodename={HOST}", "state=down", "reason=x"],
            "scontrol: error: state=down is not supported: drain it, and scancel what runs\n",
        ),
        ([f"nodename={HOST}", "foo=bar"], NO_KEY),
        (
            ["partitionname=other", "state=up"],
            "slurm_update error: Invalid partition name specified\n",
        ),
        (["partitionname=debug"], "scontrol: error: No changes specified\n"),
        (
            ["partitionname=debug", "state=drain"],
            "scontrol: error: state=drain is not supported: down keeps jobs waiting\n",
        ),
    ],
)
def test_what_cannot_be_closed_is_refused_in_slurms_words(parted, words: list[str], err: str):
    assert update(parted, *words) == (1, err)


def test_wrong_states_are_told_with_those_that_there_are(parted):
    code, err = update(parted, f"nodename={HOST}", "state=foo", "reason=x")
    assert (code, err.splitlines()[:2]) == (1, ["Invalid input: state=foo", "Request aborted"])
    code, err = update(parted, "partitionname=debug", "state=foo")
    assert (code, err.splitlines()[1]) == (
        1,
        "scontrol: error: Acceptable State values are UP, DOWN, DRAIN and INACTIVE",
    )
    code, err = update(parted, "partitionname=debug", "foo=1")
    assert (code, err.splitlines()[0]) == (
        1,
        "scontrol: error: Update of this parameter is not supported: foo=1",
    )


def test_only_admins_close_anything(parted):
    for words in (
        [f"nodename={HOST}", "state=drain", "reason=x"],
        ["partitionname=debug", "state=down"],
    ):
        assert update(parted, *words, uid=BOB) == (1, "slurm_update error: Invalid user id\n")
    assert shown(parted, "sinfo", "-o", "%a %t") == "up idle"
