"""What scontrol was told to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """`scontrol`: a keyword by its full name, and the words behind it, as they were written.

    `entity`: what `show` is to show, by its full name. `name`: the one that is meant (None: all).
    """

    keyword: str
    words: tuple[str, ...] = ()
    entity: str = ""
    name: str | None = None
    one_line: bool = False
    details: bool = False
    json: bool = False
    quiet: bool = False
