"""Moments as people write them (`now+1hour`, `16:00`, `2031-05-06`), as seconds since 1970.

Source: sbatch(1) --begin; FACTS "sbatch: options".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

Offset = Callable[[float], int]
"""Seconds that local clocks are ahead of UTC at a moment."""

_UNITS = {"": 1, "second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_CLOCK = {"midnight": (0, 0, 0), "noon": (12, 0, 0), "fika": (15, 0, 0), "teatime": (16, 0, 0)}
_DAYS = {"today": 0, "tomorrow": 1}
_NOW = re.compile(r"now(?:\s*([+-])\s*(\d{1,9})\s*([a-z]*))?")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]m)?")
_DATES = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"),
    re.compile(r"(?P<m>\d{1,2})/(?P<d>\d{1,2})(?:/(?P<y>\d{2,4}))?"),
    re.compile(r"(?P<m>\d{1,2})\.(?P<d>\d{1,2})(?:\.(?P<y>\d{2,4}))?"),
    re.compile(r"(?P<m>\d{2})(?P<d>\d{2})(?P<y>\d{2})"),
)


def parse_moment(text: str, now: float, offset: Offset) -> float:
    """The moment a user means. A time of day that is past means tomorrow's.

    Units: UTC, seconds. Raises: ValueError.
    """
    words = text.strip().lower()
    relative = _NOW.fullmatch(words)
    if relative:
        return _relative(relative, now)
    today = datetime.fromtimestamp(now + offset(now), tz=timezone.utc)
    date_text, time_text = _halves(words)
    date = None if date_text is None else _date(date_text, today)
    clock = (0, 0, 0) if time_text is None else _clock(time_text)
    day = today if date is None else date
    moment = day.replace(hour=clock[0], minute=clock[1], second=clock[2], microsecond=0)
    if date is None and moment <= today:
        moment += timedelta(days=1)
    return _epoch(moment, offset)


def _relative(found: re.Match[str], now: float) -> float:
    sign, count, unit = found.groups()
    if count is None:
        return now
    name = unit[:-1] if len(unit) > 1 and unit.endswith("s") else unit
    matching = {size for known, size in _UNITS.items() if name and known.startswith(name)}
    size = _UNITS[""] if not name else matching.pop() if len(matching) == 1 else 0
    if not size:
        raise ValueError(f"{unit!r} is no unit of time")
    return now + (-1 if sign == "-" else 1) * int(count) * size


def _halves(words: str) -> tuple[str | None, str | None]:
    """Date and time of day, of which either may be missing."""
    for mark in ("t", "-", " "):
        date, found, clock = words.rpartition(mark)
        if found and ":" in clock and any(form.fullmatch(date) for form in _DATES):
            return date, clock
    first, blank, second = words.partition(" ")
    if blank and (second in _CLOCK or first in _DAYS):
        return first, second.strip()
    return (None, words) if ":" in words or words in _CLOCK else (words, None)


def _clock(text: str) -> tuple[int, int, int]:
    if text in _CLOCK:
        return _CLOCK[text]
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time of day")
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if found[4]:
        if not 1 <= hour <= 12:
            raise ValueError(f"{text!r} is no time of day")
        hour = hour % 12 + (12 if found[4] == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"{text!r} is no time of day")
    return hour, minute, second


def _date(text: str, today: datetime) -> datetime:
    if text in _DAYS:
        return today + timedelta(days=_DAYS[text])
    for form in _DATES:
        found = form.fullmatch(text)
        if found:
            parts = found.groupdict()
            year = int(parts["y"] or today.year)
            year += 2000 if year < 100 else 0
            date = today.replace(year=year, month=int(parts["m"]), day=int(parts["d"]))
            if not parts["y"] and date.date() < today.date():
                date = date.replace(year=year + 1)
            return date
    raise ValueError(f"{text!r} is no date")


def _epoch(local: datetime, offset: Offset) -> float:
    """Local clock time as a moment; in the hour that a change of clocks repeats, the first."""
    naive = local.replace(microsecond=0).timestamp()
    guess = naive - offset(naive)
    return naive - offset(guess)
