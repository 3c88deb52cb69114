"""One run, watched until nothing of it lives: when to signal whom, and what to record.

Shared by the worker, and by the agent that takes over from a worker that was killed.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from tinysched.errors import SpoolError
from tinysched.host import tree
from tinysched.host.clock import Clock
from tinysched.job.model import Exit
from tinysched.job.notices import Why
from tinysched.job.runs import Amendment, Cause, Ending, Grant
from tinysched.job.signals import Reach
from tinysched.job.usage import UNKNOWN, Usage
from tinysched.policy import stopping
from tinysched.programs.herald import Herald
from tinysched.programs.kin import Kin
from tinysched.programs.stepping import Steps
from tinysched.spool.runrecords import AmendedRun

# How often to look whether survivors are gone: a death we are told of wakes us before.
LOOK_AGAIN_S = 0.05
# Who forks and ends has to be hit in between.
KILLS_AT_ONCE = 5
UNKILLABLE_S = 5.0
# The kernel may need a moment to end what is large; what takes longer is worth a word.
LINGERS_AFTER_S = 2.0
# Nothing wakes us when the host wakes, and a wait does not count the time that it slept.
LONGEST_SLEEP_S = 10.0
# Somebody may let a part of what is suspended go on.
STILL_AGAIN_S = 5.0


class Custody:
    """The end of one run.

    `lingering` names what has outlived KILL for long, and may never go. Times: `started_at` UTC
    seconds, `began_at` boottime seconds.
    """

    def __init__(
        self, grant: Grant, started_at: float, began_at: float, clock: Clock,
        kin: Kin, herald: Herald,
    ) -> None:  # fmt: skip
        self._grant = grant
        self._clock = clock
        self._kin = kin
        self._herald = herald
        self._started_at = started_at
        warning = herald.warning
        self._facts = stopping.Stopping(
            started_at=began_at,
            limit_s=grant.limit_s,
            kill_wait_s=grant.kill_wait_s,
            warn_s=None if warning is None else warning.before_s,
        )
        self._order = Why.CANCEL
        self._cause: Cause | None = None
        self._exit: Exit | None = None
        self._ended_wall = 0.0
        self._survivors: tuple[str, ...] = ()
        self._linger_at: float | None = None
        self.lingering: tuple[str, ...] = ()
        self.is_over = False
        self.cpu_s = 0.0
        self.usage: Usage = UNKNOWN
        self.steps: Steps | None = None
        self.keep: Callable[[AmendedRun], None] | None = None

    def order_stop(self, *, kill: bool, requeue: bool = False) -> None:
        """Somebody who may has ordered the end; `requeue`: to have it run once more."""
        now = self._clock.boottime()
        if self._facts.cancel_at is None:
            self._order = Why.REQUEUE if requeue else Why.CANCEL
        cancel_at = self._facts.cancel_at if self._facts.cancel_at is not None else now
        facts = self._facts.resumed(now)
        self._facts = replace(facts, cancel_at=cancel_at, kill=facts.kill or kill)

    def script_ended(self, exit_: Exit | None) -> None:
        """The script itself is gone; None: nobody knows how."""
        if self._facts.ended_at is None:
            self._facts = replace(self._facts, ended_at=self._clock.boottime())
            self._exit = exit_
            self._ended_wall = self._clock.wall()

    def script_found_ended(self, exit_: Exit | None) -> None:
        """The same where a worker was killed, which may have ended it and could not say so."""
        if self._cause is None and self._facts.term_sent_at is None:
            self._cause = self._likely_cause(exit_)
        self.script_ended(exit_)

    def _likely_cause(self, exit_: Exit | None) -> Cause | None:
        if self._facts.cancel_at is not None:
            return Cause.CANCEL
        if exit_ is None or exit_.signal not in (signal.SIGTERM, signal.SIGKILL):
            return None
        due = stopping.step(self._facts, self._clock.boottime())
        return due.cause if isinstance(due, stopping.Term | stopping.Kill) else None

    @property
    def is_suspended(self) -> bool:
        """It stands still until somebody lets it go on, or ends it."""
        return self._facts.paused_at is not None

    def go_on_as(self, amended: AmendedRun) -> None:
        """What was changed of the run while somebody else watched it."""
        self._facts = replace(
            self._facts,
            limit_s=amended.limit_s,
            paused_at=amended.paused_at,
            paused_s=amended.paused_s,
        )

    def amend(self, amendment: Amendment) -> None:
        """Somebody who may has changed what holds for it; what is being ended is ended."""
        if self._facts.is_ending:
            return
        now, was_suspended = self._clock.boottime(), self.is_suspended
        facts = replace(self._facts, limit_s=amendment.limit_s)
        if not amendment.is_suspended:
            facts = facts.resumed(now)
        elif not was_suspended:
            facts = replace(facts, paused_at=now)
        self._facts = facts
        amended = AmendedRun(
            limit_s=amendment.limit_s, paused_at=facts.paused_at, paused_s=facts.paused_s
        )
        if self.keep is not None:
            with suppress(SpoolError):  # on a full disk only who watches it now knows
                self.keep(amended)
        if was_suspended and not self.is_suspended:
            self.send(signal.SIGCONT)

    def notify(self, words: str) -> None:
        """Somebody who may has something to say to the readers of its stderr."""
        self._herald.notify(words)

    def _stand_still(self) -> float:
        """Stops whoever moves; returns in how many seconds to look again."""
        is_still = not all(self.halt() for _ in range(KILLS_AT_ONCE))
        return STILL_AGAIN_S if is_still else LOOK_AGAIN_S

    def halt(self) -> bool:
        """Stops whoever of the run moves; false: nobody did."""
        moving = [pid for pid in self._kin.members() if not tree.is_stopped(pid)]
        for pid in moving:
            tree.send_if(pid, signal.SIGSTOP, self._kin.has)
        return bool(moving)

    def order_signal(self, signum: int, reach: Reach) -> None:
        """Somebody who may sends a signal: what comes of it is the job's own affair."""
        match reach:
            case Reach.ALL:
                self._herald.hear(signum)
                self.send(signum)
            case Reach.SCRIPT:
                self._herald.hear(signum)
                self._to_script(signum)
            case Reach.STEPS:
                self._to_steps(signum)

    def order_step(self, number: int, signum: int | None) -> None:
        """Somebody who may sends a signal to one step, or ends it (None)."""
        if self.steps is None:
            return
        if signum is None:
            self.steps.end(number, self._clock.wall())
        else:
            self.steps.signal(signum, self._clock.wall(), number)

    def look_at_steps(self, left: int | None = None) -> bool:
        """Ends what is left of those whose srun was killed; false: there are no steps.

        `left`: a process that has hung up.
        """
        if self.steps is None:
            return False
        self.steps.look(self._clock.wall())
        if left is not None:
            self.steps.left(left, self._clock.wall())
        return self.steps.is_any

    def _to_script(self, signum: int) -> None:
        if self._facts.ended_at is None:
            self._herald.signal_script(signum)

    def _to_steps(self, signum: int) -> None:
        if self.steps is not None:
            self.steps.signal(signum, self._clock.wall())

    def send(self, signum: int) -> None:
        """One signal to everybody in the run."""
        for _ in range(KILLS_AT_ONCE if signum == signal.SIGKILL else 1):
            found = [tree.send_if(pid, signum, self._kin.has) for pid in self._kin.members()]
            if not found:
                break

    def step(self) -> float | None:
        """Does what is due. Returns in how many seconds to look again (None: when told)."""
        if self._facts.ended_at is not None and self._kin.is_empty():
            self.is_over = True
            return None
        now = self._clock.boottime()
        match stopping.step(self._facts, now):
            case stopping.Wait(until=until):
                wait_s = None if until is None else min(max(0.0, until - now), LONGEST_SLEEP_S)
                if self.is_suspended and not self._facts.is_ending:
                    wait_s = self._stand_still()
                return self._no_longer_than(LOOK_AGAIN_S, wait_s)
            case stopping.Warn():
                self._warn()
                return 0.0
            case stopping.Term(cause=cause):
                self._note(cause)
                self.send(signal.SIGTERM)
                self.send(signal.SIGCONT)
                self._facts = replace(self._facts, term_sent_at=now)
                return LOOK_AGAIN_S
            case stopping.Kill(cause=cause):
                self._note(cause)
                self.send(signal.SIGKILL)
                first_at = now if self._facts.kill_sent_at is None else self._facts.kill_sent_at
                self._facts = replace(self._facts, kill_sent_at=first_at, last_kill_at=now)
                self._look_who_lingers(now, first_at)
                return LOOK_AGAIN_S / 10
            case stopping.GiveUp():
                self.send(signal.SIGKILL)
                self._look_who_lingers(now, now)
                return UNKILLABLE_S

    def _look_who_lingers(self, now: float, killed_at: float) -> None:
        """Names, every few seconds, who ought to be dead."""
        if self._linger_at is None:
            self._linger_at = killed_at + LINGERS_AFTER_S
        if now >= self._linger_at:
            self._linger_at = now + UNKILLABLE_S
            self.lingering = tree.describe(self._kin.members())

    def _no_longer_than(self, longest_s: float, wait_s: float | None) -> float | None:
        is_ending = self._facts.ended_at is not None or self._facts.term_sent_at is not None
        if not is_ending:
            return wait_s
        return longest_s if wait_s is None else min(longest_s, wait_s)

    def _warn(self) -> None:
        warning = self._herald.warn()
        self._facts = replace(self._facts, warn_s=None)
        if warning is None:
            return
        if warning.reach is Reach.SCRIPT:
            self._to_script(warning.number)
        else:
            self._to_steps(warning.number)

    def _note(self, cause: Cause) -> None:
        """The first cause is the cause; who outlives the script is remembered by name."""
        if self._cause is None:
            self._cause = cause
            if self.steps is not None:
                self.steps.stop(cause.value, self._clock.wall(), self._kin.has)
            if cause is not Cause.EXIT:
                self._herald.say(Why.LIMIT if cause is Cause.LIMIT else self._order)
        if cause is Cause.EXIT and not self._survivors:
            self._survivors = tree.describe(self._kin.members())

    def _paused_s(self, until: float) -> float:
        return self._facts.resumed(until).paused_s

    def ending(self, output: str, error: str) -> Ending:
        """The exit record of a run that is over."""
        ended_at = self._facts.ended_at or self._facts.started_at
        cause = self._cause or Cause.EXIT
        if self._exit is None and cause is Cause.EXIT:
            cause = Cause.LOST
        return Ending(
            run=self._grant.run,
            cause=cause,
            exit=self._exit,
            started_at=self._started_at,
            ended_at=self._ended_wall,
            elapsed_s=max(0.0, ended_at - self._facts.started_at - self._paused_s(ended_at)),
            cpu_s=self.cpu_s,
            usage=self.usage,
            survivors=self._survivors,
            output=output,
            error=error,
            steps=() if self.steps is None else self.steps.all(self._clock.wall()),
            words="" if cause is not Cause.LOST else "agent and worker were both killed",
        )
