"""Which of Slurm's commands are answered, and by whom: loaded when one is asked for the first time.

Together they are a third of the dispatcher, and many a queue is only used by our own names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.wire.channel import Channel, Message

Verb = Callable[[Channel, Message], Answer]


def verbs(parts: Parts) -> Mapping[str, Verb]:
    """The verbs of Slurm's commands."""
    return {verb: _Waiting(parts, load).answer for verb, load in _LOADS.items()}


class _Waiting:
    """Answers for whoever is loaded by the first question."""

    def __init__(self, parts: Parts, load: Callable[[Parts], Verb]) -> None:
        self._parts = parts
        self._load = load
        self._verb: Verb | None = None

    def answer(self, channel: Channel, message: Message) -> Answer:
        """Whatever comes of it."""
        if self._verb is None:
            self._verb = self._load(self._parts)
        return self._verb(channel, message)


def _endings(parts: Parts) -> Verb:
    from tinysched.programs.dispatch.slurm.endings import Endings

    return Endings(parts).answer


def _lint(parts: Parts) -> Verb:
    from tinysched.programs.dispatch.slurm.lint import Lint

    return Lint(parts).answer


def _sacct(parts: Parts) -> Verb:
    from tinysched.programs.dispatch.slurm.sacct import Sacct

    return Sacct(parts).answer


def _scancel(parts: Parts) -> Verb:
    from tinysched.programs.dispatch.slurm.scancel import Scancel

    return Scancel(parts).answer


def _scontrol(parts: Parts) -> Verb:
    from tinysched.programs.dispatch.slurm.scontrol import Scontrol

    return Scontrol(parts).answer


def _sinfo(parts: Parts) -> Verb:
    from tinysched.programs.dispatch.slurm.sinfo import Sinfo

    return Sinfo(parts).answer


def _squeue(parts: Parts) -> Verb:
    from tinysched.programs.dispatch.slurm.squeue import Squeue

    return Squeue(parts).answer


def _sstat(parts: Parts) -> Verb:
    from tinysched.programs.dispatch.slurm.sstat import Sstat

    return Sstat(parts).answer


_LOADS: Mapping[str, Callable[[Parts], Verb]] = {
    "ending": _endings,
    "lint": _lint,
    "sacct": _sacct,
    "scancel": _scancel,
    "scontrol": _scontrol,
    "sinfo": _sinfo,
    "squeue": _squeue,
    "sstat": _sstat,
}
