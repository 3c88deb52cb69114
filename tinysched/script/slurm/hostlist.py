"""Lists of hosts in Slurm's folded form: `n[1-3,7],login`."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MOST = 65536
_FOLDED = re.compile(r"([^\[\]]*)\[([0-9,-]+)\](.*)")


def expand(text: str) -> list[str]:
    """Each host by its name.

    Raises: ValueError for what is no such list, or too long a one.
    """
    found: list[str] = []
    for item in _outside_brackets(text):
        for name in _unfolded(item):
            found.append(name)
            if len(found) > _MOST:
                raise ValueError(f"more than {_MOST} hosts")
    return found


def _outside_brackets(text: str) -> Iterator[str]:
    start, depth = 0, 0
    for at, letter in enumerate(f"{text},"):
        depth += (letter == "[") - (letter == "]")
        if letter == "," and not depth:
            if at > start:
                yield text[start:at]
            start = at + 1
    if depth:
        raise ValueError("a bracket is not closed")


def _unfolded(item: str) -> Iterator[str]:
    match = _FOLDED.fullmatch(item)
    if match is None:
        if "[" in item or "]" in item:
            raise ValueError(f"{item!r} is no list of hosts")
        yield item
        return
    before, numbers, after = match.groups()
    for part in numbers.split(","):
        low, dash, high = part.partition("-")
        if not low.isdigit() or (dash and not high.isdigit()) or len(low) > 9 or len(high) > 9:
            raise ValueError(f"{part!r} is no range of numbers")
        for number in range(int(low), int(high if dash else low) + 1):
            for rest in _unfolded(after):
                yield f"{before}{number:0{len(low)}}{rest}"
