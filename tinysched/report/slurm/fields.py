"""Columns as the format options of Slurm's commands describe them, and lines made of them.

A command brings its own table of fields: how each is headed, and what it says of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tinysched.report.text import visible

NULL = "(null)"
NOT_KNOWN = "N/A"
LONG_WIDTH = 20
MOST_CELLS = 1000
_WIDEST = 4096

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Field(Generic[R]):
    """What a column is headed, and what stands in it."""

    header: str
    value: Callable[[R], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[R]):
    """A field in its place: `width` 0 is as wide as the text; `after` follows as it is.

    `field` None: nothing but what follows.
    """

    field: Field[R] | None
    width: int = 0
    right: bool = False
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout(Generic[R]):
    """A whole line: `before` stands before the first column. `mistakes`: what named no field."""

    columns: Sequence[Column[R]]
    before: str = ""
    mistakes: Sequence[str] = ()

    def header(self) -> str:
        """The line of titles."""
        cells = (
            ("" if one.field is None else fitted(one.field.header, one.width, right=one.right))
            + one.after
            for one in self.columns
        )
        return f"{self.before}{''.join(cells)}\n"

    def line(self, row: R) -> str:
        """The line of one row."""
        return next(self.lines((row,)))

    def lines(self, rows: Iterable[R]) -> Iterator[str]:
        """The lines of some rows; most say in most columns what others said there before."""
        known: list[dict[str, str]] = [{} for _ in self.columns]
        columns = list(zip(self.columns, known, strict=True))
        for row in rows:
            line = self.before
            for one, cells in columns:
                text = "" if one.field is None else one.field.value(row)
                cell = cells.get(text)
                if cell is None:
                    cell = _cell(one, text)
                    if len(cells) < MOST_CELLS:
                        cells[text] = cell
                line += cell
            yield f"{line}\n"


def _cell(column: Column[R], text: str) -> str:
    if column.field is None:
        return column.after
    return fitted(visible(text), column.width, right=column.right) + column.after


def fitted(text: str, width: int, *, right: bool) -> str:
    """A text in exactly so many columns; 0: as it is."""
    if not width:
        return text
    return text[:width].rjust(width) if right else text[:width].ljust(width)


def letters(text: str, table: Mapping[str, Field[R]]) -> Layout[R]:
    """The layout that a format such as `%.18i %j|%T` describes.

    A letter that is no field stands in the lines as it was written, and is a mistake.
    """
    before, _, rest = text.partition("%")
    columns: list[Column[R]] = []
    mistakes: list[str] = []
    for piece in filter(None, rest.split("%")):
        right, width, tail = _measures(piece)
        field = table.get(tail[:1])
        if field is None:
            mistakes.append(tail[:1])
            columns.append(Column(field=None, after=f"%{piece}"))
        else:
            columns.append(Column(field=field, width=width, right=right, after=tail[1:]))
    return Layout(columns=columns, before=before, mistakes=mistakes)


def words(text: str, table: Mapping[str, Field[R]]) -> Layout[R]:
    """The layout that `Name,State:.30,JobID:|` describes; names in any case.

    A word that names no field takes no room, and is a mistake.
    """
    columns: list[Column[R]] = []
    mistakes: list[str] = []
    for word in filter(None, text.split(",")):
        name, colon, measures = word.partition(":")
        field = table.get(name.lower())
        right, width, tail = _measures(measures)
        if field is None:
            mistakes.append(name)
            columns.append(Column(field=None, after=tail))
            continue
        columns.append(
            Column(field=field, width=width if colon else LONG_WIDTH, right=right, after=tail)
        )
    return Layout(columns=columns, mistakes=mistakes)


def every(table: Mapping[str, Field[R]], order: str, *, ends: bool = False) -> Layout[R]:
    """All fields with a bar between them, as `%all` asks for; `ends`: one behind the last, too."""
    columns = [Column(field=table[letter], after="|") for letter in order]
    if not ends:
        columns[-1] = Column(field=columns[-1].field)
    return Layout(columns=columns)


def lines(layout: Layout[R], rows: Sequence[R], *, header: bool) -> Iterator[str]:
    """The header, if it is wanted, and a line for each row."""
    if header:
        yield layout.header()
    yield from layout.lines(rows)


def _measures(text: str) -> tuple[bool, int, str]:
    """Whether it is flush right, how wide it is, and what follows: `.30j|`."""
    right = text.startswith(".")
    text = text[right:]
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    width = min(int(digits[:9]), _WIDEST) if digits else 0
    return right, width, text[len(digits) :]
