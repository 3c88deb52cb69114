"""Times and sizes between what people write (`1-12:00:00`, `2G`) and plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from math import floor

DURATION_FORMS = "MM, MM:SS, HH:MM:SS, D-HH, D-HH:MM, D-HH:MM:SS or UNLIMITED"
MEMORY_FORMS = "a whole number with K, M, G or T after it (without a letter: MiB), or 0 for all"

_UNLIMITED = {"UNLIMITED", "INFINITE", "-1"}
# Digits of any one number: some hundred million minutes or terabytes are no request but a slip.
_MOST_DIGITS = 9
_MIB_PER = {"M": 1, "G": 1024, "T": 1024 * 1024}


def parse_duration(text: str) -> int | None:
    """A time limit as users write it; None is no limit, and so is 0.

    Units: seconds. Raises: ValueError. Source: sbatch(1) --time.
    """
    if text.upper() in _UNLIMITED:
        return None
    days, dash, clock = text.partition("-")
    if dash:
        seconds = _number(days) * 86400 + _weighed(clock, (3600, 60, 1))
    else:
        parts = text.count(":") + 1
        seconds = _weighed(text, (60, 1) if parts < 3 else (3600, 60, 1))
    return seconds or None


def format_elapsed(seconds: float) -> str:
    """A stretch of time as short as it can be: `0:07`, `12:00:00`, `1-00:00:00`.

    Units: seconds, cut to whole ones; less than none is shown as none. Source: squeue(1) TIME.
    """
    days, hours, minutes, rest = _clock(seconds)
    if days:
        return f"{days}-{hours:02}:{minutes:02}:{rest:02}"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def format_duration(seconds: float) -> str:
    """A stretch of time in full: `00:00:07`, `1-00:00:00`.

    Units: seconds, cut to whole ones; less than none is shown as none. Source: scontrol(1) RunTime.
    """
    days, hours, minutes, rest = _clock(seconds)
    clock = f"{hours:02}:{minutes:02}:{rest:02}"
    return f"{days}-{clock}" if days else clock


def format_time(epoch: float, offset_s: int) -> str:
    """A moment as people's clocks show it: `2031-05-06T07:08:09`.

    Units: seconds since 1970 UTC, and the seconds that local clocks are ahead of UTC.
    """
    local = datetime.fromtimestamp(floor(epoch) + offset_s, tz=timezone.utc)
    return local.isoformat()[:19]


def parse_memory(text: str) -> int:
    """An amount of memory as users write it; 0 asks for all of it.

    Units: MiB; kilobytes are rounded up. Raises: ValueError. Source: sbatch(1) --mem.
    """
    size = text.upper()
    if size[-2:-1] in ("K", "M", "G", "T") and size.endswith("B"):
        size = size[:-1]
    unit = size[-1:]
    if unit == "K":
        return -(-_number(size[:-1]) // 1024)
    if unit in _MIB_PER:
        return _number(size[:-1]) * _MIB_PER[unit]
    return _number(size)


def format_memory(mib: int) -> str:
    """An amount of memory in the largest unit that keeps it whole: `2G`, `1500M`, `0`.

    Units: MiB.
    """
    for unit in ("T", "G"):
        if mib and mib % _MIB_PER[unit] == 0:
            return f"{mib // _MIB_PER[unit]}{unit}"
    return f"{mib}M" if mib else "0"


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ValueError(f"not a whole number: {text[: _MOST_DIGITS + 1]!r}")
    return int(text)


def _weighed(text: str, weights: Sequence[int]) -> int:
    """The numbers between colons, each times its weight; the last ones may be left out."""
    numbers = [_number(part) for part in text.split(":")]
    if len(numbers) > len(weights):
        raise ValueError(f"too many parts: {len(numbers)}")
    return sum(number * weight for number, weight in zip(numbers, weights, strict=False))


def _clock(seconds: float) -> tuple[int, int, int, int]:
    minutes, rest = divmod(max(floor(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return days, hours, minutes, rest
