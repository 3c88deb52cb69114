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
_SAYS_LITTLE = "tells less than Slurm"
_MEMORY = (
    "counted when jobs start, where the configuration has `memory_mib`; a job that takes more is"
    " not stopped"
)

DIFFERENT: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "sbatch": {
            "cluster": _ONE_CLUSTER,
            "clusters": _ONE_CLUSTER,
            "mail-type": "sent from the owner's account on this host",
            "mail-user": "sent from the owner's account on this host",
            "mem": _MEMORY,
            "mem-per-cpu": _MEMORY,
            "signal": "sent to the second; Slurm may be up to a minute late",
            "test-only": "tells the latest moment, as if all that runs took its whole time limit",
            "time": "ends the job to the second; Slurm looks every half minute",
            "verbose": _SAYS_LITTLE,
        },
        "squeue": {
            "all": _NOTHING_HIDDEN,
            "clusters": _ONE_CLUSTER,
            "federation": _THIS_ALONE,
            "hide": _NOTHING_HIDDEN,
            "local": _THIS_ALONE,
            "sibling": _THIS_ALONE,
            "start": "a start is foretold only of jobs with --begin",
            "verbose": _SAYS_LITTLE,
        },
        "scancel": {
            "clusters": _ONE_CLUSTER,
            "sibling": _ONE_CLUSTER,
        },
        "sinfo": {
            "all": _NOTHING_HIDDEN,
            "clusters": _ONE_CLUSTER,
            "exact": "there is one node: changes nothing",
            "federation": _THIS_ALONE,
            "hide": _NOTHING_HIDDEN,
            "local": _THIS_ALONE,
            "verbose": _SAYS_LITTLE,
        },
    }
)
