"""Anything in any order: users, agents, a host and a disk. What is promised holds after each."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.programs.machine_promises import Promises
from tests.programs.machine_rules import OPEN
from tinysched.programs.dispatch.upkeep import RAREST_S


class Machine(Promises):
    """Everything that may happen, and an end that is always reached."""

    def all_ends_well(self):
        """With everybody up, everything ends, and nothing is taken any more."""
        queue = self.queue
        queue.disk.full, queue.disk.left = "", None
        queue.disk.work_again()
        queue.reconfigure(cpus=8, privacy="open", min_job_age_s=300.0)
        queue.sleep(1)
        for agent in self.agents:
            agent.is_slow = False
            agent.boot()
        for number in self.owners:
            queue.ask(0, "control", "release", number)
        for _ in range(200):
            for agent in self.agents:
                agent.obey()
                for name in list(agent.runs):
                    self._end(agent, name, 0)
            queue.sleep(1)
            if not any(agent.runs or agent.channel.said for agent in self.agents):
                break
        assert not OPEN & set(queue.states().values())
        assert queue.cores_taken == 0
        queue.sleep(RAREST_S)
        queue.dispatcher.advance()
        assert not queue.dispatcher.ledger.owes
        before = queue.states()
        queue.restart()
        assert queue.states() == before


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_what_is_promised_holds_whatever_happens(soak):
    often = settings(
        max_examples=20 * soak, stateful_step_count=30 if soak == 1 else 50, deadline=None
    )
    run_state_machine_as_test(Machine, settings=often)
