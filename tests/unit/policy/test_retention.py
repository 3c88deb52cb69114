"""What is forgotten, and what never is."""

from hypothesis import given
from hypothesis import strategies as st

from tinysched.job.ended import EndedLine
from tinysched.job.model import Outcome
from tinysched.policy.retention import Rule, to_purge

DAY = 86400.0
NOW = 100 * DAY


def ended(number, days_ago, task=None):
    return EndedLine(
        number=number,
        task=task,
        uid=1,
        user="alice",
        name="x",
        outcome=Outcome.COMPLETED,
        ended_at=NOW - days_ago * DAY,
    )


THREE = [ended(1, 30), ended(2, 20), ended(3, 10)]


def test_without_a_rule_nothing_is_taken():
    assert to_purge(THREE, Rule(), NOW) == []


def test_by_age_the_older_ones_are_taken():
    assert to_purge(THREE, Rule(age_days=15), NOW) == [1, 2]


def test_a_job_exactly_that_old_stays():
    assert to_purge(THREE, Rule(age_days=20), NOW) == [1]


def test_by_number_the_newest_stay():
    assert to_purge(THREE, Rule(keep_last=1), NOW) == [1, 2]


def test_more_may_be_kept_than_there_are():
    assert to_purge(THREE, Rule(keep_last=10), NOW) == []


def test_the_newest_stay_however_old_they_are():
    assert to_purge(THREE, Rule(age_days=5, keep_last=2), NOW) == [1]


def test_the_young_stay_however_many_they_are():
    assert to_purge(THREE, Rule(age_days=25, keep_last=1), NOW) == [1]


def test_keeping_none_takes_all():
    assert to_purge(THREE, Rule(keep_last=0), NOW) == [1, 2, 3]


def test_keeping_none_of_those_older_than_so_many_days_takes_only_those():
    assert to_purge(THREE, Rule(keep_last=0, age_days=15), NOW) == [1, 2]


def test_the_newest_are_those_that_ended_last_not_those_submitted_last():
    assert to_purge([ended(9, 30), ended(1, 1)], Rule(keep_last=1), NOW) == [9]


def test_an_unfinished_job_is_never_taken_though_it_ended_before():
    assert to_purge(THREE, Rule(keep_last=0), NOW, unfinished={2}) == [1, 3]


def test_an_array_counts_once_and_only_when_all_of_it_has_ended():
    going_on = [ended(4, 40, task=1), ended(4, 39, task=2)]
    whole = [ended(5, 30, task=1), ended(5, 29, task=2), ended(5, 29)]
    assert to_purge(going_on + whole, Rule(keep_last=0), NOW) == [5]
    assert to_purge(whole + THREE, Rule(keep_last=3), NOW) == [1]


def test_of_a_job_that_ended_twice_the_last_end_counts():
    assert to_purge([ended(1, 30), ended(1, 1)], Rule(age_days=15), NOW) == []
    assert to_purge([ended(1, 1), ended(1, 30)], Rule(age_days=15), NOW) == []


@given(
    st.lists(st.builds(ended, st.integers(1, 20), st.floats(0, 50)), max_size=30),
    st.none() | st.integers(0, 10),
    st.none() | st.floats(0, 60),
)
def test_a_second_purge_finds_nothing(lines, keep_last, age_days):
    rule = Rule(keep_last=keep_last, age_days=age_days)
    gone = to_purge(lines, rule, NOW)
    left = [line for line in lines if line.number not in gone]
    assert to_purge(left, rule, NOW) == []
    assert len(gone) == len(set(gone))
    kept = {line.number for line in left}
    assert len(kept) >= min(keep_last or 0, len({line.number for line in lines}))
