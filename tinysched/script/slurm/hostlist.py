"""Lists of hosts in Slurm's folded form: `n[1-3,7],login`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

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


def ordered(names: Sequence[str]) -> list[str]:
    """The names sorted as Slurm sorts them: by what stands before the number, then by that."""
    return sorted(names, key=_key)


def fold(names: Sequence[str]) -> str:
    """The names in folded form, in their order: `a[01-03,07],b5`."""
    folded: list[str] = []
    for (before, width), group in groupby(map(_parts, names), key=lambda part: (part[0], part[2])):
        numbers = [number for _, number, _ in group if number is not None]
        if not numbers:
            folded.append(before)
        elif len(numbers) == 1:
            folded.append(f"{before}{numbers[0]:0{width}}")
        else:
            folded.append(f"{before}[{','.join(_runs(numbers, width))}]")
    return ",".join(folded)


def _runs(numbers: Sequence[int], width: int) -> Iterator[str]:
    first = last = numbers[0]
    for number in (*numbers[1:], None):
        if number is not None and number == last + 1:
            last = number
            continue
        yield f"{first:0{width}}" if first == last else f"{first:0{width}}-{last:0{width}}"
        if number is not None:
            first = last = number


def _key(name: str) -> tuple[str, int, int]:
    before, number, width = _parts(name)
    return before, width, -1 if number is None else number


def _parts(name: str) -> tuple[str, int | None, int]:
    """What stands before the last number, that number, and its width if it is padded."""
    before = name.rstrip("0123456789")
    digits = name[len(before) :]
    if not digits or len(digits) > 18:
        return name, None, 0
    return before, int(digits), len(digits) if digits.startswith("0") and len(digits) > 1 else 0
