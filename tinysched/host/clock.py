"""The one place that looks at a clock."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What a program asks of time; tests hand in one that jumps."""

    def wall(self) -> float:
        """Tell the time of day, for records. Units: UTC, seconds since 1970."""

    def boottime(self) -> float:
        """Tell the time since boot, for limits: no clock step moves it, suspend counts."""

    def boot_id(self) -> str:
        """Name this boot: pids and boottimes of another boot mean nothing."""

    def utc_offset_s(self, epoch: float) -> int:
        """Tell how far local time was ahead of UTC at a moment."""

    def sleep(self, duration_s: float) -> None:
        """Let time pass."""


class SystemClock:
    """The machine's own clock."""

    def wall(self) -> float:
        """Tell the time of day."""
        return time.time()

    def boottime(self) -> float:
        """Tell the time since boot."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def boot_id(self) -> str:
        """Name this boot."""
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()

    def utc_offset_s(self, epoch: float) -> int:
        """Tell how far local time was ahead of UTC at a moment."""
        return time.localtime(epoch).tm_gmtoff

    def sleep(self, duration_s: float) -> None:
        """Let time pass."""
        time.sleep(duration_s)
