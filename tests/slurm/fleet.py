"""Replays cases in several towns at once: most of the time a case waits."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from tests.slurm.judging import Judgement
from tests.slurm.recorded import Case
from tests.slurm.replaying import replay
from tests.slurm.towns import Towns


class Fleet(Towns[Judgement]):
    """Towns in which cases are replayed. The slow ones go first."""

    def __init__(self, towns: int, cases: Iterable[Case]) -> None:
        ordered = sorted(cases, key=lambda case: not case.slow)
        super().__init__(towns, {case.name: partial(replay, case) for case in ordered})

    def judgement(self, case: Case) -> Judgement:
        """How a case went, as soon as it has."""
        return self.outcome(case.name)
