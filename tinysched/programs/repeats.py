"""What is tried again every second is told at first, and then ever more rarely, with a count."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from tinysched.host.clock import Clock
from tinysched.programs import events

# A failure that is not told again for so long is over; the next one is a new one.
QUIET_S = 300.0
FIRST_S = 60.0
RAREST_S = 3600.0
MOST_KEPT = 10_000
RETRIED = frozenset(
    {
        events.NOT_GRANTED,
        events.CANCEL_NOT_RECORDED,
        events.CONDITION_NOT_RECORDED,
        events.PURGE_FAILED,
        events.USERS_UNTENDED,
        events.TROUBLE,
    }
)


@dataclass(slots=True)
class _Repeat:
    """One failure that goes on. Moments are boottime, seconds."""

    heard_at: float
    next_at: float
    wait_s: float = FIRST_S
    count: int = 1


class Repeats(logging.Filter):
    """Lets the first line of a failure through, and later ones as `times=N`, ever more rarely.

    A failure is a kind of line and its first fact: the job that it is about.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._repeats: dict[tuple[str, object], _Repeat] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is worth the room."""
        if record.msg not in RETRIED or not isinstance(record.args, tuple) or not record.args:
            return True
        now = self._clock.boottime()
        key = (record.msg, str(record.args[0]) if "job=" in record.msg else "")
        known = self._repeats.get(key)
        if known is None or now - known.heard_at > QUIET_S:
            if len(self._repeats) >= MOST_KEPT:
                self._repeats.clear()
            self._repeats[key] = _Repeat(now, now + FIRST_S)
            return True
        known.heard_at = now
        known.count += 1
        if now < known.next_at:
            return False
        known.wait_s = min(RAREST_S, known.wait_s * 2)
        known.next_at = now + known.wait_s
        record.msg = f"{record.msg} times={known.count}"
        return True
