"""What a run is told by word and by a signal of its own wish: each once, whoever watches it."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from dataclasses import replace

from tinysched.errors import SpoolError
from tinysched.host import cores
from tinysched.host.clock import Clock
from tinysched.host.outputs import Output
from tinysched.job import notices
from tinysched.job.notices import Why
from tinysched.job.quantities import format_time
from tinysched.job.signals import LimitSignal
from tinysched.programs.assignment import Assignment
from tinysched.spool.runs import RunDir

_ENDING = (signal.SIGTERM, signal.SIGKILL)


class Herald:
    """Speaks to one run. What was said is noted with its start, for who may have to take over.

    `assignment` None: its request cannot be read any more, and it is told nothing. `signal_script`
    reaches the script alone, and nobody else once that is gone. `follow`: it was started only now,
    so its output files may be reached through links, and nothing has been said yet.
    """

    def __init__(
        self, assignment: Assignment | None, run: RunDir, clock: Clock,
        signal_script: Callable[[int], None], *, follow: bool,
    ) -> None:  # fmt: skip
        self._assignment = assignment
        self.signal_script = signal_script
        self._dir = run
        self._clock = clock
        self._output = Output("" if assignment is None else assignment.error, follow=follow)
        self._is_warned = self._is_told = False
        if not follow:
            self._recall()

    def _recall(self) -> None:
        """What somebody else has said before."""
        with contextlib.suppress(SpoolError):
            started = self._dir.started()
            if started is not None:
                self._is_warned, self._is_told = started.is_warned, started.is_told

    @property
    def warning(self) -> LimitSignal | None:
        """What to send before the limit; None: nothing, or it has been sent."""
        if self._assignment is None or self._is_warned:
            return None
        return self._assignment.request.limit_signal

    def warn(self) -> LimitSignal | None:
        """What to send, now."""
        warning, self._is_warned = self.warning, True
        self._note()
        return warning

    def say(self, why: Why) -> None:
        """Tells the readers of its stderr why it is about to be ended."""
        assignment = self._assignment
        if assignment is None or self._is_told:
            return
        now = self._clock.wall()
        moment = format_time(now, self._clock.utc_offset_s(now))
        host, raw_id = cores.short_hostname(), assignment.grant.raw_id
        self._output.add(notices.notice(why, raw_id, host, moment, assignment.stored.command))
        self._is_told = True
        self._note()

    def notify(self, words: str) -> None:
        """Tells the readers of its stderr what somebody has to say."""
        if self._assignment is not None:
            speaker = notices.voice(cores.short_hostname(), self._assignment.stored.command)
            self._output.add(f"{speaker or 'tinysched: '}{words}\n")

    def hear(self, signum: int) -> None:
        """Somebody sends it a signal: to Slurm one that ends it is a cancellation as well."""
        if self._assignment is None or signum not in _ENDING:
            return
        if notices.speaks_slurm(self._assignment.stored.command):
            self.say(Why.CANCEL)

    def close(self) -> None:
        """Lets go of the output file."""
        self._output.close()

    @property
    def has_noted(self) -> bool:
        """What it has said stands in the record of the start."""
        return self._is_warned or self._is_told

    def _note(self) -> None:
        """Writes down what has been said; on a full disk it may be said twice."""
        with contextlib.suppress(SpoolError):
            started = self._dir.started()  # again: how the script ended may stand there by now
            if started is not None:
                noted = replace(started, is_warned=self._is_warned, is_told=self._is_told)
                self._dir.write_started(noted)
