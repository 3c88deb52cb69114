"""What happened to a unit, and the state and reason that follow."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.job import lifecycle
from tinysched.job.history import NOTHING
from tinysched.job.model import (
    Cancel,
    Elements,
    Ended,
    Exit,
    Granted,
    JobId,
    Outcome,
    Pending,
    Reason,
    RunId,
    Running,
    Unit,
)
from tinysched.job.ranges import Ranges
from tinysched.job.runs import Cause, Ending

ID = JobId(number=42)
WAITING = Unit(id=ID, raw_id=42, state=Pending(eligible_at=100.0))
GRANTED = lifecycle.granted(WAITING, 110.0, 4)
RUNNING = lifecycle.started(GRANTED, 111.0, 77, "/o", "/e")
GOOD = Exit()
CANCEL = Cancel(by_uid=1001, ordered_at=115.0)


def ending(cause=Cause.EXIT, exit_=GOOD, **changes):
    values = {"started_at": 111.0, "ended_at": 120.0, "elapsed_s": 9.0} | changes
    return Ending(run=RunId(job=ID, attempt=1), cause=cause, exit=exit_, **values)


def test_a_grant_begins_the_next_attempt():
    assert GRANTED.attempt == 1
    assert GRANTED.state == Granted(granted_at=110.0, cores=4)
    assert lifecycle.granted(lifecycle.requeued(GRANTED, 200.0), 210.0, 4).attempt == 2


def test_a_start_keeps_what_was_granted():
    assert RUNNING.state == Running(
        granted_at=110.0, cores=4, started_at=111.0, pid=77, output="/o", error="/e"
    )
    assert RUNNING.attempt == 1


@pytest.mark.parametrize(
    ("cause", "exit_", "outcome", "reason"),
    [
        (Cause.EXIT, Exit(), Outcome.COMPLETED, "None"),
        (Cause.EXIT, Exit(code=3), Outcome.FAILED, "NonZeroExitCode: exit code 3"),
        (Cause.EXIT, Exit(signal=9), Outcome.FAILED, "NonZeroExitCode: killed by signal 9"),
        (Cause.EXIT, None, Outcome.NODE_FAIL, "WorkerLost: nobody saw the job end"),
        (Cause.LIMIT, Exit(), Outcome.TIMEOUT, "TimeLimit: ran longer than 00:01:00"),
        (Cause.LIMIT, Exit(code=5), Outcome.TIMEOUT, "TimeLimit: ran longer than 00:01:00"),
        (Cause.CANCEL, Exit(), Outcome.CANCELLED, "Cancelled: by its owner"),
        (Cause.CANCEL, None, Outcome.CANCELLED, "Cancelled: by its owner"),
        (Cause.LAUNCH, None, Outcome.FAILED, "JobLaunchFailure: no such file"),
        (Cause.LOST, None, Outcome.NODE_FAIL, "WorkerLost: no such file"),
    ],
)
def test_an_exit_record_says_state_and_reason(cause, exit_, outcome, reason):
    words = "no such file" if cause in (Cause.LAUNCH, Cause.LOST) else ""
    final = lifecycle.ended(RUNNING, ending(cause, exit_, words=words), 60).state
    assert (final.outcome, str(final.reason), final.exit) == (outcome, reason, exit_)


def test_a_timeout_without_a_known_limit_says_no_more():
    final = lifecycle.ended(RUNNING, ending(Cause.LIMIT), None).state
    assert str(final.reason) == "TimeLimit"


def test_a_cancelled_job_names_who_ordered_it():
    unit = replace(RUNNING, cancel=CANCEL)
    assert str(lifecycle.ended(unit, ending(Cause.CANCEL), None).state.reason) == (
        "Cancelled: by uid 1001"
    )


def test_a_job_that_ended_by_itself_was_not_cancelled_whatever_was_ordered():
    unit = replace(RUNNING, cancel=CANCEL)
    assert lifecycle.ended(unit, ending(), None).state.outcome is Outcome.COMPLETED


def test_an_end_keeps_everything_that_was_measured():
    record = ending(cpu_s=7.5, survivors=("9 sleep",), output="/o", error="/e")
    assert lifecycle.ended(RUNNING, record, None).state == Ended(
        outcome=Outcome.COMPLETED,
        reason=Reason(name="None"),
        ended_at=120.0,
        exit=Exit(),
        started_at=111.0,
        elapsed_s=9.0,
        cpu_s=7.5,
        cores=4,
        survivors=("9 sleep",),
        output="/o",
        error="/e",
    )


def test_an_end_that_overtakes_its_start_keeps_the_cores():
    assert lifecycle.ended(GRANTED, ending(), None).state.cores == 4


def test_what_never_had_cores_ends_without():
    assert lifecycle.ended(WAITING, ending(Cause.LAUNCH, None), None).state.cores == 0


def test_what_never_ran_is_cancelled_at_once():
    final = lifecycle.cancelled_unstarted(WAITING, CANCEL)
    assert final.cancel == CANCEL
    assert final.state == Ended(
        outcome=Outcome.CANCELLED,
        reason=Reason(name="Cancelled", words="by uid 1001"),
        ended_at=115.0,
    )


def test_a_requeued_unit_waits_again_and_counts_it():
    again = lifecycle.requeued(replace(RUNNING, cancel=replace(CANCEL, requeue=True)), 200.0)
    assert again.state == Pending(eligible_at=200.0)
    assert (again.attempt, again.restarts, again.cancel) == (1, 1, None)


outcomes = st.sampled_from(Outcome)
exits = st.none() | st.builds(Exit, code=st.integers(0, 255), signal=st.integers(0, 64))
endings = st.builds(
    ending, st.sampled_from(Cause), exits, ended_at=st.floats(0, 1e9), words=st.just("why")
)


def fold(unit, facts):
    """A start is a tuple, an end is an Ending."""
    for fact in facts:
        if isinstance(fact, Ending):
            unit = lifecycle.ended(unit, fact, 60)
        else:
            unit = lifecycle.started(unit, *fact)
    return unit


@given(endings, st.lists(st.sampled_from(["start", "end"]), max_size=6), st.data())
def test_facts_in_any_order_and_repeated_end_the_same(end, kinds, data):
    start = (111.0, 77, "/o", "/e")
    facts = data.draw(st.permutations(["end", *kinds]))
    unit = fold(GRANTED, [end if kind == "end" else start for kind in facts])
    other = fold(GRANTED, [start, end])
    assert replace(unit, history=NOTHING) == replace(other, history=NOTHING)
    names = [[event.name for event in one.history.events()] for one in (unit, other)]
    assert names[0] == names[1]


@given(endings, st.lists(endings | st.just((1.0, 2, "", "")), max_size=5))
def test_a_final_state_is_final(end, later):
    final = fold(RUNNING, [end])
    assert fold(final, later) == final


@given(st.sampled_from([WAITING, RUNNING]))
def test_the_news_of_a_start_change_only_what_was_granted(unit):
    assert lifecycle.started(unit, 1.0, 2, "", "") == unit


@given(endings)
def test_every_end_has_a_state_and_a_reason(end):
    final = lifecycle.ended(RUNNING, end, 60).state
    assert isinstance(final, Ended)
    assert final.reason.name
    assert (final.outcome is Outcome.COMPLETED) == (end.cause is Cause.EXIT and end.exit == Exit())


@given(outcomes, outcomes, outcomes)
def test_the_worst_of_ends_does_not_depend_on_their_order(one, two, three):
    assert lifecycle.worse(one, two) is lifecycle.worse(two, one)
    assert lifecycle.worse(lifecycle.worse(one, two), three) is lifecycle.worse(
        one, lifecycle.worse(two, three)
    )
    assert lifecycle.worse(one, one) is one
    assert lifecycle.worse(one, Outcome.COMPLETED) is one


def test_every_outcome_has_its_weight():
    assert sorted(lifecycle.GRAVITY, key=str) == sorted(Outcome, key=str)


def elements(todo="", cancelled="", ended="", **changes):
    sets = [Ranges.parse(text) for text in (todo, cancelled, ended)]
    return Elements(todo=sets[0], cancelled=sets[1], ended=sets[2], **changes)


@pytest.mark.parametrize(
    ("work", "live"),
    [
        (elements(todo="3"), 0),
        (elements(ended="1-2"), 1),
        (elements(todo="3", ended="1"), 1),
        (elements(ended="1-3", ended_at=5.0), 0),
    ],
)
def test_an_array_with_tasks_left_or_an_end_already_is_not_settled(work, live):
    assert lifecycle.array_settled(work, live, 9.0) is work


def test_an_array_ends_with_its_last_task_and_is_as_bad_as_the_worst():
    work = elements(ended="1-3", worst=Outcome.FAILED)
    settled = lifecycle.array_settled(work, 0, 9.0)
    assert (settled.ended_at, settled.worst) == (9.0, Outcome.FAILED)


@pytest.mark.parametrize(
    ("worst", "expected"),
    [(Outcome.COMPLETED, Outcome.CANCELLED), (Outcome.TIMEOUT, Outcome.TIMEOUT)],
)
def test_tasks_taken_away_make_an_array_no_better_than_cancelled(worst, expected):
    work = elements(cancelled="4-9", ended="1-3", worst=worst)
    assert lifecycle.array_settled(work, 0, 9.0).worst is expected
