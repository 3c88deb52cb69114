"""What a command is told."""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.errors import EXIT_DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command prints and exits with; `more` are further fields of the reply."""

    out: str = ""
    err: str = ""
    exit_code: int = EXIT_DONE
    more: tuple[tuple[str, bytes], ...] = ()


def encode(text: str) -> bytes:
    """Text as it goes over the wire; what was no UTF-8 comes out as it went in."""
    return text.encode("utf-8", "surrogateescape")
