"""How many tasks of each array have ended, and which of them well: kept as they end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tinysched.job.model import Ended, Outcome, Unit
from tinysched.job.ranges import Ranges


class Tally:
    """Of all started tasks that are known; those that ended well only of who was asked about."""

    def __init__(self) -> None:
        self._ended: Counter[int] = Counter()
        self._good: dict[int, Ranges] = {}

    def note(self, before: Unit | None, after: Unit) -> None:
        """A task is now so."""
        number, index = after.id.number, after.id.task
        was_over = before is not None and isinstance(before.state, Ended)
        self._ended[number] += isinstance(after.state, Ended) - was_over
        good = self._good.get(number)
        if good is None or index is None:
            return
        if _is_good(after):
            self._good[number] = good.add(index)
        elif before is not None and _is_good(before):
            self._good[number] = good.remove(index)

    def ended(self, number: int) -> int:
        """How many tasks of an array have ended."""
        return self._ended[number]

    def good(self, number: int, units: Iterable[Unit]) -> Ranges:
        """Which tasks of an array have ended well; `units` are all of its that are known."""
        if number not in self._good:
            found = (unit.id.task for unit in units if _is_good(unit))
            self._good[number] = Ranges.of(task for task in found if task is not None)
        return self._good[number]

    def forget(self, number: int) -> None:
        """An array is not known any more."""
        self._ended.pop(number, None)
        self._good.pop(number, None)


def _is_good(unit: Unit) -> bool:
    return isinstance(unit.state, Ended) and unit.state.outcome is Outcome.COMPLETED
