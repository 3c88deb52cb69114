"""Moments as people write them (`now+1hour`, `16:00`, `2031-05-06`), as seconds since 1970.

Source: sbatch(1) --begin; FACTS "sbatch: options".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

Offset = Callable[[float], int]
"""Seconds that local clocks are ahead of UTC at a moment."""

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_CLOCK = {"midnight": (0, 0, 0), "noon": (12, 0, 0), "fika": (15, 0, 0), "teatime": (16, 0, 0)}
_DAYS = {"today": 0, "tomorrow": 1}
_NOW = re.compile(r"now\s*(?:[+-]\s*(\d{1,9})\s*(?:(second|minute|hour|day|week)s?)?)?", re.I)
_ISO = re.compile(r"\d{4}-..-")
_BLANKS = " \t\n\r"
# Some thousand years: what is further away no calendar of ours can name.
_FARTHEST_S = 2**37


class MomentError(ValueError):
    """A text that means no moment; `position`: where the reader gave up."""

    def __init__(self, text: str, position: int) -> None:
        super().__init__(f"{text!r} is no moment from its letter {position + 1} on")
        self.position = position


def parse_moment(text: str, now: float, offset: Offset, *, may_be_past: bool = False) -> float:
    """The moment a user means.

    A time of day that is past means tomorrow's, a day without its year that is past next year's,
    unless they `may_be_past`.

    Units: UTC, seconds. Raises: MomentError.
    """
    if text[:3].lower() == "now":
        return _relative(text, now)
    today = datetime.fromtimestamp(now + offset(now), tz=timezone.utc)
    scanner = _Scanner(text, today, may_be_past=may_be_past)
    scanner.read()
    clock = scanner.clock or (0, 0, 0)
    day = scanner.date or today
    moment = day.replace(hour=clock[0], minute=clock[1], second=clock[2], microsecond=0)
    if scanner.date is None and moment <= today and not may_be_past:
        moment += timedelta(days=1)
    return _epoch(moment, offset)


def _relative(text: str, now: float) -> float:
    found = _NOW.fullmatch(text)
    if found is None:
        begun = re.match(r"now\s*[+-]\s*(?=\d)", text, re.I)
        raise MomentError(text, begun.end() if begun else 3 if text[3:4] in "+-" else 4)
    count, unit = found.groups()
    span_s = int(count or 0) * _UNITS[(unit or "second").lower()]
    if span_s > _FARTHEST_S:
        raise MomentError(text, found.start(1))
    return now - span_s if "-" in text else now + span_s


class _Scanner:
    """Reads words, times of day and dates one after another, in any order."""

    def __init__(self, text: str, today: datetime, *, may_be_past: bool) -> None:
        self._text = text
        self._today = today
        self._may_be_past = may_be_past
        self._at = 0
        self.date: datetime | None = None
        self.clock: tuple[int, int, int] | None = None

    def read(self) -> None:
        """All of the text. Raises: MomentError."""
        while self._at < len(self._text):
            if self._text[self._at] in f"{_BLANKS}T":
                self._at += 1
            elif self._digit(self._at):
                self._number()
            else:
                self._word()
        if self.date is None and self.clock is None:
            raise MomentError(self._text, 0)

    def _word(self) -> None:
        rest = self._text[self._at :]
        word = next((word for word in (*_CLOCK, *_DAYS) if rest.startswith(word)), None)
        if word is None:
            raise MomentError(self._text, self._at)
        if word in _CLOCK:
            self.clock = _CLOCK[word]
        else:
            self.date = self._today.replace(hour=0, minute=0, second=0) + timedelta(
                days=_DAYS[word]
            )
        self._at += len(word)

    def _number(self) -> None:
        rest = self._text[self._at :]
        marks = rest[1:3]
        if ":" in marks:
            self._time()
        elif "/" in marks or "." in marks:
            self._day_of_month(marks.strip("0123456789")[:1])
        elif _ISO.match(rest):
            self._iso()
        else:
            self._day_of_month("")

    def _time(self) -> None:
        hour_at = self._at
        hour, minute, second = self._one_or_two(), 0, 0
        self._expect(":")
        minute = self._two(0, 59)
        if self._text[self._at : self._at + 1] == ":":
            self._at += 1
            second = self._two(0, 59)
        half = re.compile(r"\s*([aApP])[mM]").match(self._text, self._at)
        if half is not None:
            if hour > 12:
                raise MomentError(self._text, half.start(1))
            hour = hour % 12 + (12 if half[1] in "pP" else 0)
            self._at = half.end()
        if hour > 23:
            raise MomentError(self._text, hour_at)
        self.clock = (hour, minute, second)

    def _iso(self) -> None:
        year = int(self._text[self._at : self._at + 4])
        self._at += 5
        month = self._two(1, 12)
        self._expect("-")
        self._set_date(year, month, self._two(1, 31))
        if self._text[self._at : self._at + 1] in ("T", "-"):
            self._at += 1
            if self._at < len(self._text):
                self._time()

    def _day_of_month(self, mark: str) -> None:
        month_at = self._at
        month = self._one_or_two() if mark else self._two(1, 12)
        if not 1 <= month <= 12:
            raise MomentError(self._text, month_at)
        if mark:
            self._expect(mark)
        day_at = self._at
        day = self._one_or_two() if mark else self._two(1, 31)
        if not 1 <= day <= 31:
            raise MomentError(self._text, day_at)
        if mark and self._text[self._at : self._at + 1] == mark:
            self._at += 1
            self._set_date(2000 + self._two(0, 99), month, day)
        elif not mark and self._text[self._at : self._at + 1].isdecimal():
            self._set_date(2000 + self._two(0, 99), month, day)
        else:
            is_past = (month, day) < (self._today.month, self._today.day)
            is_next = is_past and not self._may_be_past
            self._set_date(self._today.year + is_next, month, day)

    def _set_date(self, year: int, month: int, day: int) -> None:
        """A day that its month does not have is one of the next."""
        if not 1 <= year < 9999:
            raise MomentError(self._text, 0)
        first = self._today.replace(
            year=year, month=month, day=1, hour=0, minute=0, second=0, microsecond=0
        )
        self.date = first + timedelta(days=day - 1)

    def _one_or_two(self) -> int:
        digits = 2 if self._digit(self._at + 1) else 1
        value = int(self._text[self._at : self._at + digits]) if self._digit(self._at) else -1
        if value < 0:
            raise MomentError(self._text, self._at)
        self._at += digits
        return value

    def _two(self, low: int, high: int) -> int:
        begin = self._at
        for at in (begin, begin + 1):
            if not self._digit(at):
                raise MomentError(self._text, at)
        value = int(self._text[begin : begin + 2])
        if not low <= value <= high:
            raise MomentError(self._text, begin)
        self._at += 2
        return value

    def _expect(self, mark: str) -> None:
        if self._text[self._at : self._at + 1] != mark:
            raise MomentError(self._text, self._at)
        self._at += 1

    def _digit(self, at: int) -> bool:
        return self._text[at : at + 1].isascii() and self._text[at : at + 1].isdecimal()


def _epoch(local: datetime, offset: Offset) -> float:
    """Local clock time as a moment; in the hour that a change of clocks repeats, the first."""
    naive = local.replace(microsecond=0).timestamp()
    guess = naive - offset(naive)
    return naive - offset(guess)
