"""Moments and stretches of time as Slurm's commands print them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from tinysched.job.quantities import format_elapsed
from tinysched.report.place import Place

_STANDARD = "%Y-%m-%dT%H:%M:%S"
_LONGEST = 255
NO_LIMIT = "UNLIMITED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """How this caller wants moments written: SLURM_TIME_FORMAT ('': as always)."""

    place: Place
    now: float
    style: str = ""

    @property
    def is_wrong(self) -> bool:
        """The style is none of Slurm's, nor a strftime(3) format."""
        return self.style not in ("", "standard", "relative") and "%" not in self.style

    def text(self, moment: float | None, missing: str = "N/A") -> str:
        """A moment (UTC, seconds)."""
        if moment is None:
            return missing
        if self.style == "relative":
            return self._relative(moment)
        is_own = "%" in self.style and len(self.style) <= _LONGEST
        return self._at(moment).strftime(self.style if is_own else _STANDARD)

    def date_line(self) -> str:
        """The present as date(1) writes it: `Mon Nov  3 09:41:12 2031`."""
        return self._at(self.now).strftime("%a %b %e %H:%M:%S %Y")

    def _at(self, moment: float) -> datetime:
        offset = timedelta(seconds=self.place.utc_offset_s(moment))
        return datetime.fromtimestamp(int(moment), tz=timezone(offset))

    def _relative(self, moment: float) -> str:
        """As short as it can be from today. Source: sinfo(1), SLURM_TIME_FORMAT."""
        at, today = self._at(moment), self._at(self.now).date()
        days = (at.date() - today).days
        if not days:
            return at.strftime("%H:%M:%S")
        if days == -1:
            return at.strftime("Ystday %H:%M")
        if days == 1:
            return at.strftime("Tomorr %H:%M")
        if abs(days) < 7:
            return at.strftime("%a %H:%M")
        if abs(days) < 180:
            return at.strftime("%-d %b %H:%M")
        return at.strftime("%-d %b %Y")


def limit_text(limit_s: int | None) -> str:
    """A time limit."""
    return NO_LIMIT if limit_s is None else format_elapsed(limit_s)
