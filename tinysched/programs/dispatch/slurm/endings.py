"""Tells those who wait for the end of a job how it ended."""

from __future__ import annotations

from tinysched.job.model import Ended, Job, Outcome, Unit
from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.script.jobnames import whole
from tinysched.script.slurm.refusals import refusal
from tinysched.wire.channel import Channel, Message

UNKNOWN = "Job no longer found in the queue"


class Endings:
    """Answers `sbatch --wait`, which asks again and again."""

    def __init__(self, parts: Parts) -> None:
        self._ledger = parts.ledger
        self._rights = parts.rights

    def answer(self, channel: Channel, message: Message) -> Answer:
        """The exit code of a job; nothing as long as it has not ended.

        Raises: VerbatimError.
        """
        try:
            number = whole(message.text("id"))
        except ValueError:
            raise refusal(UNKNOWN) from None
        self._ledger.recall(number)
        job = self._ledger.books.jobs.get(number)
        if job is None or not self._rights.may_change(channel.peer.uid, job):
            raise refusal(UNKNOWN)
        if not job.is_final:
            return Answer()
        return Answer(more=(("code", b"%d" % self._code(job)),))

    def _code(self, job: Job) -> int:
        """Of an array the highest of its tasks'."""
        units = self._ledger.books.units(job.id)
        return max((_code_of(unit) for unit in units), default=0)


def _code_of(unit: Unit) -> int:
    """Of a script its own, whatever ended it; 1 if it was killed, 0 if it was never to run."""
    state = unit.state
    if not isinstance(state, Ended):
        return 1
    if state.exit is None:
        return int(state.outcome is not Outcome.CANCELLED or state.started_at is not None)
    return 1 if state.exit.signal else state.exit.code
