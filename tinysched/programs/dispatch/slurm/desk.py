"""Which of Slurm's commands are answered, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.slurm import (
    endings,
    lint,
    sacct,
    scancel,
    scontrol,
    sinfo,
    squeue,
    sstat,
)
from tinysched.wire.channel import Channel, Message

Verb = Callable[[Channel, Message], Answer]


def verbs(parts: Parts) -> Mapping[str, Verb]:
    """The verbs of Slurm's commands."""
    return {
        "ending": endings.Endings(parts).answer,
        "lint": lint.Lint(parts).answer,
        "sacct": sacct.Sacct(parts).answer,
        "scancel": scancel.Scancel(parts).answer,
        "scontrol": scontrol.Scontrol(parts).answer,
        "sinfo": sinfo.Sinfo(parts).answer,
        "squeue": squeue.Squeue(parts).answer,
        "sstat": sstat.Sstat(parts).answer,
    }
