"""Jobs and tasks as people name them: 42, 42_7, 42_[2-4,9]."""

from __future__ import annotations

from collections.abc import Iterable

from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.job.spans import parse_spans
from tinysched.script.arrays import steps_that_cross

_ID_FORMS = "expected 42, 42_7 or 42_[2-4,9]"
_MOST_DIGITS = 18
_LONGEST_LISTS = 65536


def selectors(text: str) -> tuple[Selector, ...]:
    """The jobs and tasks named in a list: `42,43_7,44_[2-4,9]`. Raises: ValueError."""
    named = tuple(_selector(item) for item in items(text))
    check_steps(named)
    return named


def check_steps(named: Iterable[Selector]) -> None:
    """Refuses to combine many steps in one array: the pieces would keep the dispatcher busy."""
    stepped = [s.number for s in named if s.tasks and any(step > 1 for *_, step in s.tasks.spans)]
    if len(set(stepped)) < len(stepped):
        raise ValueError("only one list of tasks with a step may be given for a job")


def _selector(text: str) -> Selector:
    number, underscore, tasks = text.partition("_")
    if not underscore:
        return Selector(number=_id(number))
    bracketed = tasks.startswith("[") and tasks.endswith("]")
    try:
        spans = parse_spans(tasks[1:-1]) if bracketed else parse_spans(str(whole(tasks)))
    except ValueError:
        raise ValueError(_ID_FORMS) from None
    if steps_that_cross(spans):
        raise ValueError("ranges with a step may not overlap")
    named = Ranges.parse(tasks[1:-1] if bracketed else tasks)
    if not named:
        raise ValueError(_ID_FORMS)
    return Selector(number=_id(number), tasks=named)


def _id(text: str) -> int:
    try:
        number = whole(text)
    except ValueError:
        number = 0
    if not number:
        raise ValueError(_ID_FORMS)
    return number


def items(text: str) -> list[str]:
    """The items of a list, of which brackets may hold further commas."""
    if "[" not in text:
        return text.split(",")
    items, start, depth = list[str](), 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if letter == "," and not depth:
            items.append(text[start:at])
            start = at + 1
    return [*items, text[start:]]


def check_length(words: Iterable[str]) -> None:
    """Raises: ValueError for more lists of tasks than are read while others wait."""
    if sum(len(word) for word in words if "[" in word) > _LONGEST_LISTS:
        raise ValueError(f"expected at most {_LONGEST_LISTS} characters of task indices")


def whole(text: str) -> int:
    """A whole number of a sensible length. Raises: ValueError."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ValueError("expected a whole number")
    return int(text)
