"""When a run is to be stopped, and what to send next: shared by worker and agent.

All times are boottime seconds: no clock step and no suspend shortens or lengthens a limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinysched.job.runs import Cause

# A script needs a moment to say what it will do with a signal that is due when it starts.
WARN_NOT_BEFORE_S = 1.0
SURVIVOR_WAIT_S = 1.0
KILL_EVERY_S = 0.1
GIVE_UP_AFTER_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """What is known of a run of which some process is alive.

    `limit_s` None: no limit. `warn_s`: so long before the limit it wants a signal (None: never, or
    it has been sent). `cancel_at`: when the first order to cancel came; `kill`: that KILL
    was ordered. `ended_at`: when the script itself exited, while others survive. `term_sent_at`
    and `kill_sent_at`: the first of each; `last_kill_at`: the latest KILL. `paused_at`: since when
    it is suspended (None: it is not); `paused_s`: how long it was before. No limit runs meanwhile.
    """

    started_at: float
    limit_s: float | None
    kill_wait_s: float
    warn_s: float | None = None
    cancel_at: float | None = None
    kill: bool = False
    ended_at: float | None = None
    term_sent_at: float | None = None
    kill_sent_at: float | None = None
    last_kill_at: float | None = None
    paused_at: float | None = None
    paused_s: float = 0.0

    @property
    def is_ending(self) -> bool:
        """Its end has been ordered, or has begun."""
        ends = (self.cancel_at, self.ended_at, self.term_sent_at, self.kill_sent_at)
        return any(moment is not None for moment in ends)

    def resumed(self, now: float) -> Stopping:
        """It goes on, if it was suspended."""
        if self.paused_at is None:
            return self
        pause_s = max(0.0, now - self.paused_at)
        return replace(self, paused_at=None, paused_s=self.paused_s + pause_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do before `until`; None: before something happens."""

    until: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warn:
    """Send the signal that the job wanted before its limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Send TERM, then CONT (who is stopped must hear it), to the whole tree."""

    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Send KILL to the whole tree."""

    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """What is still there cannot be killed."""


Step = Wait | Warn | Term | Kill | GiveUp


def step(facts: Stopping, now: float) -> Step:
    """Decide what to do now about a run of which something is alive."""
    limit_at = _limit_at(facts)
    cause = _cause(facts, limit_at, now)
    if cause is None:
        return _before_limit(facts, limit_at, now)
    if facts.kill_sent_at is not None:
        return _after_kill(facts, facts.kill_sent_at, cause, now)
    if facts.kill:
        return Kill(cause=cause)
    if facts.term_sent_at is None:
        return Term(cause=cause)
    wait_s = SURVIVOR_WAIT_S if cause is Cause.EXIT else facts.kill_wait_s
    kill_at = facts.term_sent_at + wait_s
    return Kill(cause=cause) if now >= kill_at else Wait(until=kill_at)


def _before_limit(facts: Stopping, limit_at: float | None, now: float) -> Step:
    """While nothing ends it. A warning that would come with the limit, or after it, is none."""
    if facts.warn_s is None or limit_at is None or facts.term_sent_at is not None:
        return Wait(until=limit_at)
    warn_at = max(limit_at - facts.warn_s, facts.started_at + WARN_NOT_BEFORE_S)
    if warn_at >= limit_at:
        return Wait(until=limit_at)
    return Warn() if now >= warn_at else Wait(until=warn_at)


def _after_kill(facts: Stopping, first_at: float, cause: Cause, now: float) -> Step:
    if now >= first_at + GIVE_UP_AFTER_S:
        return GiveUp()
    again_at = (facts.last_kill_at or first_at) + KILL_EVERY_S
    return Kill(cause=cause) if now >= again_at else Wait(until=again_at)


def _limit_at(facts: Stopping) -> float | None:
    if facts.limit_s is None or facts.paused_at is not None:
        return None
    return facts.started_at + facts.limit_s + facts.paused_s


def _cause(facts: Stopping, limit_at: float | None, now: float) -> Cause | None:
    """Tell why the run is being stopped: the order that came first; None while it may run on.

    A script that exited before anything was sent has ended by itself, whatever order was due.
    """
    sent = [at for at in (facts.term_sent_at, facts.kill_sent_at) if at is not None]
    if facts.ended_at is not None and (not sent or facts.ended_at <= min(sent)):
        return Cause.EXIT
    seen_at = min(sent, default=now)
    orders = [(facts.cancel_at, Cause.CANCEL), (limit_at, Cause.LIMIT)]
    due = [(at, cause) for at, cause in orders if at is not None and at <= seen_at]
    if due:
        return min(due, key=lambda order: order[0])[1]
    return Cause.EXIT if facts.ended_at is not None else None
