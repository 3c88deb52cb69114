"""Whether a text is a batch script at all, in sbatch's words.

Imported on the start-up path of sbatch: imports nothing heavy.
"""

from __future__ import annotations

from tinysched.errors import VerbatimError

_BLANKS = b" \t\n\v\f\r"


def check(script: bytes) -> None:
    """Refuses what is no script.

    Raises: VerbatimError.
    """
    words = _complaint(script)
    if words:
        raise VerbatimError("".join(f"sbatch: error: {line}\n" for line in words))


def _complaint(script: bytes) -> tuple[str, ...]:
    if not script:
        return ("Batch script is empty!",)
    first = script.lstrip(_BLANKS)[:1]
    if first in (b"", b"\0"):
        return ("Batch script contains only whitespace!",)
    if not script.startswith(b"#!"):
        return (
            "This does not look like a batch script.  The first",
            "line must start with #! followed by the path to an interpreter.",
            "For instance: #!/bin/sh",
        )
    if b"\0" in script:
        return (
            "The Slurm controller does not allow scripts that",
            "contain a NULL character '\\0'.",
        )
    if b"\r\n" in script:
        return (
            "Batch script contains DOS line breaks (\\r\\n)",
            "instead of expected UNIX line breaks (\\n).",
        )
    return ()
