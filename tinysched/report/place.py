"""What a report must be told about the machine it speaks of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The host's name, and its seconds east of UTC at a moment (UTC, seconds)."""

    host: str
    utc_offset_s: Callable[[float], int]
