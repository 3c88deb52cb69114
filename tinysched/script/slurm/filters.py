"""Lists of jobs, users and states as Slurm's commands take them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tinysched.job import slurmstates
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges

_MOST_JOBS = 100_000


class InvalidIdError(ValueError):
    """A word that names no job; the text is that word."""


def words(text: str) -> list[str]:
    """The words between the commas; empty ones do not count."""
    return [word for word in text.split(",") if word]


def names(text: str | None) -> frozenset[str] | None:
    """A list of names; None if none was given."""
    found = words(text or "")
    return frozenset(found) if found else None


def states(text: str) -> frozenset[str]:
    """Long names of the states in a list. Raises: slurmstates.UnknownStateError."""
    return slurmstates.named(words(text))


def jobs(text: str) -> tuple[Selector, ...]:
    """The jobs and tasks in a list: `42,43_7`. What follows a number is not looked at.

    Raises: InvalidIdError.
    """
    return tuple(_job(word) for word in words(text)[:_MOST_JOBS])


def users(text: str, uid_of: Callable[[str], int | None]) -> tuple[frozenset[int], Sequence[str]]:
    """The numbers of the users in a list, and the words that name no user."""
    found, strangers = set[int](), list[str]()
    for word in words(text):
        uid = uid_of(word)
        if uid is None:
            strangers.append(word)
        else:
            found.add(uid)
    return frozenset(found), strangers


def leading_number(text: str) -> int | None:
    """The number that a text begins with; None if it begins with none."""
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    if not digits or not digits.isascii():
        return None
    return int(digits[:18])


def _job(word: str) -> Selector:
    number, _, task = word.partition("_")
    found = leading_number(number)
    if not found:
        raise InvalidIdError(word)
    if "_" not in word:
        return Selector(number=found)
    return Selector(number=found, tasks=Ranges.of((leading_number(task) or 0,)))
