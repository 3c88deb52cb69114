"""HyperQueue by its Python API, as small commands. Runs in an environment that has it."""

from __future__ import annotations

import os
import signal
import sys

from hyperqueue import Client, Job, LocalCluster
from hyperqueue.cluster import WorkerConfig
from hyperqueue.ffi.protocol import ResourceRequest


def daemon(place: str, cores: str) -> None:
    """Server and worker, until it is killed."""
    cluster = LocalCluster(place, WorkerConfig(cores=int(cores)))
    while cluster:
        signal.pause()


def submit(place: str, count: str, out: str, cores: str, *argv: str) -> None:
    """One job of so many tasks, each with an output file."""
    job = Job(max_fails=None)
    resources = None if cores == "1" else ResourceRequest(cpus=int(cores))
    for number in range(int(count)):
        path = out if out == os.devnull else f"{out}/{number}"
        job.program(list(argv), stdout=path, stderr=os.devnull, resources=resources)
    sys.stdout.write(f"job {Client(place).submit(job).id}\n")


def jobs(place: str, count: str, script: str) -> None:
    """So many jobs of one task."""
    _separate(place, [[script]] * int(count))


def numbered(place: str, first: str, last: str, script: str) -> None:
    """The same, each with its number."""
    _separate(place, [[script, str(number)] for number in range(int(first), int(last) + 1)])


def _separate(place: str, commands: list[list[str]]) -> None:
    client = Client(place)
    for command in commands:
        job = Job(max_fails=None)
        job.program(command, stdout=os.devnull, stderr=os.devnull)
        client.submit(job)


if __name__ == "__main__":
    {"daemon": daemon, "submit": submit, "jobs": jobs, "numbered": numbered}[sys.argv[1]](
        *sys.argv[2:]
    )
