"""The only fakes: each passes the same contract test as the real thing."""

from __future__ import annotations


class FakeClock:
    """A clock that stands still until a test moves it; `sleep` moves it and returns."""

    def __init__(self, wall: float = 1_800_000_000.0, boottime: float = 1000.0) -> None:
        self._wall = wall
        self._boottime = boottime
        self._boot = 1
        self.offset_s = 0

    def wall(self) -> float:
        return self._wall

    def boottime(self) -> float:
        return self._boottime

    def boot_id(self) -> str:
        return f"boot-{self._boot}"

    def utc_offset_s(self, epoch: float) -> int:
        return self.offset_s

    def sleep(self, duration_s: float) -> None:
        if duration_s < 0:
            raise ValueError("sleep length must be non-negative")
        self._wall += duration_s
        self._boottime += duration_s

    def step_wall(self, by_s: float) -> None:
        """Set the time of day, as NTP does: nothing else moves."""
        self._wall += by_s

    def reboot(self, down_s: float = 60.0) -> None:
        """Start again: another boot, and its time begins anew."""
        self._wall += down_s
        self._boottime = 1.0
        self._boot += 1
