"""Two hundred small jobs on four cores: states, exit codes, outputs, and never a fifth core."""

from __future__ import annotations

from tests.e2e.army import Army
from tests.e2e.user import User


def test_two_hundred_tasks_end_as_they_should_and_never_take_a_fifth_core(ann: User):
    army = Army(ann)
    army.submit()
    army.cancel_the_waiting()
    army.cancel_the_sleepers()
    army.has_ended_well()
