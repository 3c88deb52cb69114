"""clusterscope: what a cluster has, and what a job sees of it."""

import subprocess
from pathlib import Path

from clusterscope.cluster_info import SlurmClusterInfo
from clusterscope.slurm.partition import get_partition_info
from stage import HERE, PARTITION, same, shell, tool

_SEEN = """
import clusterscope
from pathlib import Path
job = clusterscope.get_job()
words = (job.get_local_rank(), job.get_world_size(), job.get_job_name(), job.get_is_rank_zero())
Path(f"seen.{job.get_global_rank()}").write_text(" ".join(map(str, words)))
"""


def it_describes_the_cluster():
    cluster = SlurmClusterInfo()
    assert cluster.is_slurm_cluster
    # It keeps name and version in /tmp, perhaps from another queue.
    assert cluster.get_cluster_name()
    assert int(cluster.get_slurm_version().partition(".")[0]) > 20
    cores = {found.partition: found.cpu_count for found in cluster.get_cpus_per_node()}
    memory = {found.partition: found.mem_total_MB for found in cluster.get_mem_per_node_MB()}
    same(cores, {PARTITION: 8, "short": 8})
    same(memory, {PARTITION: 16000, "short": 16000})
    same({found.name for found in get_partition_info()}, {PARTITION, "short"})
    same(cluster.get_gpu_generation_and_count(), [])


def it_tells_a_job_its_place():
    Path("seen.py").write_text(_SEEN)
    asks = ("-n", "3", "-J", "scope", "--mem=300M", "-t", "3", "-p", "short")
    shell("srun", *asks, tool("python"), "seen.py")
    seen = [Path(f"seen.{rank}").read_text() for rank in range(3)]
    same(seen, ["0 3 scope True", "1 3 scope False", "2 3 scope False"])


def it_writes_directives_that_are_taken():
    asks = ("--partition", PARTITION, "--cpus-per-task", "2", "--format", "sbatch")
    told = shell(tool("cscope"), "job-gen", "task", "slurm", *asks)
    lines = [line for line in told.splitlines() if line.startswith("#SBATCH")]
    assert lines, told
    script = ["#!/bin/sh", *lines, f"#SBATCH -o {HERE}/generated", "echo $SLURM_CPUS_PER_TASK"]
    Path("generated.sh").write_text("\n".join(script) + "\n")
    subprocess.run(["sbatch", "--wait", "generated.sh"], check=True, timeout=60)
    same(Path("generated").read_text(), "2\n")
