"""Options of Slurm's commands that do something else here than in a Slurm, and what.

Printed into docs/slurm.md, and told by `tsctl lint`. What is kept without effect, or refused, is so
marked in the tables of options.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ONE_CLUSTER = "there is one cluster: its name, and `all`, mean this one"
_THIS_ALONE = "there is one cluster: changes nothing"
_NOTHING_HIDDEN = "no partition is hidden: changes nothing"
_SAYS_LITTLE = "tells less"
_FROM_HERE = "sent from the owner's account on this host"
_MEMORY = (
    "counted when jobs start, where the configuration has `memory_mib`; a job that takes more is"
    " not stopped"
)
_OF_A_JOB = {
    "cluster": _ONE_CLUSTER,
    "clusters": _ONE_CLUSTER,
    "mail-type": _FROM_HERE,
    "mail-user": _FROM_HERE,
    "mem": _MEMORY,
    "mem-per-cpu": _MEMORY,
    "signal": "sent to the second; Slurm may be up to a minute late",
    "time": "ends the job to the second; Slurm looks every half minute",
    "verbose": _SAYS_LITTLE,
}
_OF_A_LISTING = {
    "all": _NOTHING_HIDDEN,
    "clusters": _ONE_CLUSTER,
    "federation": _THIS_ALONE,
    "hide": _NOTHING_HIDDEN,
    "local": _THIS_ALONE,
    "verbose": _SAYS_LITTLE,
}

# Command: option: how it differs.
DIFFERENT: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "sbatch": {
            **_OF_A_JOB,
            "test-only": "tells the latest moment, as if all that runs took its whole time limit",
        },
        "squeue": {
            **_OF_A_LISTING,
            "sibling": _THIS_ALONE,
            "start": "a start is foretold only of jobs with `--begin`",
        },
        "scancel": {
            "clusters": _ONE_CLUSTER,
            "sibling": _ONE_CLUSTER,
        },
        "scontrol": {
            **_OF_A_LISTING,
            "future": "there are no such nodes: changes nothing",
            "json": "of jobs alone",
            "sibling": _THIS_ALONE,
        },
        "sacct": {
            "allclusters": _THIS_ALONE,
            "associations": "there are none: 0 is all jobs, any other none",
            "batch-script": "no script is kept for accounting: prints nothing",
            "cluster": _ONE_CLUSTER,
            "clusters": _ONE_CLUSTER,
            "env-vars": "no environment is kept for accounting: prints nothing",
            "federation": _THIS_ALONE,
            "local": _THIS_ALONE,
            "use-local-uid": "there are no other names: changes nothing",
            "verbose": _SAYS_LITTLE,
            "whole-hetjob": "there are no such jobs: changes nothing",
        },
        "sstat": {"verbose": _SAYS_LITTLE},
        "sinfo": {
            **_OF_A_LISTING,
            "exact": "there is one node: changes nothing",
        },
        "srun": {
            **_OF_A_JOB,
            "propagate": "of a job of its own; inside a job tasks have the limits of their srun",
            "mpi": "none alone; MPI programs are started with mpirun",
            "test-only": "tells the latest moment, as if all that runs took its whole time limit",
        },
        "salloc": _OF_A_JOB,
    }
)
# Keywords of scontrol: how they differ.
KEYWORDS: Mapping[str, str] = MappingProxyType(
    {
        "all": _NOTHING_HIDDEN,
        "cluster": _ONE_CLUSTER,
        "hide": _NOTHING_HIDDEN,
        "show": "of what there is here",
        "suspend": "suspended_keep_cores in the configuration: whether its cores stay taken",
        "update": "words and paths by the owner alone; of a single task its limit, or its hold",
        "verbose": _SAYS_LITTLE,
    }
)
