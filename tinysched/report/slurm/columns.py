"""Columns as sacct and sstat are asked for them (`jobid%20,state`), and lines made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tinysched.job.accounting import Style
from tinysched.report.text import visible

_WIDEST = 4096
_A_LINE = 4
_HELP_WIDTH = 19

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Field(Generic[R]):
    """How wide its column is (less than none: flush left), and what stands in it."""

    width: int
    value: Callable[[R], str]


class UnknownFieldError(ValueError):
    """A word that names no field; the text is that word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[R]):
    """A field in its place."""

    name: str
    width: int
    field: Field[R]


def chosen(text: str, table: Mapping[str, Field[R]]) -> list[Column[R]]:
    """The columns that a text means: names may be cut short, in any case; `all` are all.

    A width that is given counts for the field wherever it stands. Raises: UnknownFieldError.
    """
    names: list[str] = []
    widths: dict[str, int] = {}
    for word in text.split(","):
        if not word.strip():
            break  # as in Slurm, nothing behind it counts
        name, percent, width = word.strip().partition("%")
        if name.lower() == "all":
            names += table
            continue
        found = next((one for one in table if one.lower().startswith(name.lower())), None)
        if found is None:
            raise UnknownFieldError(name)
        names.append(found)
        if percent:
            widths[found] = _number(width)
    return [
        Column(name=name, width=widths.get(name, table[name].width), field=table[name])
        for name in names
    ]


def header(columns: Sequence[Column[R]], style: Style) -> str:
    """The titles; above columns of a fixed width a line is drawn below them."""
    names = [column.name for column in columns]
    if style.delimiter is not None:
        return _joined(names, style)
    titles = (_fitted(name[: abs(one.width)], one.width) for name, one in _pairs(names, columns))
    rules = ("-" * abs(one.width) for one in columns)
    return _spaced(titles) + _spaced(rules)


def lines(columns: Sequence[Column[R]], rows: Iterable[R], style: Style) -> Iterator[str]:
    """A line for each row."""
    for row in rows:
        cells = [visible(column.field.value(row)) for column in columns]
        if style.delimiter is not None:
            yield _joined(cells, style)
        else:
            yield _spaced(_cut(cell, one.width) for cell, one in _pairs(cells, columns))


def help_text(names: Iterable[str]) -> str:
    """All fields, some to a line."""
    cells = [f"{name:<{_HELP_WIDTH}}" for name in names]
    found = (" ".join(cells[at : at + _A_LINE]) for at in range(0, len(cells), _A_LINE))
    return "".join(f"{line}\n" for line in found)


def _pairs(cells: Iterable[str], columns: Iterable[Column[R]]) -> Iterator[tuple[str, Column[R]]]:
    return zip(cells, columns, strict=True)


def _spaced(cells: Iterable[str]) -> str:
    return "".join(f"{cell} " for cell in cells) + "\n"


def _joined(cells: Iterable[str], style: Style) -> str:
    delimiter = style.delimiter or ""
    return delimiter.join(cells) + (delimiter if style.ends else "") + "\n"


def _cut(text: str, width: int) -> str:
    """A text in its column; a plus at the end says that some is gone."""
    room = abs(width)
    if len(text) > room:
        text = f"{text[: room - 1]}+" if room else ""
    return _fitted(text, width)


def _fitted(text: str, width: int) -> str:
    return text.ljust(-width) if width < 0 else text.rjust(width)


def _number(text: str) -> int:
    """What a width begins with; none if it is no number."""
    sign = -1 if text[:1] == "-" else 1
    digits = text[text[:1] in ("-", "+") and bool(text) :]
    digits = digits[: len(digits) - len(digits.lstrip("0123456789"))]
    return sign * min(int(digits[:9] or 0), _WIDEST)
