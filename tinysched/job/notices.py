"""The line in a job's stderr that says why it is ended: its readers look for CANCELLED AT.

Source: what Slurm writes there, which scripts that read logs know.
"""

from __future__ import annotations

from enum import Enum

_SLURMS = "sbatch"


class Why(Enum):
    """What ends a job, in Slurm's words."""

    CANCEL = ""
    LIMIT = " DUE TO TIME LIMIT"
    REQUEUE = " DUE TO JOB REQUEUE"


def speaks_slurm(command: str) -> bool:
    """A job that was submitted under Slurm's name is spoken to as Slurm does."""
    return command == _SLURMS


def voice(host: str, command: str) -> str:
    """Who speaks in the stderr of a Slurm job of what goes wrong with it; '' for any other job."""
    return f"slurmstepd-{host}: error: " if speaks_slurm(command) else ""


def notice(why: Why, raw_id: int, host: str, moment: str, command: str) -> str:
    """The line, with its end. `moment`: local time; `command`: what the job was submitted with."""
    speaker = voice(host, command) or "tinysched: error: "
    return f"{speaker}*** JOB {raw_id} ON {host} CANCELLED AT {moment}{why.value} ***\n"
