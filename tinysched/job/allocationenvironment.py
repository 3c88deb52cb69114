"""What srun and salloc are told of the cores they got: less than a batch script is.

Source: salloc(1) "OUTPUT ENVIRONMENT VARIABLES"; what commands of a real Slurm 22.05 saw.
"""

from __future__ import annotations

from collections.abc import Mapping

# There is no task and no script yet: srun makes the tasks, and tells them these.
_OF_A_TASK = frozenset(
    {
        *(b"ENVIRONMENT", b"HOSTNAME", b"SLURM_GTIDS", b"SLURM_LOCALID", b"SLURM_NODEID"),
        *(b"SLURM_PROCID", b"SLURM_STEPID", b"SLURM_STEP_ID", b"SLURM_TASK_PID"),
    }
)
_NOT_FOR_SRUN = _OF_A_TASK | {
    *(b"SLURM_JOB_QOS", b"SLURM_MEM_PER_CPU", b"SLURM_MEM_PER_NODE", b"SLURM_NODE_ALIASES"),
}
_NOT_FOR_SALLOC = _OF_A_TASK | {
    *(b"SLURMD_NODENAME", b"SLURM_CPUS_ON_NODE", b"SLURM_JOB_GID", b"SLURM_JOB_QOS"),
    *(b"SLURM_JOB_UID", b"SLURM_JOB_USER", b"SLURM_PRIO_PROCESS", b"SLURM_TOPOLOGY_ADDR"),
    *(b"SLURM_TOPOLOGY_ADDR_PATTERN", b"SLURM_WORKING_CLUSTER", b"TMPDIR"),
}
_ONLY_IF_SAID = {
    b"SLURM_CPUS_PER_TASK": "cpus-per-task",
    b"SLURM_MEM_PER_CPU": "mem-per-cpu",
    b"SLURM_MEM_PER_NODE": "mem",
}


def reduced(
    variables: Mapping[bytes, bytes],
    submitted: Mapping[bytes, bytes],
    said: Mapping[str, str],
    *,
    is_srun: bool,
) -> dict[bytes, bytes]:
    """A job's variables, without what only scripts are told; what was there before stays."""
    found = dict(variables)
    unwanted = set(_NOT_FOR_SRUN if is_srun else _NOT_FOR_SALLOC)
    unwanted |= {name for name, option in _ONLY_IF_SAID.items() if option not in said}
    for name in unwanted & found.keys():
        del found[name]
        if name in submitted:
            found[name] = submitted[name]
    return found
