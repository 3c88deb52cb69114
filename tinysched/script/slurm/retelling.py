"""Complaints that several of Slurm's commands make in the same words, but for their own name.

Imported on the start-up path of srun: imports nothing heavy.
"""

from __future__ import annotations

from tinysched.errors import EXIT_REFUSED, TinyschedError, VerbatimError
from tinysched.script.slurm.refusals import FAILED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NO_ALLOCATION = "Unable to allocate resources: "
_NO_JOB = "Job submit/allocate failed: "


def retold(error: TinyschedError, command: str) -> TinyschedError:
    """What sbatch complains of, as another command says it."""
    if command == "sbatch" or not isinstance(error, VerbatimError):
        return error
    lines = []
    for line in error.text.splitlines():
        if line.startswith("sbatch: "):
            line = f"{command}: {line.removeprefix('sbatch: ')}"
        line = line.replace('Try "sbatch ', f'Try "{command} ', 1)
        lines.append(line.replace(f" {FAILED}", f" {refusal_of(command)}", 1) + "\n")
    return VerbatimError("".join(lines), error.exit_code)


def refusal_of(command: str) -> str:
    """What comes before the controller's reason."""
    return _NO_JOB if command == "salloc" else NO_ALLOCATION


def complaint(command: str, words: str, exit_code: int = EXIT_REFUSED) -> VerbatimError:
    """One or several lines of complaint."""
    lines = "".join(f"{command}: error: {line}\n" for line in words.split("\n"))
    return VerbatimError(lines, exit_code)


def check_parts(words: Sequence[str], command: str) -> None:
    """Refuses `a : b`, which in Slurm makes a job of several parts. Raises: VerbatimError."""
    if ":" in words[1:-1]:
        words_of = "Requested operation not supported on this system"
        raise complaint(command, f"{refusal_of(command)}{words_of}")


def not_supported(command: str, option: str, why: str) -> VerbatimError:
    """An option that could only be ignored here."""
    return complaint(command, f"--{option} is not supported: {why}")
