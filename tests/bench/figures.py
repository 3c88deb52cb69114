"""What is made of many samples: medians, percentiles, and ratios that are taken round by round."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence

# The samples of one cell: a list for each round.
Rounds = Sequence[Sequence[float]]


def flat(rounds: Rounds) -> list[float]:
    """All samples, of whatever round."""
    return [value for samples in rounds for value in samples]


def median(values: Iterable[float]) -> float | None:
    """The middle one; None if there are no values."""
    found = list(values)
    return statistics.median(found) if found else None


def percentile(values: Iterable[float], percent: float) -> float | None:
    """The smallest value that so many percent of the values do not exceed (nearest rank)."""
    found = sorted(values)
    if not found:
        return None
    return found[max(0, math.ceil(percent / 100 * len(found)) - 1)]


def mean(values: Iterable[float]) -> float | None:
    """The sum over the count; None if there are no values."""
    found = list(values)
    return statistics.fmean(found) if found else None


def ratio(ours: Rounds, other: Rounds) -> float | None:
    """How many times as large ours is: the median of the ratios of the rounds' medians.

    A noisy minute falls on both sides of its round's ratio. Where no round has both, the ratio of
    all samples' medians. None: one of the two was not measured, or was 0.
    """
    pairs = [
        (statistics.median(one), statistics.median(two))
        for one, two in zip(ours, other, strict=False)
        if one and two
    ]
    ratios = [one / two for one, two in pairs if two]
    if ratios:
        return statistics.median(ratios)
    one, two = median(flat(ours)), median(flat(other))
    return one / two if one is not None and two else None


def shown(value: float | None) -> str:
    """Three digits that say something: `0.12`, `4.56`, `78.9`, `1234`."""
    if value is None:
        return "-"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.095 else f"{value:.3f}"
