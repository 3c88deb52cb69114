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


def notice(why: Why, raw_id: int, host: str, moment: str, command: str) -> str:
    """The line, with its end. `moment`: local time; `command`: what the job was submitted with."""
    speaker = f"slurmstepd-{host}" if speaks_slurm(command) else "tinysched"
    return f"{speaker}: error: *** JOB {raw_id} ON {host} CANCELLED AT {moment}{why.value} ***\n"
