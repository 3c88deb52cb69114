"""From samples to what the table says: figures, ratios, and whether a goal is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.figures import flat, ratio, shown
from tests.bench.results import Results
from tests.bench.rows import OURS, Goal, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a goal asks for, what there is (None: it cannot be told), and by how much it is missed.

    `missed_by`: a share of the limit (0.1: ten percent of it too much, or too little); None: met.
    """

    asks: str
    measured: float | None
    missed_by: float | None = None

    def __str__(self) -> str:
        """`met (1.12)`, `missed by 23 % (1.60)`, `not told`."""
        if self.measured is None:
            return "not told"
        figure = shown(self.measured)
        if self.missed_by is None:
            return f"met ({figure})"
        if self.missed_by == float("inf"):
            return f"missed ({figure})"
        return f"missed by {self.missed_by * 100:.0f} % ({figure})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A row with its figures. `cells`: by system; `best`: the best of the peers ('': none)."""

    row: Row
    cells: dict[str, float]
    best: str
    to_floor: float | None
    to_best: float | None
    verdicts: tuple[Verdict, ...]


def judged(row: Row, results: Results, peers: Sequence[str]) -> Judged:
    """The row as this run found it."""
    cells = dict[str, float]()
    for system, rounds in results.samples.get(row.samples_of, {}).items():
        figure = row.statistic.of(flat(rounds))
        if figure is not None:
            cells[system] = figure
    best = _best(row, results, cells, peers)
    return Judged(
        row=row,
        cells=cells,
        best=best,
        to_floor=_ratio(row, results, row.floor) if row.floor else None,
        to_best=_ratio(row, results, best) if best else None,
        verdicts=tuple(_verdict(goal, row, results) for goal in row.goals),
    )


def _best(row: Row, results: Results, cells: dict[str, float], peers: Sequence[str]) -> str:
    able = [name for name in peers if name in cells and results.is_alike(row.samples_of, name)]
    if not able or not row.alike:
        return ""
    return (max if row.more_is_better else min)(able, key=lambda name: cells[name])


def _ratio(row: Row, results: Results, system: str, other_row: str = "") -> float | None:
    """Ours to another cell; by rounds, unless the row is about more than a median."""
    ours = results.rounds(row.samples_of, OURS)
    other = results.rounds(other_row or row.samples_of, system)
    if row.statistic.value == "median":
        return ratio(ours, other)
    one, two = row.statistic.of(flat(ours)), row.statistic.of(flat(other))
    return one / two if one is not None and two else None


def _verdict(goal: Goal, row: Row, results: Results) -> Verdict:
    if goal.is_ratio:
        measured = _ratio(row, results, goal.system or OURS, goal.row)
    else:
        measured = row.statistic.of(flat(results.rounds(row.samples_of, OURS)))
    return Verdict(asks=asks(goal, row), measured=measured, missed_by=_missed_by(goal, measured))


def _missed_by(goal: Goal, measured: float | None) -> float | None:
    if measured is None or measured == goal.limit:
        return None
    if (measured > goal.limit) == goal.at_least:
        return None
    return abs(measured - goal.limit) / goal.limit if goal.limit else float("inf")


def asks(goal: Goal, row: Row) -> str:
    """The goal in words: `at most 1.3 x bare python`."""
    if goal.words:
        return goal.words
    sign = "at least" if goal.at_least else "at most"
    if goal.is_ratio:
        return f"{sign} {goal.limit:g} x {goal.system or goal.row}"
    return f"{sign} {goal.limit:g} {row.unit}".rstrip()
