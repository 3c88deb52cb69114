"""What is sent to a run, when, and why."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.job.runs import Cause
from tinysched.policy.stopping import GiveUp, Kill, Stopping, Term, Wait, Warn, step

RUN = Stopping(started_at=100.0, limit_s=60, kill_wait_s=30.0)
FREE = replace(RUN, limit_s=None)


def test_a_run_within_its_limit_is_left_alone_until_the_limit():
    assert step(RUN, 100.0) == Wait(until=160.0)


def test_a_run_without_limit_waits_for_whatever_may_come():
    assert step(FREE, 1e9) == Wait(until=None)


def test_the_limit_brings_term_at_its_very_moment():
    assert step(RUN, 160.0) == Term(cause=Cause.LIMIT)


def test_a_cancel_brings_term_at_once():
    assert step(replace(FREE, cancel_at=120.0), 120.0) == Term(cause=Cause.CANCEL)


def test_a_limit_of_no_seconds_ends_the_run_when_it_starts():
    assert step(replace(RUN, limit_s=0), 100.0) == Term(cause=Cause.LIMIT)


def test_kill_follows_term_after_the_grace_time_and_not_before():
    told = replace(RUN, term_sent_at=160.0)
    assert step(told, 189.9) == Wait(until=190.0)
    assert step(told, 190.0) == Kill(cause=Cause.LIMIT)


def test_an_order_to_kill_needs_no_term():
    assert step(replace(FREE, cancel_at=120.0, kill=True), 120.0) == Kill(cause=Cause.CANCEL)


def test_an_order_to_kill_cuts_the_grace_time_of_a_cancel_short():
    told = replace(FREE, cancel_at=120.0, term_sent_at=120.0, kill=True)
    assert step(told, 121.0) == Kill(cause=Cause.CANCEL)


def test_the_script_that_dies_of_term_leaves_its_children_the_whole_grace_time():
    told = replace(FREE, cancel_at=120.0, term_sent_at=120.0, ended_at=120.1)
    assert step(told, 130.0) == Wait(until=150.0)
    assert step(told, 150.0) == Kill(cause=Cause.CANCEL)


def test_survivors_of_a_script_get_term_at_once_and_kill_a_second_later():
    left = replace(RUN, ended_at=130.0)
    assert step(left, 130.0) == Term(cause=Cause.EXIT)
    told = replace(left, term_sent_at=130.0)
    assert step(told, 130.5) == Wait(until=131.0)
    assert step(told, 131.0) == Kill(cause=Cause.EXIT)


def test_a_cancel_among_survivors_does_not_turn_an_exit_into_a_cancel():
    told = replace(RUN, ended_at=130.0, term_sent_at=130.01, cancel_at=130.005)
    assert step(told, 131.5) == Kill(cause=Cause.EXIT)


def test_a_script_that_ended_before_anything_was_sent_ended_by_itself():
    late = replace(RUN, ended_at=161.0, cancel_at=159.0)
    assert step(late, 161.0) == Term(cause=Cause.EXIT)


@pytest.mark.parametrize(
    ("cancel_at", "cause"), [(159.9, Cause.CANCEL), (160.0, Cause.CANCEL), (160.1, Cause.LIMIT)]
)
def test_of_limit_and_cancel_the_first_is_the_cause(cancel_at, cause):
    assert step(replace(RUN, cancel_at=cancel_at), 170.0) == Term(cause=cause)


def test_a_cancel_after_the_limit_struck_does_not_change_the_cause():
    told = replace(RUN, term_sent_at=160.0, cancel_at=165.0, kill=True)
    assert step(told, 165.0) == Kill(cause=Cause.LIMIT)


def test_a_limit_that_passes_during_a_cancel_does_not_change_the_cause():
    told = replace(RUN, cancel_at=150.0, term_sent_at=150.0)
    assert step(told, 181.0) == Kill(cause=Cause.CANCEL)


def test_kill_is_sent_again_every_tenth_of_a_second():
    hit = replace(FREE, cancel_at=120.0, kill=True, kill_sent_at=120.0, last_kill_at=130.0)
    assert step(hit, 130.05) == Wait(until=130.1)
    assert step(hit, 130.1) == Kill(cause=Cause.CANCEL)


def test_what_lives_a_minute_after_the_first_kill_is_given_up():
    hit = replace(FREE, cancel_at=120.0, kill=True, kill_sent_at=120.0, last_kill_at=179.95)
    assert step(hit, 179.96) == Wait(until=pytest.approx(180.05))
    assert step(hit, 180.0) == GiveUp()


def test_a_first_kill_counts_as_the_latest_until_another_is_recorded():
    hit = replace(FREE, cancel_at=120.0, kill=True, kill_sent_at=120.0)
    assert step(hit, 120.05) == Wait(until=pytest.approx(120.1))


def test_an_exit_seen_in_the_moment_of_the_signal_was_not_its_effect():
    told = replace(RUN, term_sent_at=160.0, ended_at=160.0)
    assert step(told, 160.0) == Wait(until=161.0)


def test_a_limit_taken_back_after_term_still_ends_the_survivors():
    told = replace(FREE, term_sent_at=160.0, ended_at=160.5)
    assert step(told, 170.0) == Kill(cause=Cause.EXIT)
    assert step(replace(told, ended_at=None), 170.0) == Wait(until=None)


def test_survivors_told_at_the_moment_of_the_exit_are_survivors():
    told = replace(FREE, term_sent_at=130.0, ended_at=130.0)
    assert step(told, 130.0) == Wait(until=131.0)


def test_a_run_that_wants_a_signal_before_its_limit_gets_it_then():
    wants = replace(RUN, warn_s=20)
    assert step(wants, 100.0) == Wait(until=140.0)
    assert step(wants, 140.0) == Warn()
    assert step(wants, 159.9) == Warn(), "late, and not too late"
    assert step(replace(wants, warn_s=None), 140.0) == Wait(until=160.0), "once it has been sent"


def test_a_signal_that_is_due_at_the_start_leaves_the_script_a_moment():
    assert step(replace(RUN, warn_s=60), 100.0) == Wait(until=101.0)
    assert step(replace(RUN, warn_s=600), 101.0) == Warn()


@pytest.mark.parametrize(("limit_s", "warn_s"), [(60, 0), (1, 60), (0, 60), (None, 60)])
def test_a_signal_that_would_come_with_the_limit_or_without_one_is_not_sent(limit_s, warn_s):
    end = None if limit_s is None else 100.0 + limit_s
    assert step(replace(RUN, limit_s=limit_s, warn_s=warn_s), 99.0) == Wait(until=end)


def test_a_run_that_slept_over_its_limit_is_not_warned_any_more():
    assert step(replace(RUN, warn_s=20), 1000.0) == Term(cause=Cause.LIMIT)


def test_a_run_that_is_being_stopped_or_has_ended_is_not_warned():
    wants = replace(RUN, warn_s=20)
    assert step(replace(wants, cancel_at=150.0), 150.0) == Term(cause=Cause.CANCEL)
    assert step(replace(wants, ended_at=150.0), 150.0) == Term(cause=Cause.EXIT)
    assert step(replace(wants, limit_s=99, term_sent_at=150.0), 190.0) == Wait(until=199.0)


# The laws: a program that does as it is told, at the moments it is told, on any history.


class Story:
    """A run in which things happen at given moments and nothing ever dies."""

    def __init__(self, facts, cancel_at, kill, ended_at):
        self.facts = facts
        self.now = facts.started_at
        self.cancel_at, self.kill, self.ended_at = cancel_at, kill, ended_at
        self.sent, self.causes, self.warned_at = [], set(), []

    def look(self):
        if self.cancel_at is not None and self.now >= self.cancel_at:
            self.facts = replace(self.facts, cancel_at=self.cancel_at, kill=self.kill)
        if self.ended_at is not None and self.now >= self.ended_at:
            self.facts = replace(self.facts, ended_at=self.ended_at)

    def send(self, name, cause):
        self.sent.append(name)
        self.causes.add(cause)

    def act(self):
        """Do one step; False at the end of the story."""
        self.look()
        match step(self.facts, self.now):
            case Wait(until=until):
                coming = [at for at in (self.cancel_at, self.ended_at, until) if at is not None]
                self.now = min((at for at in coming if at > self.now), default=self.now)
                return self.now in coming
            case Warn():
                self.warned_at.append(self.now)
                self.facts = replace(self.facts, warn_s=None)
            case Term(cause=cause):
                self.send("TERM", cause)
                self.facts = replace(self.facts, term_sent_at=self.now)
            case Kill(cause=cause):
                self.send("KILL", cause)
                first = self.facts.kill_sent_at or self.now
                self.facts = replace(self.facts, kill_sent_at=first, last_kill_at=self.now)
            case GiveUp():
                return False
        return True


waits = st.integers(0, 60)
moments = st.none() | st.integers(1000 * 8, 1200 * 8).map(lambda eighths: eighths / 8)


@given(st.none() | st.integers(0, 100), waits, st.none() | waits, moments, st.booleans(), moments)
def test_every_stopped_run_is_killed_in_bounded_time_for_one_and_the_same_cause(
    limit_s, kill_wait_s, warn_s, cancel_at, kill, ended_at
):
    facts = Stopping(started_at=1000.0, limit_s=limit_s, kill_wait_s=kill_wait_s, warn_s=warn_s)
    story = Story(facts, cancel_at, kill, ended_at)
    steps = 0
    while story.act():
        steps += 1
        assert steps < 3000
    must_stop = any(order is not None for order in (limit_s, cancel_at, ended_at))
    assert len(story.causes) == (1 if must_stop else 0)
    assert ("KILL" in story.sent) == must_stop
    assert "TERM" not in story.sent[1:]
    ends = [at for at in (cancel_at, ended_at) if at is not None]
    if limit_s is not None and warn_s is not None:
        warn_at = max(1000.0 + limit_s - warn_s, 1001.0)
        is_due = all(warn_at < at for at in [*ends, 1000.0 + limit_s])
        assert story.warned_at == ([warn_at] if is_due else [])
    else:
        assert story.warned_at == []
