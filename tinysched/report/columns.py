"""Rows to columns that are as wide as what stands in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tinysched.report.text import pad, width

GAP = "  "


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Collection[str] = (),
    show_header: bool = True,
) -> str:
    """The rows under their header, one a line, every line with its newline.

    Cells are visible text already. The columns named in `right` are flush right; the last column is
    never filled up, and no line ends with a blank.
    """
    shown = [header, *rows] if show_header else list(rows)
    if not shown:
        return ""
    columns = [
        _filled(cells, name in right) if place < len(header) - 1 else cells
        for place, (name, cells) in enumerate(zip(header, zip(*shown, strict=True), strict=True))
    ]
    lines = map(GAP.join, zip(*columns, strict=True))
    return "\n".join(map(str.rstrip, lines)) + "\n"


def _filled(cells: Sequence[str], right: bool) -> Sequence[str]:
    plain = "".join(cells).isascii()
    wide = max(map(len if plain else width, cells))
    if right:
        return [cell.rjust(wide + len(cell) - width(cell)) for cell in cells]
    # Nothing but ASCII needs no look at each letter: it is what makes long listings quick.
    return [cell.ljust(wide) for cell in cells] if plain else [pad(cell, wide) for cell in cells]
