"""Recorded cases in which this project differs from the recording on purpose, and why.

Printed into docs/slurm.md. A case that is listed and passes fails its test: the list stays true. In
those of CHANCE the recording is of who came first.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NOTHING_IS_LEFT = (
    "recorded without cgroups, where Slurm leaves children behind; here nothing of a job outlives"
    " it, as with Slurm's `proctrack/cgroup`"
)
STARTS_AT_ONCE = "the job may have started, and made its output file, before the case is over"

DIFFERING: Mapping[str, str] = MappingProxyType(
    {
        "env-process-group-and-session": (
            "a job has a session of its own, so that one that was stopped outlives its keeper,"
            " which is called `ts 42.1` and not slurmstepd"
        ),
        "opt-export-none": (
            "every job has `TJS_COOKIE`, by which its processes are known; `_` and `SHLVL`, which"
            " a shell says of itself, are not taken over from the login"
        ),
        "kill-background-child-after-normal-end": NOTHING_IS_LEFT,
        "kill-nohup-disown-child-after-normal-end": NOTHING_IS_LEFT,
        "sattach-errors": "there is no sattach: srun keeps the terminal of its steps",
        "sreport-and-sacctmgr-read": "there are no accounts to manage, and so no sacctmgr",
        "sinfo-drained-node": (
            "the job starts as soon as the host is open again; Slurm waits until the node has"
            " answered, which is after the end of the recording"
        ),
    }
)
CHANCE: Mapping[str, str] = MappingProxyType(
    {
        "dep-on-array-element": "the element may have ended before it is asked what waits for it",
        "kill-scancel-ignoring-term": (
            "bash says Terminated if just then a command of the script ran that TERM ended"
        ),
        "opt-qos-reservation-cluster-unknown": STARTS_AT_ONCE,
        "quiet": STARTS_AT_ONCE,
    }
)
