"""The dispatcher's log: one line an event, whoever caused it, and no more of it than anybody reads.

Half of what is logged was said by people who may want the log to lie, or to be full.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Sequence

from tinysched.config import Config
from tinysched.errors import SpoolError
from tinysched.host.clock import Clock
from tinysched.job import lifecycle
from tinysched.job.model import Cancel, Elements, Ended, Job, JobId, Outcome, Pending, Unit
from tinysched.job.runs import Cause, Ending
from tinysched.programs import events
from tinysched.programs.loglines import OneLine, SizedLog, tell_each
from tinysched.programs.logplaces import make_way
from tinysched.programs.repeats import Repeats

LOG = logging.getLogger("dispatcher")
OPEN_MODE = 0o640
PRIVATE_MODE = 0o600
# Of one kind of line about one user, so many in a minute are enough.
WINDOW_S = 60.0
MOST_ALIKE = 100
MOST_KINDS = 10_000


class Enough(logging.Filter):
    """Lets through so many lines of a kind and a user in a minute; the last says `muted_s=60`.

    Only what any user can cause as often as they like is counted: lines whose first value is a uid.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._until = 0.0
        self._seen: dict[tuple[str, object], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is one of the first of its kind."""
        if not isinstance(record.args, tuple) or "uid=%d" not in record.msg or not record.args:
            return True
        now = self._clock.boottime()
        if now >= self._until or len(self._seen) > MOST_KINDS:
            self._until = now + WINDOW_S
            self._seen.clear()
        kind = (record.msg, record.args[0])
        count = self._seen[kind] = self._seen.get(kind, 0) + 1
        if count == MOST_ALIKE:
            record.msg = f"{record.msg} muted_s={WINDOW_S:.0f}"
        return count <= MOST_ALIKE


class _Log(SizedLog):
    """A log whose successors have its mode."""

    permissions = PRIVATE_MODE

    def put_aside(self) -> None:
        """Begins a new file."""
        super().put_aside()
        os.chmod(self.baseFilename, self.permissions)


def mode_of(config: Config) -> int:
    """The mode of records and logs."""
    return PRIVATE_MODE if config.privacy == "private" else OPEN_MODE


def open_log(root: str, config: Config, clock: Clock) -> None:
    """Sends everything that is logged to the root's own file.

    Raises: SpoolError.
    """
    os.umask(0o077)  # rotated logs are made at any time
    path = f"{root}/logs/dispatcher.log"
    moved = make_way(path)
    try:
        log = _Log(path, config.log_size_mib * 2**20, config.log_files)
    except OSError as error:
        raise SpoolError(f"cannot open {path}: {error.strerror}") from error
    log.setFormatter(OneLine())
    log.addFilter(Enough(clock))
    log.addFilter(Repeats(clock))
    logging.getLogger().handlers[:] = [log]
    if moved:
        LOG.warning(events.QUARANTINED, moved)
    follow(root, config)


def follow(root: str, config: Config) -> None:
    """Makes level and modes agree with a configuration, those of former logs, too."""
    mode = mode_of(config)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Log):
            handler.permissions = mode
    logging.getLogger().setLevel(config.log_level.upper())
    try:
        for entry in os.scandir(f"{root}/logs"):
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
                os.chmod(entry.path, mode)  # nobody else can put anything there
    except OSError as error:
        LOG.warning(events.MODES_STAY, error)


def say_ended(job: Job, unit: Unit | None, ending: Ending) -> None:
    """An attempt is over and on record. `job`, `unit`: as they are now."""
    if unit is None:
        return
    name, attempt = unit.id, ending.run.attempt
    if ending.cause is Cause.LIMIT:
        LOG.info(events.LIMIT_REACHED, name, job.user, attempt, job.request.limit_s)
    outcome, _ = lifecycle.verdict(ending, unit.cancel, None)
    how = (outcome.value, ending.cause.value, ending.exit)
    cost = (ending.elapsed_s, ending.cpu_s, len(ending.survivors))
    LOG.info(events.ENDED, name, job.user, attempt, *how, *cost)
    if isinstance(unit.state, Pending):
        why = "ordered" if unit.setback is None else unit.setback.name
        LOG.info(events.REQUEUED, name, job.user, None, why)
    say_array_ended(job)


def say_array_ended(job: Job) -> None:
    """Says so if an array, as it is now, has no task left."""
    if isinstance(job.work, Elements) and job.is_final:
        LOG.info(events.ARRAY_ENDED, job.id, job.user, job.work.worst.value)


def say_ordered(job: Job, unit: Unit, cancel: Cancel) -> None:
    """Somebody has ordered the end of what runs."""
    LOG.info(events.CANCEL_ORDERED, unit.id, job.user, cancel.by_uid, _signal(cancel))


def _signal(cancel: Cancel) -> str:
    return "KILL" if cancel.kill else "TERM"


def say_withdrawn(jobs: Sequence[Job], cancel: Cancel) -> None:
    """Plain jobs that waited are over, because somebody has ordered that. As they are now."""
    alike: dict[tuple[str, int], list[JobId]] = {}
    for job in jobs:
        if isinstance(job.work, Unit):
            alike.setdefault((job.user, job.work.attempt), []).append(job.work.id)
    for (user, attempt), ids in alike.items():
        tell_each(LOG, events.CANCEL_ORDERED, ids, user, cancel.by_uid, _signal(cancel))
        how = (Outcome.CANCELLED.value, Cause.CANCEL.value, None)
        tell_each(LOG, events.ENDED, ids, user, attempt, *how, 0.0, 0.0, 0)


def say_cancelled(job: Job, unit: Unit) -> None:
    """What never started, and was cancelled, is over at once."""
    if isinstance(unit.state, Ended):
        how = (unit.state.outcome.value, Cause.CANCEL.value, None)
        LOG.info(events.ENDED, unit.id, job.user, unit.attempt, *how, 0.0, 0.0, 0)


class DiskWatch:
    """Says once that the disk refuses records, and once that it takes them again."""

    def __init__(self) -> None:
        self._is_refused = False

    def __enter__(self) -> None:
        """Around every write."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, SpoolError) and not self._is_refused:
            self._is_refused = True
            LOG.error(events.DISK_REFUSED, error.sentence)
        elif error is None and self._is_refused:
            self._is_refused = False
            LOG.info(events.DISK_RETURNED)
