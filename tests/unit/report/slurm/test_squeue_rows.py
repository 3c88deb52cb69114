"""Which jobs squeue lists, in which order, and how it names parts of arrays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.report.made import (
    DONE,
    MORNING,
    RUNS,
    array,
    plain,
    task,
)
from tests.unit.report.slurm.listing import (
    ANY,
    HEADER,
    SITE,
    ids,
    known,
    show,
    some_array,
    wanted,
)
from tinysched.job.dependencies import Dependencies, Edge, Kind
from tinysched.job.model import Hold
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.job.wanted import Wanted
from tinysched.report.slurm.printed import Printed
from tinysched.report.slurm.squeue import render


def test_tasks_of_an_array_that_is_asked_for_alone_begin_with_the_newest():
    assert ids(some_array()) == ["42_[3-5]", "42_1", "42_2"]
    alone = wanted(selectors=(Selector(number=42),))
    assert ids(some_array(), **alone) == ["42_[3-5]", "42_2", "42_1"]
    assert ids(some_array(), every_task=True, **alone) == ["42_3", "42_4", "42_5", "42_2", "42_1"]


@pytest.mark.parametrize(
    ("selectors", "found"),
    [
        ([Selector(number=42, tasks=Ranges.of([4]))], ["42_4"]),
        ([Selector(number=42, tasks=Ranges.of([2]))], ["42_2"]),
        ([Selector(number=1002)], ["42_2"]),
        ([Selector(number=42, tasks=Ranges.of([9]))], []),
        (
            [
                Selector(number=42, tasks=Ranges.of([3])),
                Selector(number=42, tasks=Ranges.of([5])),
                Selector(number=99),
            ],
            ["42_[3,5]"],
        ),
    ],
)
def test_parts_of_an_array_are_named(selectors: list[Selector], found: list[str]):
    assert ids(some_array(), **wanted(selectors=tuple(selectors))) == found


def test_the_last_task_to_start_goes_by_its_own_name():
    snapshot = known(
        array(tasks=Ranges.span(1, 2), todo=Ranges.of([2])), units={42: [task(42, 1, RUNS)]}
    )
    assert show(snapshot, "%i %K") == "42_2 2\n42_1 1\n"


def test_what_was_cancelled_of_an_array_before_it_started_is_one_line():
    gone = array(tasks=Ranges.span(1, 3), todo=Ranges(), cancelled=Ranges.span(1, 3))
    assert show(known(gone), "%i %T") == "42 CANCELLED\n"
    started = {42: [task(42, 1, DONE, raw_id=42)]}
    rest = array(tasks=Ranges.span(1, 3), todo=Ranges(), cancelled=Ranges.span(2, 3))
    assert show(known(rest, units=started), "%i %T") == "42_1 COMPLETED\n"


def test_a_long_list_of_tasks_is_cut_in_the_column_of_ids():
    text = "1-2,4,8,16,32,64,128,256,400-402"
    snapshot = known(array(tasks=Ranges.parse(text)))
    assert show(snapshot) == "42_[1-2,4,8,16,32,64,128,256,40\n"
    assert show(snapshot, task_list_cut=0) == f"42_[{text}]\n"
    assert show(snapshot, "%K", task_list_cut=10) == "1-2,4,...\n"


# Filters


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"states": frozenset({"PENDING"})}, ["44", "43"]),
        ({"states": frozenset({"COMPLETED", "FAILED"})}, ["42"]),
        ({"uids": frozenset({1001})}, ["43"]),
        ({"uids": frozenset()}, []),
        ({"names": frozenset({"tau"}), "folds_names": True}, ["44"]),
        ({"partitions": frozenset({"short"})}, ["44"]),
        ({"accounts": frozenset({"acc"})}, ["43"]),
        ({"qos": frozenset({"normal"})}, ["44", "43", "42", "41"]),
        ({"qos": frozenset({"high"})}, []),
        ({"licenses": frozenset({"idl"})}, ["43"]),
        ({"reservations": frozenset({"r1"})}, ["43"]),
        ({"hosts": frozenset({"quant1"})}, ["42", "41"]),
        ({"selectors": (Selector(number=41), Selector(number=99))}, ["41"]),
        ({"selectors": (Selector(number=41),), "uids": frozenset({1001})}, []),
    ],
)
def test_filters_choose(asked: dict[str, object], found: list[str]):
    snapshot = known(
        plain(41, RUNS),
        plain(42, DONE),
        plain(43, user="bob", account="acc", stored={"licenses": "x:2,idl", "reservation": "r1"}),
        plain(44, name="TAU", partition="debug,short"),
    )
    assert set(ids(snapshot, **wanted(**asked))) == set(found)


def test_one_unknown_id_is_a_mistake_and_two_are_none():
    one = replace(ANY, wanted=Wanted(selectors=(Selector(number=99),)))
    two = replace(ANY, wanted=Wanted(selectors=(Selector(number=99), Selector(number=98))))
    assert render(one, known(plain()), SITE) == Printed(
        err="slurm_load_jobs error: Invalid job id specified\n", exit_code=1
    )
    assert render(two, known(plain()), SITE) == Printed()


def test_a_job_with_several_partitions_may_have_a_line_for_each():
    snapshot = known(plain(41, partition="debug,short"))
    assert show(snapshot, "%P") == "debug,short\n"
    assert show(snapshot, "%P", every_partition=True) == "debug\nshort\n"


# Order


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        (None, "44 41 42 43"),
        ("i", "41 42 43 44"),
        ("-i", "44 43 42 41"),
        ("j,-i", "43 44 42 41"),
        ("C", "44 42 43 41"),
        ("t,i", "41 44 42 43"),
        ("T,-i", "44 41 43 42"),
        ("p", "41 44 43 42"),
        ("", "42 43 44 41"),
        ("S", "42 43 41 44"),
        ("-S", "43 42 41 44"),
        ("M,i", "41 44 43 42"),
        ("P,-p", "42 43 44 41"),
    ],
)
def test_jobs_are_sorted_by_letters(sort: str | None, found: str):
    held = replace(plain(41, name="z", ntasks=8), hold=Hold.USER)
    late = replace(RUNS, started_at=MORNING + 20)
    snapshot = known(
        held, plain(42, RUNS, name="q"), plain(43, late, name="b"), plain(44, name="c")
    )
    assert ids(snapshot, sort=sort) == found.split()


def test_a_wrong_letter_is_told_below_the_header():
    printed = render(replace(ANY, sort="7", header=True), known(plain()), SITE)
    words = "squeue: error: Invalid sort specification: 7\n"
    assert printed == Printed(out=HEADER, err=words, exit_code=1)


def test_an_array_that_follows_another_is_listed_task_by_task():
    edge = Edge(kind=Kind.AFTERCORR, number=41, is_array=True)
    job = replace(
        array(tasks=Ranges.span(1, 3), todo=Ranges.span(2, 3)),
        dependencies=Dependencies(edges=(edge,)),
    )
    lines = show(known(job, units={42: [task(42, 1, RUNS)]}), "%i %E").splitlines()
    waits = "aftercorr:41_*(unfulfilled)"
    assert lines == [f"42_2 {waits}", f"42_3 {waits}", "42_1 (null)"]
