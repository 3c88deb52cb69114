"""How a client in a terminal speaks of its job: in our words, or as srun and salloc do."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinysched.errors import VerbatimError
from tinysched.job.runs import Cause, Ending
from tinysched.script import submission
from tinysched.script.grammar import has, values
from tinysched.script.slurm import allocations, getopt
from tinysched.script.slurm.refusals import EXIT_SYNTAX

_SOON_S = 1.0
_BUSY = "Unable to allocate resources: Requested nodes are busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """One command. `command` is what its request is stored under; `variables` go with it.

    `give_up_s`: how long to wait at most (None: for ever). `is_slurms`: says as little as Slurm.
    """

    name: str
    command: str
    variables: Sequence[bytes] = ()
    give_up_s: float | None = None
    is_slurms: bool = False
    is_quiet: bool = False
    bell: bool = False

    def waits(self, number: str, why: str) -> None:
        """Others have the cores."""
        if not self.is_slurms:
            _say(f"{self.name}: job {number} waits for {why}\n")
            return
        if self.command == allocations.SALLOC_COMMAND:
            self._info(f"Pending job allocation {number}")
        self._info(f"job {number} queued and waiting for resources")

    def begins(self, number: str, *, has_waited: bool) -> None:
        """It has its cores."""
        if has_waited and self.is_slurms:
            self._info(f"job {number} has been allocated resources")
        if self.command == allocations.SALLOC_COMMAND:
            self._info(f"Granted job allocation {number}")
            if self.bell and has_waited:
                _say("\a")

    def gives_up(self) -> None:
        """It did not start as soon as it had to."""
        _say(f"{self.name}: error: {_BUSY}\n")

    def revoked(self, number: str) -> None:
        """It was cancelled while it waited."""
        if self.is_slurms:
            self._info(f"Job allocation {number} has been revoked.")
        else:
            _say(f"{self.name}: error: cannot run the job: it was cancelled\n")

    def ends(self, number: str, ending: Ending) -> None:
        """It has ended, whatever its command had to say of that."""
        if not self.is_slurms:
            return
        if ending.cause in (Cause.CANCEL, Cause.LIMIT):
            self._info(f"Force Terminated job {number}")
        if self.command == allocations.SALLOC_COMMAND:
            self._info(f"Relinquishing job allocation {number}")

    def _info(self, words: str) -> None:
        if not self.is_quiet:
            _say(f"{self.name}: {words}\n")


def run_job(argv: Sequence[str], cwd: str) -> Manners:
    """Those of run_job.sh. Raises: TinyschedError if that is no command line of it."""
    submission.read_foreground(list(argv), cwd)
    return Manners(name="run_job.sh", command="run_job")


def of_slurm(
    command: str, argv: Sequence[str], variables: Mapping[bytes, bytes]
) -> Manners:  # fmt: skip
    """Those of srun or salloc. Raises: VerbatimError for words that it does not take."""
    table = allocations.table_of(command)
    found, _ = getopt.split(table, argv, command, exit_code=EXIT_SYNTAX, stop_at_word=True)
    give_up_s = None
    if has(found, "immediate"):
        text = values(found, "immediate")[-1]
        if text and not text.isdigit():
            raise VerbatimError(
                f'{command}: error: Invalid numeric value "{text}" for --immediate.\n'
            )
        give_up_s = float(text or _SOON_S)
    own = b"SALLOC_" if command == allocations.SALLOC_COMMAND else b"SLURM_"
    kept = [
        name + b"=" + value for name, value in variables.items() if name.startswith((own, b"SRUN_"))
    ]
    return Manners(
        name=command,
        command=command,
        variables=kept,
        give_up_s=give_up_s,
        is_slurms=True,
        is_quiet=has(found, "quiet"),
        bell=has(found, "bell"),
    )


def _say(text: str) -> None:
    sys.stderr.write(text)
