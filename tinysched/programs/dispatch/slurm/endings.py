"""Tells those who wait for the end of a job how it ended."""

from __future__ import annotations

from tinysched.job.model import Elements, Ended, Job, Outcome, Unit
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
        codes = [_code_of(unit) for unit in units]
        if isinstance(job.work, Elements) and job.work.cancelled:
            codes.append(1)
        return max(codes, default=1)


def _code_of(unit: Unit) -> int:
    """What was killed, or never ran, counts as 1."""
    state = unit.state
    if not isinstance(state, Ended) or state.exit is None or state.exit.signal:
        return 1
    is_bad = state.outcome not in (Outcome.COMPLETED, Outcome.FAILED)
    return max(state.exit.code, int(is_bad))
