"""What a key of the configuration accepts: in words for the admin, and as a test."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from tinysched.partitions import Partition

YEAR_S = 366 * 86400
PRIVACIES = ("open", "private")
LOG_LEVELS = ("debug", "info", "warning", "error")
MAIL_WAYS = ("sendmail", "smtp", "nobody")

Value = int | float | str | tuple[str, ...] | tuple[Partition, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepts:
    """What a key accepts: in words, and as a test. `read` gives the value or raises ValueError."""

    words: str
    read: Callable[[object], Value]

    def or_null(self, meaning: str) -> Accepts:
        """The same, and null."""
        words = f"{self.words}; or null: {meaning}"
        return Accepts(words=words, read=lambda value: None if value is None else self.read(value))


def number(low: float, high: float) -> Callable[[object], Value]:
    """Accepts a finite number from `low` to `high`."""

    def read(value: object) -> Value:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        if not math.isfinite(value) or not low <= value <= high:
            raise ValueError
        return float(value)

    return read


def whole(low: int, high: int, unit: str) -> Accepts:
    """Accepts a whole number of something."""

    def read(value: object) -> Value:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return Accepts(words=f"{unit}, a whole number from {low} to {high}", read=read)


def seconds(low: float, high: int = YEAR_S) -> Accepts:
    """Accepts a span of time."""
    return Accepts(words=f"seconds, {low} to {high}", read=number(low, high))


def fraction(value: object) -> Value:
    """Accepts a part of the whole that is not nothing."""
    part = number(0, 1)(value)
    if part == 0:
        raise ValueError
    return part


def name(value: object) -> Value:
    """Accepts a name that means nothing to a shell: it reaches jobs' environments."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", value):
        raise ValueError
    return value


def names(value: object) -> Value:
    """Accepts a list of such names."""
    if not isinstance(value, list):
        raise ValueError
    return tuple(str(name(_numbered(entry))) for entry in value)


def _numbered(entry: object) -> object:
    """A user by number need not be quoted."""
    return str(entry) if isinstance(entry, int) and not isinstance(entry, bool) else entry


def yes_or_no(value: object) -> Value:
    """Accepts true or false."""
    if not isinstance(value, bool):
        raise ValueError
    return value


def level(value: object) -> Value:
    """Accepts a log level, in any case of letters."""
    if not isinstance(value, str) or value.lower() not in LOG_LEVELS:
        raise ValueError
    return value.lower()


def privacy(value: object) -> Value:
    """Accepts how much users see of each other."""
    if value not in PRIVACIES:
        raise ValueError
    return str(value)


def mail_way(value: object) -> Value:
    """Accepts who takes mails."""
    if value not in MAIL_WAYS:
        raise ValueError
    return str(value)


def server(value: object) -> Value:
    """Accepts a host and a port of it."""
    found = re.fullmatch(r"([A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]+\]):(\d{1,5})", str(value), re.A)
    if not isinstance(value, str) or found is None or not 0 < int(found[2]) < 65536:
        raise ValueError
    return value
