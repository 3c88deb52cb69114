"""The end of a run: who is signalled when, and what is recorded. No real process is touched."""

import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.programs.watched import TERM, Watched
from tinysched.job.model import Exit
from tinysched.job.runs import Cause


def test_a_job_that_ends_by_itself_is_sent_nothing():
    run = Watched(limit_s=60).at(10)
    run.exits(code=3)
    run.at(11)
    assert run.sent == []
    ending = run.ended
    assert (ending.cause, ending.exit, ending.elapsed_s) == (Cause.EXIT, Exit(code=3), 10.0)
    assert (ending.started_at, ending.ended_at) == (run.began_wall, run.began_wall + 10)
    assert (ending.output, ending.error, ending.survivors) == ("/o", "/e", ())


def test_a_job_without_a_limit_waits_to_be_told():
    assert Watched().step() is None


def test_a_job_with_a_limit_is_looked_at_when_it_is_over():
    assert Watched(limit_s=6).step() == 6.0


def test_a_job_at_its_limit_is_told_to_end():
    run = Watched(limit_s=60).at(59.9)
    assert run.sent == []
    run.at(61)
    assert run.sent == [(60.0, TERM[0]), (60.0, TERM[1])]
    assert (run.ended.cause, run.ended.exit) == (Cause.LIMIT, Exit(signal=15))


def test_a_job_that_traps_term_and_ends_well_was_stopped_all_the_same():
    run = Watched(limit_s=60, script_dies_of=()).at(61)
    run.exits(code=0)
    run.at(62)
    assert (run.ended.cause, run.ended.exit) == (Cause.LIMIT, Exit())


def test_a_job_that_does_not_listen_is_killed_after_the_wait():
    run = Watched(limit_s=60, kill_wait_s=5.0, script_dies_of=()).at(64.9)
    assert [signum for _, signum in run.sent] == TERM
    run.at(66)
    assert run.sent[2] == (pytest.approx(65.0, abs=0.1), signal.SIGKILL)
    assert (run.ended.cause, run.ended.exit) == (Cause.LIMIT, Exit(signal=9))


def test_a_cancelled_job_is_told_to_end_at_once():
    run = Watched(limit_s=60).at(7)
    run.order_stop(kill=False)
    run.at(8)
    assert run.sent == [(7.0, TERM[0]), (7.0, TERM[1])]
    assert run.ended.cause is Cause.CANCEL


def test_an_order_to_kill_waits_for_nothing():
    run = Watched(script_dies_of=()).at(7)
    run.order_stop(kill=True)
    run.at(8)
    assert run.sent == [(7.0, signal.SIGKILL)]
    assert run.ended.cause is Cause.CANCEL


def test_a_kill_may_follow_a_cancel_that_did_not_help():
    run = Watched(script_dies_of=()).at(7)
    run.order_stop(kill=False)
    run.at(9)
    run.order_stop(kill=True)
    run.at(10)
    assert run.sent[-1] == (pytest.approx(9.0, abs=0.1), signal.SIGKILL)


def test_a_second_cancel_changes_nothing():
    run = Watched(script_dies_of=(), kill_wait_s=10.0).at(1)
    for moment in (2, 5, 8):
        run.order_stop(kill=False)
        run.at(moment)
    assert [signum for _, signum in run.sent] == TERM
    run.at(13)
    assert run.sent[2][0] == pytest.approx(11.0, abs=0.1)


@pytest.mark.parametrize(("cancel_at", "cause"), [(59, Cause.CANCEL), (61, Cause.LIMIT)])
def test_the_first_of_cancel_and_limit_is_the_cause(cancel_at, cause):
    run = Watched(limit_s=60, script_dies_of=()).at(cancel_at)
    run.order_stop(kill=False)
    run.at(200)
    assert run.ended.cause is cause


def test_a_script_that_ended_before_it_was_cancelled_was_not_cancelled():
    run = Watched(others=1).at(5)
    run.exits(code=4)
    run.order_stop(kill=True)
    run.at(6)
    assert (run.ended.cause, run.ended.exit) == (Cause.EXIT, Exit(code=4))


def test_who_outlives_the_script_is_ended_and_named():
    run = Watched(others=1).at(5)
    run.exits()
    run.at(6)
    assert run.sent == [(5.0, TERM[0]), (5.0, TERM[1])]
    assert run.ended.survivors[0].startswith(f"{os.getpid()} ")
    assert run.ended.cause is Cause.EXIT
    assert run.ended.elapsed_s == pytest.approx(5.0, abs=0.01)


def test_who_outlives_the_script_and_does_not_listen_is_killed_after_a_second():
    run = Watched(others=1).at(5)
    run.others_die_of = {signal.SIGKILL}
    run.exits()
    run.at(7)
    assert run.sent[2] == (pytest.approx(6.0, abs=0.1), signal.SIGKILL)
    assert run.is_over


def test_those_that_outlive_a_cancelled_script_are_no_survivors():
    run = Watched(others=1).at(5)
    run.others_die_of = {signal.SIGKILL}
    run.order_stop(kill=False)
    run.at(5.1)
    assert not run.script_alive
    assert not run.is_over
    run.at(40)
    assert (run.ended.cause, run.ended.survivors) == (Cause.CANCEL, ())
    assert run.ended.elapsed_s == pytest.approx(5.0, abs=0.01)


