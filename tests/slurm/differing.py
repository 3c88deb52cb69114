"""Recorded cases in which this project differs from the recording on purpose, and why.

Printed into docs/slurm.md. A case that is listed and passes fails its test: the list stays true.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NOT_KILLED = (
    "recorded without cgroups, where Slurm leaves children behind; here nothing of a job outlives"
    " it, as with Slurm's `proctrack/cgroup`"
)
NO_LIMIT = "memory requests are counted when jobs start; limits are not enforced yet"

DIFFERING: Mapping[str, str] = MappingProxyType({})
