"""Queues with a past, made fast: records that go through the product's own store, unsynced."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.spool import made
from tinysched.job.model import Job, Pending
from tinysched.spool.disk import Disk
from tinysched.spool.store import Store

_DAY_S = 86_400.0
_DAYS = 30
_RAN_S = 10.0
_NAMES = 50
_AT_ONCE = 500


class Hasty(Disk):
    """Nobody was told of these records, so that they need not outlast a power cut."""

    __slots__ = ()

    def sync(self, fd: int) -> None:
        """Takes no time."""


def add_ended(root: Path, count: int) -> None:
    """Jobs of this user that ended in the last month, but for today.

    The dispatcher of the root must not run.
    """
    first_at = time.time() - _DAYS * _DAY_S
    each_s = (_DAYS - 1) * _DAY_S / count

    def job(number: int, place: int) -> Job:
        ended_at = first_at + place * each_s
        state = made.ended(ended_at=ended_at)
        state = replace(state, started_at=ended_at - _RAN_S, elapsed_s=_RAN_S, cores=1)
        ended = made.plain(number, state, f"job{place % _NAMES}")
        return replace(ended, submitted_at=ended_at - 2 * _RAN_S)

    _add(root, count, job)


def add_waiting(root: Path, count: int, cores: int) -> None:
    """Jobs of this user that wait for so many cores. They have no scripts: they must not start.

    The dispatcher of the root must not run.
    """
    now = time.time()

    def job(number: int, place: int) -> Job:
        waits = made.plain(number, Pending(eligible_at=now), f"job{place % _NAMES}")
        request = replace(waits.request, cpus_per_task=cores)
        return replace(waits, request=request, submitted_at=now)

    _add(root, count, job)


def _add(root: Path, count: int, job: Callable[[int, int], Job]) -> None:
    owner = {"uid": os.geteuid(), "user": pwd.getpwuid(os.geteuid()).pw_name}
    store = Store.open(str(root), Hasty())
    try:
        store.load()
        for begin in range(0, count, _AT_ONCE):
            places = range(begin, min(count, begin + _AT_ONCE))
            jobs = [job(store.allocate_id(), place) for place in places]
            store.publish([replace(one, **owner) for one in jobs])  # type: ignore[arg-type]  # two fields
    finally:
        store.close()
