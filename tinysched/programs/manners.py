"""How a client in a terminal speaks of its job: in our words, or as srun and salloc do."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinysched.errors import EXIT_REFUSED, VerbatimError
from tinysched.job.runs import Cause, Ending
from tinysched.job.signals import Reach, number_of
from tinysched.programs.ward import Ward
from tinysched.script import submission
from tinysched.script.grammar import has, values
from tinysched.script.slurm import allocations, getopt
from tinysched.script.slurm.refusals import EXIT_SYNTAX
from tinysched.script.slurm.retelling import NO_ALLOCATION, refusal_of

_SOON_S = 1.0
_BUSY = "Requested nodes are busy"
_NOT_NOW = "Requested partition configuration not available now"
_IS_OVER = "Job/step already completing or completed"
# By the names of our reasons: what Slurm says besides.
_NOT_ITS_TURN = {
    "JobHeld": "Job is in held state, pending scheduler release",
    "Partition": _NOT_NOW,
}
_NEVER_AT_ONCE = {"JobHeld": "Job dependency problem", "Partition": _NOT_NOW}
# Cores are held by what does nothing.
_HOLDER = b"#!/bin/sh\nexec sleep infinity\n"
NOT_STARTED = 127
BY_SIGNAL = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """One command. `command` is what its request is stored under; `variables` go with it.

    `give_up_s`: how long to wait at most (None: for ever). `is_slurms`: says as little as Slurm.
    `program`: what runs ('': a shell). `script`: what does, if it runs in nobody's terminal.
    """

    name: str
    command: str
    variables: Sequence[bytes] = ()
    give_up_s: float | None = None
    is_slurms: bool = False
    is_quiet: bool = False
    bell: bool = False
    program: str = ""
    script: bytes = b""

    @property
    def _is_salloc(self) -> bool:
        return self.command == allocations.SALLOC_COMMAND

    def waits(self, number: str, why: str) -> None:
        """Others have the cores, or `why` else."""
        if not self.is_slurms:
            _say(f"{self.name}: job {number} waits for {why}\n")
            return
        if self._gives_up_at_once:
            return
        for kind, words in _NOT_ITS_TURN.items():
            if why.startswith(kind):
                self._info(words)
        if self._is_salloc:
            self._info(f"Pending job allocation {number}")
        self._info(f"job {number} queued and waiting for resources")

    def begins(self, number: str, *, has_waited: bool) -> None:
        """It has its cores."""
        if has_waited and self.is_slurms and not self._gives_up_at_once:
            self._info(f"job {number} has been allocated resources")
        if self._is_salloc:
            self._info(f"Granted job allocation {number}")
            if self.bell and has_waited:
                _say("\a")

    @property
    def _gives_up_at_once(self) -> bool:
        return self.give_up_s is not None and self.give_up_s <= _SOON_S

    def gives_up(self, why: str) -> int:
        """It did not start as soon as it had to."""
        for kind, words in _NEVER_AT_ONCE.items():
            if why.startswith(kind):
                return self._fail(f"{refusal_of(self.command)}{words}")
        is_late = self._is_salloc and not self._gives_up_at_once
        return self._fail(f"{NO_ALLOCATION}{'Connection timed out' if is_late else _BUSY}")

    def interrupted(self, number: str, signum: int) -> int:
        """It was told to end while it waited."""
        if not self.is_slurms:
            return BY_SIGNAL + signum
        if self._is_salloc:
            self._info("Job aborted due to signal")
        else:
            self._info(f"Job allocation {number} has been revoked")
            self._info(f"Force Terminated JobId={number}")
        return EXIT_REFUSED

    def revoked(self, number: str) -> int:
        """It was cancelled while it waited."""
        if not self.is_slurms:
            _say(f"{self.name}: error: cannot run the job: it was cancelled\n")
            return BY_SIGNAL + signal.SIGTERM
        if self._is_salloc:
            self._info(f"Job allocation {number} has been revoked.")
        self._info("Job has been cancelled")
        return self._fail(f"{refusal_of(self.command)}{_IS_OVER}")

    def tells(self, signum: int, ward: Ward) -> None:
        """What becomes of a signal to the client while the job runs."""
        if self.command == allocations.SRUN_COMMAND:
            ward.signal(signum, Reach.SCRIPT)  # it is srun's to say what its tasks hear
        elif self._is_salloc and signum == signal.SIGTERM:
            ward.stop(kill=False)
        elif not (self._is_salloc and signum == signal.SIGINT):
            ward.signal(signum)

    def ends(self, number: str, ending: Ending) -> int:
        """It has ended; the exit code."""
        if ending.cause is Cause.LAUNCH or ending.exit is None:
            if not self._is_salloc:
                _say(f"{self.name}: error: {ending.words}\n")
                return NOT_STARTED
            _say(f'{self.name}: error: _fork_command: Unable to find command "{self.program}"\n')
            self._info(f"Relinquishing job allocation {number}")
            return EXIT_REFUSED
        if self._is_salloc:
            is_taken = ending.cause in (Cause.CANCEL, Cause.LIMIT)
            if is_taken:
                self._info(f"Job allocation {number} has been revoked.")
            else:
                self._info(f"Relinquishing job allocation {number}")
            return ending.exit.code  # as in Slurm, a signal does not count
        if ending.survivors and not self.is_slurms:
            _say(f"{self.name}: ended what was left of it: {', '.join(ending.survivors)}\n")
        return BY_SIGNAL + ending.exit.signal if ending.exit.signal else ending.exit.code

    def _fail(self, words: str) -> int:
        _say(f"{self.name}: error: {words}\n")
        return EXIT_REFUSED

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
    found, rest = getopt.split(table, argv, command, exit_code=EXIT_SYNTAX, stop_at_word=True)
    if command == allocations.SALLOC_COMMAND and has(found, "chdir"):
        _check_directory(os.path.join(os.getcwd(), values(found, "chdir")[-1] or ""))
    if has(found, "kill-command"):
        _check_signal(values(found, "kill-command")[-1] or "TERM")
    give_up_s = None
    if has(found, "immediate"):
        text = values(found, "immediate")[-1]
        if text and not text.isdigit():
            raise VerbatimError(
                f'{command}: error: Invalid numeric value "{text}" for immediate.\n'
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
        program=rest[0] if rest else "",
        script=_HOLDER if has(found, "no-shell") else b"",
    )


def _check_directory(path: str) -> None:
    """Raises: VerbatimError if nobody can go there."""
    try:
        os.close(os.open(path, os.O_PATH | os.O_DIRECTORY))
    except OSError as error:
        raise VerbatimError(f"salloc: error: chdir({path}): {error.strerror}\n") from None


def _check_signal(text: str) -> None:
    """Raises: VerbatimError."""
    try:
        number_of(text)
    except ValueError:
        words = "salloc: error: Invalid --kill-command specification\n"
        raise VerbatimError(words, EXIT_SYNTAX) from None


def _say(text: str) -> None:
    sys.stderr.write(text)
