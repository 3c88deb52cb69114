"""Records as scontrol prints them: lines of `Name=value`, or all of them in one line."""

from __future__ import annotations

from collections.abc import Sequence

from tinysched.report.text import visible

Pair = tuple[str, object]
Line = Sequence[Pair]
_INDENT = "\n   "


class Plain(str):
    """Text that may be printed as it is."""

    __slots__ = ()


def text(lines: Sequence[Line], *, one_line: bool) -> str:
    """One record: the first line stands out, and an empty one follows, unless it is one line."""
    written = [" ".join(f"{name}={_shown(value)}" for name, value in line) for line in lines]
    if one_line:
        return " ".join(written) + "\n"
    return _INDENT.join(written) + "\n\n"


def _shown(value: object) -> str:
    return value if isinstance(value, Plain) else visible(str(value))
