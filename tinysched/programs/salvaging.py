"""What a run's damaged files still stand for: that it was granted, that it started, that it ended.

Of a run nobody may say that it never was because a file of it cannot be read: else it would be
started again, or its cores given away while it runs.
"""

from __future__ import annotations

from contextlib import suppress

from tinysched.errors import SpoolError
from tinysched.job.model import RunId
from tinysched.job.runs import Cause, Ending, Grant
from tinysched.spool.disk import is_own_fault
from tinysched.spool.private import Private
from tinysched.spool.runrecords import Started
from tinysched.spool.runs import RunDir

# More than a kernel gives.
NO_PID = (1 << 22) + 1
KILL_WAIT_S = 30.0


def grant_of(private: Private, run: RunId) -> Grant:
    """A grant in the place of one that is lost; what its worker has of it counts anyway.

    Only whoever watches it after its worker was killed goes by this one, without a time limit.
    """
    token = ""
    for name in private.tokens():
        with suppress(SpoolError):
            token = name if private.bound(name) == run.job.number else token
    return Grant(
        run=run,
        raw_id=run.job.number,
        token=token,
        cores=1,
        memory_mib=0,
        limit_s=None,
        kill_wait_s=KILL_WAIT_S,
    )


def started_of(run: RunDir) -> Started | None:
    """What was started; of a damaged record only that something was.

    Raises: SpoolError if it could be read later.
    """
    try:
        return run.started()
    except SpoolError as error:
        if is_own_fault(error):
            raise
        return Started(pid=NO_PID, start_ticks=0, boot_id="", started_at=run.start_noted_at)


def ending_of(run: RunDir) -> Ending | None:
    """How it ended; of a damaged record only that it did.

    Raises: SpoolError if it could be read later.
    """
    try:
        return run.ending()
    except SpoolError as error:
        if is_own_fault(error):
            raise
        return Ending(
            run=run.run,
            cause=Cause.LOST,
            exit=None,
            started_at=run.start_noted_at or None,
            ended_at=run.end_noted_at,
            words="its exit record is damaged",
        )
