"""What an agent is granted of a partition: its name, its limits, and memory as it is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.programs.queue import BOB, FakeAgent, Queue
from tinysched.config import Config
from tinysched.job.request import Request
from tinysched.partitions import Partition
from tinysched.policy.capacity import Capacity
from tinysched.wire import messages
from tinysched.wire.channel import Message

DEBUG = Partition(name="debug", is_default=True, default_mem_per_cpu_mib=1000)
SHORT = Partition(name="short", default_time_s=600, max_time_s=1800, default_mem_per_cpu_mib=500)


@pytest.fixture
def parted(root: str):
    """A queue with two partitions."""
    config = Config(cpus=8, memory_mib=16000, partitions=(DEBUG, SHORT), poll_interval=3600.0)
    queue = Queue(root, config)
    yield queue
    queue.close()


def test_partition_memory_and_limit_are_granted_as_they_came_out(parted):
    bob = FakeAgent(parted, BOB)
    asked = {
        "1.1": (),
        "2.1": ("-c", "2", "-p", "short,debug"),
        "3.1": ("--mem=100", "-t", "5"),
        "4.1": ("--mem-per-cpu=10", "-c", "2"),
    }
    for args in asked.values():
        parted.submit(BOB, *args)
    bob.obey()
    grants = {name: run.grant for name, run in bob.runs.items()}
    found = {
        name: (grant.partition, grant.memory_mib, grant.memory_per_cpu_mib, grant.limit_s)
        for name, grant in grants.items()
    }
    assert found == {
        "1.1": ("debug", 1000, 1000, None),
        "2.1": ("short", 1000, 500, 600),
        "3.1": ("debug", 100, 0, 300),
        "4.1": ("debug", 20, 10, None),
    }


def test_all_memory_is_granted_as_a_whole_and_without_partitions_there_is_none(queue):
    bob = FakeAgent(queue, BOB)
    queue.submit(BOB, "--mem=0")
    bob.obey()
    grant = bob.runs["1.1"].grant
    assert (grant.partition, grant.memory_per_cpu_mib) == ("", 0)
    assert grant.memory_mib > 0


def test_a_grant_of_an_older_dispatcher_is_read(queue):
    bob = FakeAgent(queue, BOB)
    queue.submit(BOB)
    bob.obey()
    grant = bob.runs["1.1"].grant
    fields = [
        (name, value)
        for name, value in messages.grant_fields(grant)
        if name not in ("partition", "memory_per_cpu_mib")
    ]
    assert messages.read_grant(Message(verb="grant", fields=tuple(fields))) == grant


def test_a_host_is_not_taken_with_fewer_cores_than_it_must_have():
    request = Request(name="x", submit_dir="/", ntasks=3, stored={"mincpus": "4"})
    assert Capacity(cores=8).cores_of(request) == 4
    assert Capacity(cores=8).cores_of(replace(request, ntasks=5)) == 5
