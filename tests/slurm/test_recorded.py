"""Slurm's commands do what a real Slurm was recorded doing (`tests/run --slurm`)."""

from __future__ import annotations

import pytest

from tests.e2e.people import SEVERAL_USERS
from tests.slurm.differing import DIFFERING, tolerant
from tests.slurm.fleet import Fleet
from tests.slurm.judging import Verdict
from tests.slurm.recorded import Case, cases


@SEVERAL_USERS
@pytest.mark.parametrize("case", list(map(tolerant, cases())), ids=lambda case: case.name)
def test_it_does_as_recorded(case: Case, fleet: Fleet):
    judgement = fleet.judgement(case)
    if case.name in DIFFERING:
        assert judgement.verdict is Verdict.DIFFERENT, "it passes: take it from differing.py"
    else:
        assert judgement.verdict is not Verdict.DIFFERENT, judgement.differences
