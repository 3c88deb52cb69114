"""The table that a run prints, and the same for a page."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.figures import shown
from tests.bench.judging import Judged
from tests.bench.results import Results
from tests.bench.rows import OURS

Lines = list[list[str]]


def goals(rows: Sequence[Judged]) -> Lines:
    """A line for each row: ours, floor, best peer, ratios, goal, and whether it is met."""
    lines = [["what", "unit", OURS, "floor", "x floor", "best peer", "x peer", "goal", "verdict"]]
    lines += [_goal_line(row) for row in rows]
    return lines


def _goal_line(judged: Judged) -> list[str]:
    row = judged.row
    floor = judged.cells.get(row.floor)
    best = judged.cells.get(judged.best)
    return [
        row.what,
        row.unit,
        shown(judged.cells.get(OURS)),
        "-" if floor is None else f"{row.floor} {shown(floor)}",
        shown(judged.to_floor),
        "-" if best is None else f"{judged.best} {shown(best)}",
        shown(judged.to_best),
        "; ".join(verdict.asks for verdict in judged.verdicts) or "-",
        "; ".join(str(verdict) for verdict in judged.verdicts) or "-",
    ]


def everybody(rows: Sequence[Judged], results: Results) -> tuple[Lines, list[str]]:
    """A line for each row, a column for each system; and the notes that it has numbers of."""
    present = {name for row in rows for name in row.cells}
    noted = {name for row in rows for name in results.notes.get(row.row.samples_of, {})}
    systems = [name for name in results.systems if name in present | noted]
    notes = list[str]()
    lines = [["what", "unit", *systems]]
    for judged in rows:
        if not judged.row.alike:
            continue  # its samples stand in another row
        mine = results.notes.get(judged.row.samples_of, {})
        cells = [_cell(judged, name, mine.get(name, ""), notes) for name in systems]
        lines.append([judged.row.what, judged.row.unit, *cells])
    return lines, [f"[{number}] {words}" for number, words in enumerate(notes, 1)]


def _cell(judged: Judged, system: str, note: str, notes: list[str]) -> str:
    text = shown(judged.cells.get(system))
    if not note:
        return text
    if note not in notes:
        notes.append(note)
    return f"{text} [{notes.index(note) + 1}]"


def as_text(lines: Lines) -> str:
    """Columns side by side; all but the first and the two last words to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_markdown(lines: Lines) -> str:
    """A table of a page."""
    head, *rest = lines
    rule = ["---"] * len(head)
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *rest))
