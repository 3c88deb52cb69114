"""What a dispatcher says of a script that is only looked at."""

from __future__ import annotations

import pytest

from tests.programs.peers import FakeChannel
from tests.programs.queue import BOB, Queue
from tinysched.config import Config
from tinysched.partitions import Partition
from tinysched.wire.client import hello

PARTS = (
    Partition(name="debug", is_default=True),
    Partition(name="short", max_time_s=1800, cores=2),
    Partition(name="own", users=frozenset({"zoe"})),
)


@pytest.fixture
def parted(root) -> Queue:
    queue = Queue(root, Config(cpus=4, memory_mib=1000, partitions=PARTS, max_array_size=10))
    yield queue
    queue.close()


def lint(queue: Queue, *lines: str) -> list[str]:
    script = "\n".join(["#!/bin/sh", *lines, "true", ""]).encode()
    fields = [
        *hello(), ("command", b"tsctl"), ("cwd", b"/"), ("arg", b"script"), ("script", script),
    ]  # fmt: skip
    reply = queue.ask_on(FakeChannel(BOB), "lint", fields)
    assert (reply.exit_code, reply.err) == (0, b"")
    assert queue.states() == {}
    return reply.out.decode().splitlines()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("#SBATCH -n 4 --mem=900 -p debug", []),
        ("#SBATCH --foo", []),  # whoever reads the script finds that
        ("#SBATCH -n 5", ["never starts", "ntasks", "needs 5 cores, this queue has 4"]),
        ("#SBATCH -c 5", ["never starts", "cpus-per-task", "needs 5 cores"]),
        ("#SBATCH -N 2", ["never starts", "nodes", "this queue has one host"]),
        ("#SBATCH -p short -t 60", ["never starts", "time", "PartitionTimeLimit: asks for 01:00"]),
        ("#SBATCH -p short -c 3", ["never starts", "cpus-per-task", "needs 3 cores, short has 2"]),
        ("#SBATCH -p own", ["refused", "partition", "group not permitted"]),
        ("#SBATCH -p nosuch", ["refused", "partition", "invalid partition specified: nosuch"]),
        ("#SBATCH --mem=2G", ["refused", "mem", "Memory specification can not be satisfied"]),
        ("#SBATCH -a 1-10", ["refused", "array", "Invalid job array specification"]),
        ("#SBATCH -w other", ["refused", "nodelist", "Invalid node name specified"]),
    ],
)
def test_it_says_what_would_become_of_the_job(parted: Queue, line: str, found: list[str]):
    lines = lint(parted, line)
    if not found:
        assert lines == []
        return
    (told,) = lines
    level, option, says = told.split("\t")
    assert [level, option] == found[:2]
    assert found[2] in says
