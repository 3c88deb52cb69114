"""Of what a job's owner is told by mail, to which addresses, and in which words.

The words of a subject are those of Slurm, which people sort their mail by.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tinysched.job.model import JobId
from tinysched.job.quantities import format_duration


class Event(Enum):
    """What a mail tells, as --mail-type names it; the words in its subject are in `SAYS`."""

    INVALID_DEPEND = "INVALID_DEPEND"
    BEGIN = "BEGIN"
    END = "END"
    FAIL = "FAIL"
    REQUEUE = "REQUEUE"
    STAGE_OUT = "STAGE_OUT"
    TIME_LIMIT_50 = "TIME_LIMIT_50"
    TIME_LIMIT_80 = "TIME_LIMIT_80"
    TIME_LIMIT_90 = "TIME_LIMIT_90"
    TIME_LIMIT = "TIME_LIMIT"


SAYS = {
    Event.INVALID_DEPEND: "Invalid dependency",
    Event.BEGIN: "Began",
    Event.END: "Ended",
    Event.FAIL: "Failed",
    Event.REQUEUE: "Requeued",
    Event.STAGE_OUT: "Staged Out",
    Event.TIME_LIMIT_50: "Reached 50% of time limit",
    Event.TIME_LIMIT_80: "Reached 80% of time limit",
    Event.TIME_LIMIT_90: "Reached 90% of time limit",
    Event.TIME_LIMIT: "Reached time limit",
}
# At which part of the time limit they are due.
PARTS = {Event.TIME_LIMIT_50: 0.5, Event.TIME_LIMIT_80: 0.8, Event.TIME_LIMIT_90: 0.9}
ARRAY_TASKS = "ARRAY_TASKS"
_IN_ALL = (
    Event.INVALID_DEPEND,
    Event.BEGIN,
    Event.END,
    Event.FAIL,
    Event.REQUEUE,
    Event.STAGE_OUT,
)
# In the order in which Slurm shows them.
_NAMES = (ARRAY_TASKS, *(event.value for event in Event))
_NO_ADDRESS = re.compile(r"[\s,;<>()\[\]\\\"|\x00-\x20\x7f]|^[-.]|^$")
_LONGEST_ADDRESS = 320
_MOST_ADDRESSES = 20
_LONGEST_SUBJECT = 400


def read_types(text: str, *, strict: bool = True) -> str | None:
    """The value of --mail-type in its full form, `BEGIN,END`; None: no mail.

    `strict`: not one word may be unknown; Slurm is content with one that it knows.
    Raises: ValueError.
    """
    words = text.upper().split(",")
    unknown = [word for word in words if word not in (*_NAMES, "ALL", "NONE")]
    if len(unknown) == len(words) or (strict and unknown):
        raise ValueError(f"expected ALL, NONE or a list of {', '.join(_NAMES)}")
    if "NONE" in words:
        return None
    wanted = {*words, *((event.value for event in _IN_ALL) if "ALL" in words else ())}
    return ",".join(name for name in _NAMES if name in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Of what somebody wants to be told; `each_task`: of every task of an array."""

    events: frozenset[Event]
    each_task: bool = False


def wish(mail_type: str | None) -> Wish | None:
    """What the value of a request's --mail-type means; None: no mail."""
    if not mail_type:
        return None
    words = mail_type.upper().split(",")
    events = frozenset(event for event in Event if event.value in words)
    return Wish(events=events, each_task=ARRAY_TASKS in words) if events else None


def addresses(text: str) -> tuple[str, ...]:
    """The addresses in the value of --mail-user.

    Raises: ValueError if one could be anything but an address, in a header or on a command line.
    """
    found = tuple(text.split(","))
    if len(found) > _MOST_ADDRESSES or any(
        len(one) > _LONGEST_ADDRESS or _NO_ADDRESS.search(one) for one in found
    ):
        raise ValueError(f"expected up to {_MOST_ADDRESSES} addresses such as ann@example.org")
    return found


def line(text: str) -> str:
    """A subject in one line of printable letters, whatever a job is called."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean[:_LONGEST_SUBJECT]


def of_job(raw_id: int, name: str, event: Event, more: Sequence[str] = ()) -> str:
    """The subject of a plain job's mail; `more`: how long, how it ended."""
    return _subject(f"Job_id={raw_id}", name, event, more)


def of_task(task: JobId, raw_id: int, name: str, event: Event, more: Sequence[str]) -> str:
    """The subject of a mail about one task of an array."""
    return _subject(f"Array Task Job_id={task} ({raw_id})", name, event, more)


def of_array(number: int, name: str, event: Event, more: Sequence[str] = ()) -> str:
    """The subject of a mail about an array as a whole."""
    return _subject(f"Array Summary Job_id={number}_* ({number})", name, event, more)


def span(words: str, seconds: float) -> str:
    """`Run time 00:00:05`."""
    return f"{words} {format_duration(seconds)}"


def _subject(which: str, name: str, event: Event, more: Sequence[str]) -> str:
    return line(", ".join((f"Slurm {which} Name={name} {SAYS[event]}", *more)))
