"""What has happened to a job, as its record keeps it: a few lines, in order, the latest of many.

A line is a moment, a name and facts, in the form of the log: `1800000002.500 Granted attempt=1
cores=8`. Lines are kept as they are and taken apart when somebody asks. Facts are numbers and words
of ours, never what a user wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

SUBMITTED = "Submitted"
HELD = "Held"
RELEASED = "Released"
GRANTED = "Granted"
STARTED = "Started"
CANCEL_ORDERED = "CancelOrdered"
REQUEUE_ORDERED = "RequeueOrdered"
WITHDRAWN = "Withdrawn"
LIMIT_REACHED = "LimitReached"
ENDED = "Ended"
REQUEUED = "Requeued"
REBUILT = "Rebuilt"
SUSPENDED = "Suspended"
RESUMED = "Resumed"
UPDATED = "Updated"

MOST_LINES = 50
# Calendars end soon after; no record of ours says more.
_LATEST = 2e11


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, when (UTC, seconds), and what there is to know of it."""

    at: float
    name: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The latest events of a job or task; `dropped` counts the older ones that had to go."""

    lines: tuple[str, ...] = ()
    dropped: int = 0

    def with_event(self, at: float, name: str, **facts: object) -> History:
        """One more event, at a moment (UTC, seconds); a fact that is None is left out."""
        said = (f"{key}={value}" for key, value in facts.items() if value is not None)
        lines = (*self.lines, " ".join((f"{at:.3f}", name, *said)))
        over = max(0, len(lines) - MOST_LINES)
        return History(lines=lines[over:], dropped=self.dropped + over)

    def events(self) -> tuple[Event, ...]:
        """All that is kept; a line that makes no sense is left out."""
        read = (_read(line) for line in self.lines)
        return tuple(event for event in read if event is not None)


NOTHING = History()


def _read(line: str) -> Event | None:
    at, _, rest = line.partition(" ")
    name, *said = rest.split(" ")
    try:
        moment = float(at)
    except ValueError:
        return None
    if not (name and 0 <= moment < _LATEST):
        return None
    facts = dict(fact.partition("=")[::2] for fact in said)
    return Event(at=moment, name=name, facts=MappingProxyType(facts))
