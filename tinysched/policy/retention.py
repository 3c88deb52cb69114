"""Which ended jobs are forgotten, by age and number."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from tinysched.job.ended import EndedLine

_DAY_S = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`keep_last`: the newest so many are never taken. `age_days`: only older ones are.

    None: not asked for. Neither: nothing is taken. `keep_last` 0 alone: everything is.
    """

    keep_last: int | None = None
    age_days: float | None = None


def to_purge(
    ended: Iterable[EndedLine], rule: Rule, now: float, unfinished: Container[int] = frozenset()
) -> list[int]:
    """Choose the jobs to forget, oldest first; an array counts as one job.

    A job may be named several times (it ended, was requeued and ended again): its last end counts.
    `unfinished` jobs are never taken and do not count as kept.
    """
    if rule.keep_last is None and rule.age_days is None:
        return []
    last: dict[int, float] = {}
    for job in ended:
        if job.task is None and job.number not in unfinished:
            last[job.number] = max(job.ended_at, last.get(job.number, job.ended_at))
    by_age = sorted(last, key=lambda number: (last[number], number))
    old_enough = by_age[: max(0, len(by_age) - (rule.keep_last or 0))]
    if rule.age_days is None:
        return old_enough
    before = now - rule.age_days * _DAY_S
    return [number for number in old_enough if last[number] < before]
