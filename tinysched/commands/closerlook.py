"""What sbatch looks at more closely: mistakes in values, and the file of --export-file.

Imported by sbatch only when something is wrong already, or such a file is named.
"""

from __future__ import annotations

import posix
from collections.abc import Sequence

from tinysched.commands import submitting
from tinysched.errors import ScriptError
from tinysched.script.grammar import Option
from tinysched.script.slurm import sbatch
from tinysched.script.slurm.refusals import refusal
from tinysched.script.submission import Settings

_FIRST_FREE = 3
# Enough to find mistakes by; what is meant, the dispatcher reads.
_SETTINGS = Settings(max_array_index=10**9, command=sbatch.COMMAND)


def environment(
    typed: Sequence[tuple[Option, str | None]], script: bytes, label: str
) -> bytes | None:
    """The variables that --export-file names, NUL after each; None: those of the shell.

    Raises: VerbatimError.
    """
    given = [*sbatch.directives(script, label, _SETTINGS), *typed]
    named = [value or "" for option, value in given if option.name == "export-file"]
    return _variables(named[-1]) if named else None


def check_line(argv: Sequence[str]) -> None:
    """Refuses what is wrong in the words of a command line.

    Raises: VerbatimError.
    """
    sbatch.check_line(argv, _SETTINGS)


def _variables(place: str) -> bytes:
    """What a file holds, or a descriptor that is named by its number."""
    try:
        is_number = place.isascii() and place.isdigit() and int(place) >= _FIRST_FREE
        descriptor = int(place) if is_number else submitting.open_file(place)
        try:
            text = submitting.drain(descriptor, place)
        finally:
            posix.close(descriptor)
    except (OSError, ScriptError):
        raise refusal(f"Could not open user environment file {place}") from None
    pairs = (pair for pair in text.split(b"\0") if pair.partition(b"=")[0] and b"=" in pair)
    return b"".join(pair + b"\0" for pair in pairs)
