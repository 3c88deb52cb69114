"""Which tasks an array has: `1-10`, `1,2,5`, `0-15:4`, `1-100%5`."""

from __future__ import annotations

from tinysched.job.model import Array
from tinysched.job.ranges import Ranges

FORMS = "indices such as 1-10, 1,2,5, 0-15:4, or 1-100%5 for five at a time"

_LONGEST_TEXT = 65536
_MOST_DIGITS = 9


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
        tasks = Ranges.parse(",".join(places))
    except ValueError:
        raise ValueError(f"expected {FORMS}") from None
    if tasks.last > max_index:
        raise IndexTooLargeError(f"the highest index of a task may be {max_index}")
    return Array(tasks=tasks, limit=int(limit or 0) or None)


def render(array: Array) -> str:
    """The array as text that `parse` reads."""
    return str(array.tasks) if array.limit is None else f"{array.tasks}%{array.limit}"


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
