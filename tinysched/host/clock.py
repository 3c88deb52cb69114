"""The one place that looks at a clock."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object  # typing would be 0.4 MB of every program

# poll(2) takes its timeout as an int: 24 days and some hours.
LONGEST_WAIT_S = 86400.0


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

    def __init__(self) -> None:
        self._boot_id = ""

    def wall(self) -> float:
        """Tell the time of day."""
        return time.time()

    def boottime(self) -> float:
        """Tell the time since boot."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def boot_id(self) -> str:
        """Name this boot."""
        if not self._boot_id:  # no process outlives its boot
            with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
                self._boot_id = file.read().strip()
        return self._boot_id

    def utc_offset_s(self, epoch: float) -> int:
        """Tell how far local time was ahead of UTC at a moment."""
        return time.localtime(epoch).tm_gmtoff

    def sleep(self, duration_s: float) -> None:
        """Let time pass."""
        time.sleep(duration_s)


def timeout_ms(wait_s: float | None) -> int | None:
    """How long to poll for what is due in `wait_s` seconds; whoever waits for longer wakes between.

    Units: milliseconds, rounded up; None: until told.
    """
    return None if wait_s is None else int(max(0.0, min(wait_s, LONGEST_WAIT_S)) * 1000) + 1
