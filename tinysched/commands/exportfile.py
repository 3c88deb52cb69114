"""`sbatch --export-file`: a job's variables from a file in place of the shell's own.

Imported by sbatch only when it is asked for.
"""

from __future__ import annotations

import posix
from collections.abc import Sequence

from tinysched.commands import submitting
from tinysched.errors import ScriptError
from tinysched.script.grammar import Option
from tinysched.script.slurm import sbatch
from tinysched.script.slurm.refusals import refusal

_FIRST_FREE = 3


def environment(
    typed: Sequence[tuple[Option, str | None]], script: bytes, label: str
) -> bytes | None:
    """The variables, NUL after each; None: those of the shell.

    Raises: VerbatimError.
    """
    given = [*sbatch.directives(script, label), *typed]
    named = [value or "" for option, value in given if option.name == "export-file"]
    return _variables(named[-1]) if named else None


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
