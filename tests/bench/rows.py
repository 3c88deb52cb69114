"""What a row of the table is, and what it takes to meet a goal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from tests.bench import figures

OURS = "tinysched"


class Statistic(Enum):
    """What a row says of its samples."""

    MEDIAN = "median"
    P99 = "p99"
    MEAN = "mean"

    def of(self, values: Iterable[float]) -> float | None:
        """The one figure."""
        return _FIGURE[self](values)


_FIGURE: dict[Statistic, Callable[[Iterable[float]], float | None]] = {
    Statistic.MEDIAN: figures.median,
    Statistic.P99: lambda values: figures.percentile(values, 99),
    Statistic.MEAN: figures.mean,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A bound on our figure (`system` and `row` empty), or on its ratio to another cell's.

    `system`: whose cell (empty: ours); `row`: of which row (empty: the same one).
    """

    limit: float
    at_least: bool = False
    system: str = ""
    row: str = ""
    words: str = ""

    @property
    def is_ratio(self) -> bool:
        """Whether another cell is needed."""
        return bool(self.system or self.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `key` names it for programs, `group` is the measure it belongs to.

    `source`: the row whose samples it is about, if they are not its own. `floor`: the system that
    is the same thing with no scheduler at all. `alike`: whether peers do the same thing, so that
    there is a best one.
    """

    key: str
    group: str
    what: str
    unit: str = "ms"
    floor: str = ""
    source: str = ""
    statistic: Statistic = Statistic.MEDIAN
    more_is_better: bool = False
    alike: bool = True
    goals: tuple[Goal, ...] = ()

    @property
    def samples_of(self) -> str:
        """The key that its samples are kept under."""
        return self.source or self.key


def at_most(limit: float, *, system: str = "", row: str = "", words: str = "") -> Goal:
    """Our figure, or its ratio to that of (system, row), may not be above this."""
    return Goal(limit=limit, system=system, row=row, words=words)


def at_least(limit: float, *, system: str = "", words: str = "") -> Goal:
    """Our figure, or its ratio to a system's, may not be below this."""
    return Goal(limit=limit, at_least=True, system=system, words=words)
