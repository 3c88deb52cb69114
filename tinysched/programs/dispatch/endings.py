"""Ends of which no agent tells: what a restart of the host ended, and what was lost."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from tinysched.host.clock import Clock
from tinysched.job.model import Granted, RunId, Running, Unit
from tinysched.job.runs import Cause, Ending
from tinysched.programs import events
from tinysched.programs.dispatch.books import Books

LOG = logging.getLogger("dispatcher")
RAN = "the host was restarted while it ran"
GRANTED = "the host was restarted when it was about to start"


def of_former_boots(books: Books, clock: Clock) -> Iterator[Ending]:
    """The ends of all that was granted in a former boot; records that name none say nothing."""
    boot_id, now = clock.boot_id(), clock.wall()
    for job, unit in list(books.live()):
        state = unit.state
        if not isinstance(state, Granted | Running) or state.boot_id in ("", boot_id):
            continue
        LOG.warning(events.HOST_RESTARTED, unit.id, job.user, unit.attempt)
        words = RAN if isinstance(state, Running) else GRANTED
        # It ran until this boot began at the latest.
        yield unseen(unit, Cause.BOOT, words, now, now - clock.boottime())


def unseen(unit: Unit, cause: Cause, words: str, now: float, ran_until: float = 0.0) -> Ending:
    """The end of a unit's present attempt, as it is recorded now that nobody reports it.

    `ran_until`: the latest moment at which it can have run (UTC, seconds), if that is known.
    """
    state = unit.state if isinstance(unit.state, Running) else None
    return Ending(
        run=run_of(unit),
        cause=cause,
        exit=None,
        started_at=None if state is None else state.started_at,
        ended_at=now,
        elapsed_s=0.0 if state is None else max(0.0, ran_until - state.started_at),
        output="" if state is None else state.output,
        error="" if state is None else state.error,
        words=words,
    )


def run_of(unit: Unit) -> RunId:
    """The name of a unit's present attempt."""
    return RunId(job=unit.id, attempt=unit.attempt)
