from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.report.made import DONE, EXIT_3, RUNS, WAITING, array, plain, task
from tinysched.job.model import Cancel, Granted
from tinysched.job.queries import Filter, Selector
from tinysched.job.ranges import Ranges
from tinysched.job.selecting import Chooser, choose, named, unknown
from tinysched.job.states import MEANINGS, state_name

MILLION = Ranges.span(1, 1_000_000)


def only(*selectors: Selector) -> Filter:
    return Filter(selectors=selectors)


def some(number: int, *tasks: int) -> Selector:
    return Selector(number=number, tasks=Ranges.of(tasks))


def test_an_empty_filter_means_everything():
    job = array(tasks=Ranges.span(1, 5), todo=Ranges.span(3, 5), cancelled=Ranges.of([2]))
    units = [task(42, 1, RUNS)]
    chosen = choose(Filter(), job, units)
    assert (list(chosen.units), chosen.todo) == (units, Ranges.span(3, 5))
    assert chosen.cancelled == Ranges.of([2])


def test_a_plain_job_is_named_by_its_number_and_not_by_a_task():
    assert choose(only(Selector(number=42)), plain(42)).units
    assert not choose(only(Selector(number=41)), plain(42))
    assert not choose(only(some(42, 1)), plain(42))


def test_a_users_name_and_number_mean_the_same_person():
    for user in ("bob", "1001"):
        assert choose(Filter(users=frozenset([user])), plain(user="bob"))
        assert not choose(Filter(users=frozenset([user])), plain(user="alice"))


def test_filters_must_all_hold():
    wanted = Filter(
        selectors=(Selector(number=42),),
        users=frozenset(["alice"]),
        names=frozenset(["pi"]),
        states=frozenset(["PENDING"]),
    )
    assert choose(wanted, plain(name="pi"))
    assert not choose(wanted, plain(name="tau"))
    assert not choose(wanted, plain(name="pi", user="bob"))
    assert not choose(wanted, plain(43, name="pi"))
    assert not choose(wanted, plain(name="pi", state=RUNS))


def test_tasks_are_chosen_among_started_and_waiting_ones():
    job = array(tasks=Ranges.span(1, 9), todo=Ranges.span(4, 9))
    units = [task(42, index, RUNS) for index in (1, 2, 3)]
    chosen = choose(only(some(42, 2), some(42, 3, 4), some(42, 9)), job, units)
    assert [unit.id.task for unit in chosen.units] == [2, 3]
    assert chosen.todo == Ranges.of([4, 9])


def test_naming_the_whole_array_outweighs_naming_some_of_it():
    job = array(tasks=Ranges.span(1, 9))
    assert choose(only(some(42, 2), Selector(number=42)), job).todo == Ranges.span(1, 9)


def test_a_task_may_be_named_by_its_raw_id():
    job = array(tasks=Ranges.span(1, 3), todo=Ranges.of([3]))
    units = [task(42, 1, RUNS, raw_id=43), task(42, 2, RUNS, raw_id=44)]
    chosen = choose(only(Selector(number=44)), job, units)
    assert [unit.id.task for unit in chosen.units] == [2]
    assert not chosen.todo


def test_states_choose_among_started_waiting_and_cancelled_tasks():
    job = array(tasks=Ranges.span(1, 9), todo=Ranges.span(4, 8), cancelled=Ranges.of([9]))
    units = [task(42, 1, RUNS), task(42, 2, DONE), task(42, 3, EXIT_3)]

    def chosen(*states: str) -> tuple[list[int | None], str, str]:
        part = choose(Filter(states=frozenset(states)), job, units)
        return [unit.id.task for unit in part.units], str(part.todo), str(part.cancelled)

    assert chosen("PENDING") == ([], "4-8", "")
    assert chosen("RUNNING", "FAILED") == ([1, 3], "", "")
    assert chosen("CANCELLED") == ([], "", "9")
    assert chosen("COMPLETED", "PENDING") == ([2], "4-8", "")


def test_a_million_waiting_tasks_are_chosen_without_a_walk():
    job = array(tasks=MILLION)
    asked = Selector(number=42, tasks=Ranges.span(2, 999_999))
    chosen = Chooser(only(asked)).choose(job)
    assert len(chosen.todo.spans) == 1
    assert len(chosen.todo) == 999_998


@pytest.mark.timeout(5)
def test_ten_thousand_single_tasks_can_be_named_at_once():
    odd = range(1, 20_000, 2)
    wanted = only(*(some(42, index) for index in odd))
    assert len(choose(wanted, array(tasks=MILLION)).todo) == 10_000


@given(st.lists(st.integers(1, 30), max_size=8), st.sets(st.integers(1, 30)))
def test_exactly_the_named_tasks_are_chosen(asked: list[int], started: set[int]):
    everything = Ranges.span(1, 30)
    job = array(tasks=everything, todo=everything - Ranges.of(started))
    units = [task(42, index, RUNS) for index in sorted(started)]
    chosen = choose(only(*(some(42, index) for index in asked)), job, units)
    taken = {unit.id.task for unit in chosen.units} | set(chosen.todo)
    assert taken == set(asked)
    assert bool(chosen) == bool(asked)


def test_what_names_nothing_is_known_by_name():
    jobs = {42: array(tasks=Ranges.span(1, 3)), 43: plain(43)}
    asked = [
        Selector(number=42),
        some(42, 3),
        some(42, 3, 4, 5),
        some(42, 9),
        some(43, 1),
        Selector(number=44),
        Selector(number=45),
    ]
    assert unknown(asked, jobs, raw_ids={45}) == ["42_[3-5]", "42_9", "43_1", "44"]


def test_selectors_are_shown_as_they_were_written():
    tasks = Ranges.of([2, 3, 4, 9])
    assert named(Selector(number=42, tasks=tasks)) == "42_[2-4,9]"
    assert named(some(42, 7)) == "42_7"
    assert named(Selector(number=42)) == "42"


def test_every_state_a_unit_can_have_has_a_meaning():
    cancel = Cancel(by_uid=0, ordered_at=1.0)
    granted = Granted(granted_at=1.0, cores=1)
    units = [task(1, 1, state) for state in (WAITING, granted, RUNS, DONE, EXIT_3)]
    states = [state_name(unit) for unit in units]
    assert states == ["PENDING", "RUNNING", "RUNNING", "COMPLETED", "FAILED"]
    assert state_name(replace(units[2], cancel=cancel)) == "COMPLETING"
    assert state_name(replace(units[3], cancel=cancel)) == "COMPLETED"
    assert set(states) < set(MEANINGS)
