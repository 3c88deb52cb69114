"""What a dispatcher tells sinfo of its host."""

from __future__ import annotations

import json

from tests.programs.queue import BOB, Queue
from tinysched.config import Config
from tinysched.host.cores import short_hostname
from tinysched.partitions import Partition

HOST = short_hostname()


def listed(queue: Queue, *args: str) -> str:
    answer = queue.ask(BOB, "sinfo", "-h", *args)
    assert (answer.exit_code, answer.err) == (0, b"")
    return answer.out.decode()


def test_the_state_follows_the_cores_that_are_taken(queue, bob):
    assert listed(queue, "-o", "%T %C") == "idle 0/4/0/4\n"
    queue.submit(BOB, "--ntasks=3")
    assert listed(queue, "-o", "%T %C") == "mixed 3/1/0/4\n"
    queue.submit(BOB)
    assert listed(queue, "-o", "%t %C") == "alloc 4/0/0/4\n"
    for run in ("1.1", "2.1"):
        bob.start(run)
        bob.end(run)
    assert listed(queue, "-o", "%t") == "idle\n"


def test_without_partitions_there_is_one_that_squeue_shows_as_well(queue, bob):
    queue.submit(BOB)
    assert listed(queue, "-o", "%P %l %N") == f"{queue.config.cluster_name}* infinite {HOST}\n"
    shown = queue.ask(BOB, "squeue", "-h", "-o", "%P")
    assert shown.out.decode() == f"{queue.config.cluster_name}\n"


def test_partitions_are_those_of_the_configuration(root):
    parts = (
        Partition(name="a", max_time_s=60, default_mem_per_cpu_mib=10),
        Partition(name="b", is_default=True, cores=2, users=frozenset({"zoe", "bob"})),
    )
    queue = Queue(root, Config(cpus=4, memory_mib=1000, partitions=parts, poll_interval=3600.0))
    assert listed(queue, "-o", "%P|%l|%B|%g|%m") == (
        "a|1:00|UNLIMITED|all|1000\nb*|infinite|2|bob,zoe|1000\n"
    )
    queue.close()


def test_variables_of_the_caller_count(queue):
    answer = queue.ask(BOB, "sinfo", "-h", var="SINFO_FORMAT=%c")
    assert answer.out == b"4\n"


def test_mistakes_end_in_slurms_words(queue):
    answer = queue.ask(BOB, "sinfo", "-t", "foo")
    assert (answer.exit_code, answer.out) == (1, b"")
    assert answer.err.startswith(b'sinfo: error: Bad state string: "foo"\n')


def test_json_tells_of_the_host(queue):
    (node,) = json.loads(queue.ask(BOB, "sinfo", "--json").out)["nodes"]
    assert (node["name"], node["cpus"], node["state"]) == (HOST, 4, "idle")
    assert node["free_memory"] > 0
    assert node["operating_system"].startswith("Linux ")
