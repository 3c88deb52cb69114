"""slurm-viewer: nodes, queue and history as typed records."""

import asyncio

from slurm_viewer.data.config import Cluster
from slurm_viewer.data.slurm_communication import Slurm
from stage import PARTITION, same, shell, states, submit, until

_CLUSTER = Slurm(Cluster(name="this one", servers=[]))
_jobs: dict[str, str] = {}


def _asked(question):
    return asyncio.run(question)


def it_shows_the_node_and_what_is_taken_of_it():
    _jobs["wide"] = submit("sleep 200", "-c", "3", "-J", "wide")
    _jobs["later"] = submit("true", "--begin=now+1hour", "-J", "later")
    _jobs["steps"] = submit("srun true; srun sh -c 'exit 2'", "-J", "steps")
    until(lambda: states(_jobs["wide"]) == ["RUNNING"], "one runs")
    (node,) = _asked(_CLUSTER.nodes())
    assert (node.cpu_tot, node.cpu_tot - node.cpu_avail) >= (8, 3), node
    assert PARTITION in node.partitions
    assert {PARTITION, "short"} <= set(_asked(_CLUSTER.partitions()))


def it_shows_the_queue():
    mine = {str(job.job_id): job for job in _asked(_CLUSTER.queue(True))}
    everybodys = {str(job.job_id) for job in _asked(_CLUSTER.queue(False))}
    assert set(mine) <= everybodys
    wide, later = mine[_jobs["wide"]], mine[_jobs["later"]]
    assert "RUNNING" in str(wide.state).upper(), wide
    assert "PENDING" in str(later.state).upper(), later


def it_shows_the_history_with_its_steps():
    number = _jobs["steps"]
    until(lambda: states(number) == ["FAILED"], "the steps have ended")

    def past() -> dict:
        found = {job.JobID: job for job in _asked(_CLUSTER.jobs(1, True))}
        return found if number in found else {}

    found = until(past, "it is in the history")
    names = [f"{number}{part}" for part in ("", ".batch", ".0", ".1")]
    told = [found[name].State.value for name in names]
    same(told, ["FAILED", "FAILED", "COMPLETED", "FAILED"])
    shell("scancel", *_jobs.values())
