"""dask-jobqueue: workers that are jobs, as many as there is work for."""

import os

import dask
from dask.distributed import Client
from dask_jobqueue import SLURMCluster
from stage import HERE, PARTITION, USER, same, shell, until


def _listed(state: str) -> list[str]:
    words = ("-h", "-u", USER, "-n", "dask-worker", "-t", state, "-o", "%i")
    return shell("squeue", *words).split()


def _twice(number: int) -> tuple[int, str]:
    return 2 * number, os.environ["SLURM_JOB_ID"]


def it_computes_in_workers_that_are_jobs():
    dask.config.set({"distributed.comm.timeouts.connect": "30s"})
    cluster = SLURMCluster(
        queue=PARTITION,
        cores=2,
        processes=1,
        memory="400MB",
        walltime="00:05:00",
        interface="lo",
        local_directory=str(HERE),
        log_directory=str(HERE / "logs"),
        job_script_prologue=["echo begun on $SLURM_CPUS_PER_TASK cores"],
        scheduler_options={"dashboard": False},
        worker_extra_args=["--no-dashboard"],
    )
    with cluster, Client(cluster) as client:
        cluster.scale(jobs=1)
        client.wait_for_workers(1, timeout=90)
        (job,) = _listed("RUNNING")
        found = client.gather(client.map(_twice, range(20), pure=False))
        same(found, [(2 * number, job) for number in range(20)])
        log = HERE / "logs" / f"dask-worker-{job}.out"
        assert "begun on 2 cores" in log.read_text()
        cluster.adapt(minimum_jobs=2, maximum_jobs=2)
        client.wait_for_workers(2, timeout=90)
        cluster.adapt(minimum_jobs=0, maximum_jobs=1)
        until(lambda: len(_listed("R")) <= 1, "one worker is let go", 90)


def it_leaves_no_worker_behind():
    until(lambda: not _listed("PD,R"), "all workers have ended", 45)
