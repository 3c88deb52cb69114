"""The order in which squeue lists jobs.

Source: squeue(1) --sort; what it leaves open was looked up in Slurm 22.05.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from tinysched.report.slurm.rows import Row

USUAL = "P,t,-p"
_NEVER = float("inf")
_LAST = 2**62

Key = Callable[[Row], str | float]


class UnknownLetterError(ValueError):
    """A letter that nothing can be sorted by; the text is that letter."""


def _same(_row: Row) -> float:
    return 0.0


def _limit(row: Row) -> float:
    return _NEVER if row.limit_s is None else row.limit_s


def _end(row: Row) -> float:
    if row.ended is not None:
        return row.ended.ended_at
    if row.planned_at is None:
        return 0.0
    return row.planned_at + _limit(row)


_KEYS: Mapping[str, Key] = MappingProxyType(
    {
        "B": lambda row: "host" if row.has_started else "",
        "C": lambda row: row.cores,
        "D": lambda row: row.job.request.nodes or 1,
        "L": lambda row: _limit(row) - row.elapsed_s,
        "M": lambda row: row.elapsed_s,
        "N": lambda row: 0 if row.has_started else 1,
        "P": lambda row: row.standing.partition,
        "Q": lambda row: row.standing.priority,
        "S": lambda row: _NEVER if row.planned_at is None else row.planned_at,
        "T": lambda row: row.state,
        "U": lambda row: row.job.uid,
        "V": lambda row: row.job.submitted_at,
        "c": lambda row: row.job.request.cpus_per_task or 1,
        "e": _end,
        "i": lambda row: row.job.id,
        "j": lambda row: row.job.request.name,
        "l": _limit,
        "m": lambda row: row.standing.memory_mib,
        "p": lambda row: row.standing.priority,
        "t": lambda row: row.short_state,
        "u": lambda row: row.job.user,
        **dict.fromkeys("bdfghnvzGHIJO", _same),
    }
)


def ordered(rows: Sequence[Row], letters: str) -> list[Row]:
    """The rows in the order that letters such as `P,t,-p` mean. Raises: UnknownLetterError."""
    found = list(rows)
    for letter, is_falling in reversed(_parsed(letters)):
        key = _KEYS.get(letter)
        if key is None:
            raise UnknownLetterError(letter)
        if letter in "iNS":  # these begin with the oldest where nothing else counts
            found.sort(key=_age)
        if letter == "S":  # what has no time comes last, whichever way the others go
            has_time = [row for row in found if row.planned_at is not None]
            has_time.sort(key=lambda row: row.planned_at or 0.0, reverse=is_falling)
            found = has_time + [row for row in found if row.planned_at is None]
        else:
            found.sort(key=key, reverse=is_falling)
            if is_falling and letter == "i":
                found.sort(key=_age, reverse=True)
    return found


def as_kept(rows: Sequence[Row], *, newest_tasks_first: bool) -> list[Row]:
    """The order in which Slurm itself keeps them, which is that of equals.

    First what has a time to start, the oldest first, then what has none, the newest first. Of one
    job that was asked for alone, what waits comes first, then the newest task.
    """
    if newest_tasks_first:
        waiting = [row for row in rows if not row.has_started]
        started = [row for row in rows if row.has_started]
        return sorted(waiting, key=_age) + sorted(started, key=_age, reverse=True)
    timed = [row for row in rows if row.planned_at is not None]
    timeless = [row for row in rows if row.planned_at is None]
    return sorted(timed, key=_age) + sorted(timeless, key=lambda row: (-row.job.id, _task(row)))


def _age(row: Row) -> tuple[int, int]:
    return row.job.id, _task(row)


def _task(row: Row) -> int:
    """The tasks of an array in their order; those that share a line come last."""
    if row.unit is not None:
        return row.unit.id.task or 0
    return row.tasks.first if row.is_alone and row.tasks else _LAST


def _parsed(letters: str) -> list[tuple[str, bool]]:
    """Each letter, and whether a minus stands before it."""
    found, is_falling = [], False
    for letter in letters:
        if letter in "+-":
            is_falling = letter == "-"
        elif letter != ",":
            found.append((letter, is_falling))
            is_falling = False
    return found
