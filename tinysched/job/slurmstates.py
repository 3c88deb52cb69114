"""The states of a job under Slurm's names, long and short, in Slurm's order.

Source: squeue(1), JOB STATE CODES.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

PENDING = "PENDING"
SHORT: Mapping[str, str] = MappingProxyType(
    {
        PENDING: "PD",
        "RUNNING": "R",
        "SUSPENDED": "S",
        "COMPLETED": "CD",
        "CANCELLED": "CA",
        "FAILED": "F",
        "TIMEOUT": "TO",
        "NODE_FAIL": "NF",
        "PREEMPTED": "PR",
        "BOOT_FAIL": "BF",
        "DEADLINE": "DL",
        "OUT_OF_MEMORY": "OOM",
        "COMPLETING": "CG",
        "CONFIGURING": "CF",
        "RESIZING": "RS",
        "RESV_DEL_HOLD": "RD",
        "REQUEUED": "RQ",
        "REQUEUE_FED": "RF",
        "REQUEUE_HOLD": "RH",
        "REVOKED": "RV",
        "SIGNALING": "SI",
        "SPECIAL_EXIT": "SE",
        "STAGE_OUT": "SO",
        "STOPPED": "ST",
    }
)
# What squeue lists unless it is asked for other states.
OPEN = frozenset(
    {"PENDING", "RUNNING", "SUSPENDED", "STOPPED", "COMPLETING", "CONFIGURING", "RESIZING"}
    | {"REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SIGNALING", "STAGE_OUT"}
)
_LONG = {short: name for name, short in SHORT.items()} | {name: name for name in SHORT}


class UnknownStateError(ValueError):
    """A word that names no state; the text is that word."""


def named(words: Iterable[str]) -> frozenset[str]:
    """The long names of states given by either name, in any case. Raises: UnknownStateError."""
    found = set[str]()
    for word in words:
        name = _LONG.get(word.upper())
        if name is None:
            raise UnknownStateError(word)
        found.add(name)
    return frozenset(found)
