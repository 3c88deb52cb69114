"""Which tasks an array has: `1-10`, `1,2,5`, `0-15:4`, `1-100%5`."""

from __future__ import annotations

from collections.abc import Iterable

from tinysched.job.ranges import Ranges
from tinysched.job.request import Array
from tinysched.job.spans import Span, is_ordered, parse_spans

FORMS = "indices such as 1-10, 1,2,5, 0-15:4, or 1-100%5 for five at a time"

_LONGEST_TEXT = 65536
_MOST_DIGITS = 9
# Ranges with different steps cut one another to pieces; a few are enough for any real array, and
# many would keep the dispatcher from everybody else.
_MOST_STEPS = 4
_MOST_BESIDE_STEPS = 64
_MOST_SPANS = 10_000


class IndexTooLargeError(ValueError):
    """A well-formed array with an index that is not allowed."""


def parse(text: str, max_index: int) -> Array:
    """The array a user asks for; `%0` is no limit, empty places between commas are nothing.

    Raises: ValueError, IndexTooLargeError. Source: sbatch(1) --array.
    """
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"expected at most {_LONGEST_TEXT} characters")
    indices, percent, limit = text.partition("%")
    places = [place for place in indices.split(",") if place]
    if not places or (percent and not _is_count(limit)):
        raise ValueError(f"expected {FORMS}")
    try:
        spans = parse_spans(",".join(places))
    except ValueError:
        raise ValueError(f"expected {FORMS}") from None
    if max(last for _, last, _ in spans) > max_index:
        raise IndexTooLargeError(f"the highest index of a task may be {max_index}")
    crossing = steps_that_cross(spans)
    if crossing > _MOST_STEPS or (crossing > 1 and len(spans) > _MOST_BESIDE_STEPS):
        raise ValueError(
            f"expected at most {_MOST_STEPS} overlapping ranges with a step,"
            f" and {_MOST_BESIDE_STEPS} ranges with them"
        )
    tasks = Ranges.parse(",".join(places))
    if len(tasks.spans) > _MOST_SPANS:
        raise ValueError(f"expected indices in at most {_MOST_SPANS} separate ranges")
    return Array(tasks=tasks, limit=int(limit or 0) or None)


def render(array: Array) -> str:
    """The array as text that `parse` reads."""
    return str(array.tasks) if array.limit is None else f"{array.tasks}%{array.limit}"


def steps_that_cross(spans: Iterable[Span]) -> int:
    """How many of some ranges have a step, unless they all lie one after another."""
    in_turn = sorted(spans)
    return 0 if is_ordered(in_turn) else sum(step > 1 for _, _, step in in_turn)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