def test_what_cannot_be_killed_is_tried_again_and_never_said_to_be_over():
    run = Watched(others=1)
    run.others_die_of = set()
    run.order_stop(kill=True)
    run.at(59)
    kills = [moment for moment, _ in run.sent]
    assert len(kills) > 100
    assert not run.is_over
    run.at(70)
    before = len(run.sent)
    run.at(170)
    assert 15 <= len(run.sent) - before <= 25
    assert not run.is_over
    run.others = []
    run.at(180)
    assert run.ended.cause is Cause.CANCEL


def test_what_outlives_kill_for_seconds_is_named_for_as_long_as_it_does():
    run = Watched(others=1)
    run.others_die_of = set()
    run.order_stop(kill=True)
    run.at(1.9)
    assert run.lingering == ()
    run.at(3)
    assert run.lingering[0].startswith(f"{os.getpid()} ")
    run.at(100)
    run.others.append(os.getppid())
    run.at(110)
    assert len(run.lingering) == 2


def test_an_end_that_nobody_saw_is_a_loss():
    run = Watched().at(3)
    run.script_alive = False
    run.script_ended(None)
    run.at(4)
    assert (run.ended.cause, run.ended.exit) == (Cause.LOST, None)
    assert run.ended.words


def test_a_cancelled_job_whose_end_nobody_saw_is_cancelled():
    run = Watched(script_dies_of=()).at(3)
    run.order_stop(kill=False)
    run.at(4)
    run.script_alive = False
    run.script_ended(None)
    run.at(5)
    assert (run.ended.cause, run.ended.exit) == (Cause.CANCEL, None)


TERMED = Exit(code=0, signal=signal.SIGTERM)
FELL = Exit(code=0, signal=signal.SIGSEGV)


@pytest.mark.parametrize(
    ("is_cancelled", "found_at", "exit_", "cause"),
    [
        (True, 3, TERMED, Cause.CANCEL),
        (True, 3, Exit(code=7), Cause.CANCEL),  # it may clean up
        (True, 3, None, Cause.CANCEL),
        (False, 6, TERMED, Cause.LIMIT),
        (False, 6, Exit(code=0), Cause.EXIT),
        (False, 6, FELL, Cause.EXIT),
        (False, 3, TERMED, Cause.EXIT),
        (False, 6, None, Cause.LOST),
    ],
)
def test_what_a_killed_worker_had_ended_is_found_to_be_ended_by_it(
    is_cancelled, found_at, exit_, cause
):
    run = Watched(limit_s=5.0)
    run.clock.sleep(found_at)
    if is_cancelled:
        run.order_stop(kill=False)
    run.script_alive = False
    run.script_found_ended(exit_)
    run.step()
    assert run.is_over
    assert (run.ended.cause, run.ended.exit) == (cause, exit_)


def test_the_first_news_of_the_scripts_end_count():
    run = Watched(others=1).at(3)
    run.others_die_of = set()
    run.exits(code=7)
    run.at(10)
    run.script_ended(None)
    run.others = []
    run.at(11)
    assert (run.ended.exit, run.ended.elapsed_s) == (Exit(code=7), 3.0)


def test_a_step_of_the_clock_neither_shortens_nor_lengthens_a_limit():
    run = Watched(limit_s=60).at(10)
    run.clock.step_wall(3600)
    run.at(59)
    assert run.sent == []
    run.clock.step_wall(-7200)
    run.at(61)
    assert run.sent[0][0] == 60.0
    assert run.ended.elapsed_s == pytest.approx(60.0, abs=0.01)


events = st.lists(
    st.tuples(st.floats(0, 90), st.sampled_from(["stop", "kill", "exit", "gone"])), max_size=5
)
mortality = st.sets(st.sampled_from([signal.SIGTERM]))


@given(events, st.none() | st.integers(0, 60), st.integers(0, 2), mortality, mortality)
def test_every_history_ends_with_nothing_alive_and_one_record(
    history, limit_s, others, script_dies_of, others_die_of
):
    run = Watched(limit_s=limit_s, others=others, script_dies_of=script_dies_of)
    run.others_die_of = {*others_die_of, signal.SIGKILL}
    for moment, event in sorted(history):
        run.at(moment)
        if run.is_over:
            break
        if event in ("stop", "kill"):
            run.order_stop(kill=event == "kill")
        elif run.script_alive:
            run.script_alive = False
            run.script_ended(Exit(code=1) if event == "exit" else None)
    if limit_s is None and run.script_alive:
        run.order_stop(kill=False)
    run.at(1000)
    ending = run.ended
    assert run._alive() == []
    assert ending.elapsed_s >= 0
    assert (ending.cause is Cause.LIMIT) <= (limit_s is not None)
    kinds = [signum for _, signum in run.sent]
    if signal.SIGTERM in kinds and signal.SIGKILL in kinds:
        assert kinds.index(signal.SIGTERM) < kinds.index(signal.SIGKILL)
    assert kinds.count(signal.SIGTERM) <= 1
