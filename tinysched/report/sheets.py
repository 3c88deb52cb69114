"""Tables of many lines: how wide the columns are is found first, and what was made once is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from tinysched.job.model import Job
from tinysched.report.columns import GAP
from tinysched.report.text import width

Cells = tuple[str, ...]
"""Visible text for each column but the last."""

Widths = tuple[int, ...]
MOST_LAYOUTS = 16


class Layout:
    """How lines look whose columns are so wide. The last column is never filled up."""

    def __init__(self, widths: Widths, right: Sequence[bool]) -> None:
        self.widths = widths
        self._right = right
        columns = zip(widths, right, strict=True)
        self._template = "".join(f"%{'' if flush else '-'}{wide}s{GAP}" for wide, flush in columns)

    def fit(self, cells: Cells) -> str:
        """The cells of a line, each in its column."""
        if "".join(cells).isascii():
            return self._template % cells
        columns = zip(cells, self.widths, self._right, strict=True)
        return "".join(f"{_fitted(cell, wide, flush)}{GAP}" for cell, wide, flush in columns)


class One:
    """A line that is listed once. `widths`: what its columns take at least."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self.widths = _widths(cells)

    def text(self, layout: Layout, last: str) -> str:
        """It, with what stands in the last column; it does not end with a blank."""
        return f"{layout.fit(self._cells)}{last}".rstrip()


class Alike:
    """Lines that differ in their first cells alone; `firsts` are ASCII, `same` is the rest."""

    def __init__(self, firsts: Sequence[str], same: Cells) -> None:
        self._firsts = firsts
        self._same = same
        self.widths: Widths = (max(map(len, firsts)), *_widths(same))

    def text(self, layout: Layout, last: str) -> str:
        """As that of One."""
        wide = layout.widths[0]
        rest = f"{layout.fit(('', *self._same))}{last}"[wide:].rstrip()
        return "\n".join([first.ljust(wide) + rest for first in self._firsts])


class Kept:
    """A line that is listed often: its text stays as long as the columns are as wide as they were.

    `make` gives the cells for a job; they are not kept.
    """

    __slots__ = ("_layout", "_make", "_text", "job", "widths")

    def __init__(self, job: Job, make: Callable[[Job], Cells], widths: Widths) -> None:
        self.job = job
        self.widths = widths
        self._make = make
        self._layout: Layout | None = None
        self._text = ""

    def text(self, layout: Layout, last: str) -> str:
        """As that of One."""
        if self._layout is not layout:
            self._layout, self._text = layout, layout.fit(self._make(self.job))
        return self._text + last if last else self._text.rstrip()


Line = One | Alike | Kept


class Sheet:
    """A table with a header; the columns named in `right` are flush right."""

    def __init__(self, header: Sequence[str], right: Collection[str]) -> None:
        self._header = One(tuple(header[:-1]))
        self._last = header[-1]
        self._right = [name in right for name in header[:-1]]
        self._layouts: dict[Widths, Layout] = {}
        self._known: dict[Widths, Widths] = {}

    def keep(self, job: Job, make: Callable[[Job], Cells]) -> Kept:
        """The line of a job that will be listed again."""
        widths = _widths(make(job))
        return Kept(job, make, self._known.setdefault(widths, widths))

    def text(self, lines: Iterable[tuple[Line, str]], *, show_header: bool) -> str:
        """The lines, each with what stands in its last column."""
        shown = [*([(self._header, self._last)] if show_header else []), *lines]
        if not shown:
            return ""
        layout = self._layout({line.widths for line, _ in shown})
        return "\n".join([line.text(layout, last) for line, last in shown]) + "\n"

    def _layout(self, found: Iterable[Widths]) -> Layout:
        """The same for the same widths: kept lines know it again."""
        widths = tuple(map(max, zip(*found, strict=True)))
        if widths not in self._layouts:
            if len(self._layouts) >= MOST_LAYOUTS:
                self._layouts.clear()
            self._layouts[widths] = Layout(widths, self._right)
        return self._layouts[widths]


def _widths(cells: Cells) -> Widths:
    return tuple(map(width, cells))


def _fitted(cell: str, wide: int, flush: bool) -> str:
    blanks = " " * (wide - width(cell))
    return blanks + cell if flush else cell + blanks
