"""What cores the machine has to give, and its name."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Count the cores that this process may run on; taskset and cpusets are respected."""
    return len(os.sched_getaffinity(0))


def hostname() -> str:
    """Name the machine, as `hostname` and $HOSTNAME do."""
    return os.uname().nodename


def short_hostname() -> str:
    """Name the machine without its domain, as nodes are named in Slurm."""
    return hostname().split(".")[0]
