"""How sbatch says no: with these words and exit codes.

Imported on the start-up path of sbatch: imports nothing heavy.
"""

from __future__ import annotations

from tinysched.errors import EXIT_REFUSED, VerbatimError

EXIT_SYNTAX = 255
FAILED = "Batch job submission failed: "


def refusal(words: str, exit_code: int = EXIT_REFUSED) -> VerbatimError:
    """One or several lines of complaint."""
    lines = "".join(f"sbatch: error: {line}\n" for line in words.split("\n"))
    return VerbatimError(lines, exit_code)


def fatal(words: str) -> VerbatimError:
    """A complaint that Slurm ends with at once."""
    return VerbatimError(f"sbatch: fatal: {words}\n")


def invalid(option: str) -> VerbatimError:
    """A value that an option cannot have."""
    return refusal(f"Invalid --{option} specification", EXIT_SYNTAX)


def no_number(option: str, text: str) -> VerbatimError:
    """A text where a number of things was expected."""
    return refusal(f'Invalid numeric value "{text}" for {option}.')


def submission_failed(words: str, *before: str) -> VerbatimError:
    """What Slurm's controller refuses."""
    return refusal("\n".join((*before, f"{FAILED}{words}")))


def too_long() -> VerbatimError:
    """A script or a text that is larger than Slurm's controller takes it."""
    return submission_failed("Pathname of a file, directory or other parameter too long")


def no_parts() -> VerbatimError:
    """A job of several parts (hetjob), of which there are none here."""
    return submission_failed("Requested operation not supported on this system")
