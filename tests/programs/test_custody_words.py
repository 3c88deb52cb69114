"""What a run is told besides TERM and KILL, and whom signals reach. No real process is touched."""

import signal
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.programs.watched import BEGAN, Watched
from tinysched.job.model import Exit
from tinysched.job.notices import Why
from tinysched.job.runs import Cause
from tinysched.job.signals import LimitSignal, Reach


@given(st.integers(1, 100_000), st.floats(0, 200_000))
def test_a_host_that_slept_over_a_limit_ends_the_job_ten_seconds_after_it_woke(limit_s, slept_s):
    run = Watched(limit_s=limit_s)
    wait_s = run.step()
    assert wait_s <= 10.0
    run.clock.sleep(slept_s + wait_s)  # no wait counts the time that the host slept
    run.step()
    over_s = run.clock.boottime() - BEGAN
    assert bool(run.sent) == (over_s >= limit_s)


def test_a_reader_of_its_stderr_is_told_before_a_job_is_ended():
    run = Watched(limit_s=60, script_dies_of=(), kill_wait_s=5.0).at(70)
    assert run.herald.said == [Why.LIMIT]
    for kill in (False, True):
        run = Watched().at(7)
        run.order_stop(kill=kill)
        run.at(8)
        assert run.herald.said == [Why.CANCEL]
    run = Watched().at(7)
    run.order_stop(kill=False, requeue=True)
    run.order_stop(kill=True)
    run.at(8)
    assert run.herald.said == [Why.REQUEUE]


def test_a_job_that_ends_by_itself_is_told_nothing():
    run = Watched(limit_s=60, others=2).at(7)
    run.exits()
    run.at(80)
    assert run.is_over
    assert run.herald.said == []


WARNING = LimitSignal(number=signal.SIGUSR1, before_s=20, reach=Reach.SCRIPT)


def test_the_script_hears_the_signal_it_wanted_before_its_limit_once_and_alone():
    run = Watched(limit_s=60, others=1, warning=WARNING).at(39.9)
    assert run.to_script == []
    run.at(59)
    assert run.to_script == [(pytest.approx(40.0, abs=0.001), signal.SIGUSR1)]
    assert (run.sent, run.herald.said) == ([], ["warned"])
    run.at(80)
    assert len(run.to_script) == 1
    assert run.herald.said == ["warned", Why.LIMIT]
    assert run.ended.cause is Cause.LIMIT


def test_a_script_that_ends_on_that_signal_has_ended_by_itself():
    run = Watched(limit_s=60, warning=WARNING).at(41)
    run.exits(code=0)
    run.at(80)
    assert (run.ended.cause, run.ended.exit) == (Cause.EXIT, Exit())


def test_a_signal_for_steps_reaches_no_script():
    run = Watched(limit_s=60, warning=replace(WARNING, reach=Reach.STEPS)).at(59)
    assert (run.to_script, run.sent, run.herald.said) == ([], [], ["warned"])
    run.order_signal(signal.SIGUSR2, Reach.STEPS)
    assert (run.to_script, run.sent, run.herald.said) == ([], [], ["warned"])


def test_a_signal_goes_to_the_script_or_to_everybody_as_ordered():
    run = Watched(others=1).at(5)
    run.order_signal(signal.SIGUSR2, Reach.SCRIPT)
    assert (run.to_script, run.sent) == ([(5.0, signal.SIGUSR2)], [])
    run.order_signal(signal.SIGUSR1, Reach.ALL)
    assert run.sent == [(5.0, signal.SIGUSR1)]
    run.exits()
    run.order_signal(signal.SIGUSR2, Reach.SCRIPT)
    assert len(run.to_script) == 1, "its pid may be somebody else's by now"
