"""Listings as Slurm prints them: the texts are Slurm's own, with our jobs in them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unit.report.made import (
    EXIT_3,
    MORNING,
    RUNS,
    array,
    plain,
)
from tests.unit.report.slurm.listing import (
    ANY,
    CANCELLED,
    HEADER,
    SITE,
    known,
    show,
    some_array,
)
from tinysched.job.listing import Shape, StepName
from tinysched.job.model import Cancel, Exit, Hold, Reason, Step
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.job.wanted import Wanted
from tinysched.report.slurm.squeue import render
from tinysched.report.slurm.squeue_fields import EVERY, LETTERS, WORDS


def test_the_usual_listing():
    snapshot = known(
        plain(41, RUNS, limit_s=600),
        array(tasks=Ranges.parse("1-17:2"), name="a_long_job_name"),
    )
    assert render(replace(ANY, letters=None, header=True), snapshot, SITE).out == (
        HEADER + "       42_[1-17:2]     debug a_long_j    alice PD       0:00      1 (Resources)\n"
        "                41     debug   testpi    alice  R       1:30      1 quant1\n"
    )


def test_the_long_listing_has_a_date_above():
    snapshot = known(plain(41, RUNS, limit_s=600))
    listing = replace(ANY, shape=Shape.LONG, is_dated=True, header=True)
    assert render(listing, snapshot, SITE).out == (
        "Tue Nov 14 23:15:00 2023\n"
        "             JOBID PARTITION     NAME     USER    STATE       TIME TIME_LIMI  NODES"
        " NODELIST(REASON)\n"
        "                41     debug   testpi    alice  RUNNING       1:30     10:00      1"
        " quant1\n"
    )


def test_an_empty_queue_has_its_header():
    assert render(replace(ANY, header=True), known(), SITE).out == HEADER
    assert render(ANY, known(), SITE).out == ""


def test_what_waits_may_be_asked_when_it_starts():
    later = plain(42, begin_at=MORNING + 3600)
    snapshot = replace(known(later), explain=lambda _job: Reason(name="BeginTime"))
    listing = replace(ANY, shape=Shape.START, header=True)
    assert render(listing, snapshot, SITE).out == (
        "             JOBID PARTITION     NAME     USER ST          START_TIME  NODES SCHEDNODES"
        "           NODELIST(REASON)\n"
        "                42     debug   testpi    alice PD 2023-11-15T00:13:20      1 (null)    "
        "           (BeginTime)\n"
    )


RUNNING = {
    "A": "41", "B": "quant1", "C": "2", "D": "1", "E": "(null)", "F": "41", "G": "100", "H": "*",
    "I": "*", "J": "*", "K": "N/A", "L": "8:30", "M": "1:30", "N": "quant1", "O": "0",
    "P": "debug", "Q": "4294901719", "R": "quant1", "S": "2023-11-14T23:13:30", "T": "RUNNING",
    "U": "1000", "V": "2023-11-14T23:13:20", "W": "(null)", "X": "N/A", "Y": "(null)",
    "Z": "/home/alice", "a": "acc", "b": "N/A", "c": "2", "d": "0", "e": "2023-11-14T23:23:30",
    "f": "(null)", "g": "users", "h": "OK", "i": "41", "j": "testpi", "k": "co mm", "l": "10:00",
    "m": "1000M", "n": "", "o": "(null)", "p": "0.99998473189771", "q": "normal", "r": "None",
    "s": "", "t": "R", "u": "alice", "v": "(null)", "w": "(null)", "x": "", "y": "0",
    "z": "*:*:*",
}  # fmt: skip


@pytest.mark.parametrize("letter", EVERY)
def test_every_letter_of_a_running_job(letter: str):
    job = plain(41, RUNS, limit_s=600, account="acc", comment="co mm", cpus_per_task=2)
    assert show(known(job), f"%{letter}") == f"{RUNNING[letter]}\n"


@pytest.mark.parametrize(
    ("letter", "text"),
    {"B": "n/a", "e": "N/A", "K": "N/A", "L": "UNLIMITED", "M": "0:00", "N": "", "S": "N/A",
     "R": "(JobHeldUser)", "r": "JobHeldUser", "p": "0.00000000000000", "Q": "0"}.items(),
)  # fmt: skip
def test_letters_of_a_held_job(letter: str, text: str):
    held = replace(plain(41), hold=Hold.USER)
    snapshot = replace(known(held), explain=lambda _job: Reason(name="JobHeldUser"))
    assert show(snapshot, f"%{letter}") == f"{text}\n"


def test_all_letters_at_once():
    out = show(known(plain(41, RUNS)), "%all", header=True).splitlines()
    assert out[0].startswith("ACCOUNT|TRES_PER_NODE|MIN_CPUS|")
    assert out[0].endswith("|SCHEDNODES|WORK_DIR")
    assert [line.count("|") for line in out] == [len(EVERY) - 1] * 2


@pytest.mark.parametrize("word", WORDS)
def test_every_word_has_a_value(word: str):
    listing = replace(ANY, words=f"{word}:|")
    printed = render(listing, known(plain(41, RUNS), array(tasks=Ranges.span(1, 3))), SITE)
    assert (printed.err, printed.out.count("|\n")) == ("", 2)


def test_every_letter_has_a_word_or_is_known_to_have_none():
    assert set(EVERY) == set(LETTERS)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("jobarrayid:,arraytaskid:.6", "42_[1-3%2] 1-3%2"),
        ("stdout:,stderr:", "/home/alice/slurm-42.out" * 2),
        ("tres-alloc:", "cpu=2,mem=2000M,node=1,billing=2"),
        ("requeue:,restartcnt:,numtasks:,cluster:", "101quant"),
        ("pendingtime:,exit_code:", "1000"),
    ],
)
def test_words_of_a_waiting_array(words: str, text: str):
    snapshot = known(array(tasks=Ranges.span(1, 3), limit=2, cpus_per_task=2))
    assert render(replace(ANY, words=words), snapshot, SITE).out == f"{text}\n"


@pytest.mark.parametrize(
    ("exit_", "reason", "status"),
    [(Exit(code=3), "NonZeroExitCode", 768), (Exit(signal=9), "JobLaunchFailure", 9)],
)
def test_a_failed_job_tells_its_exit_and_its_reason(exit_: Exit, reason: str, status: int):
    job = plain(41, replace(EXIT_3, exit=exit_))
    assert show(known(job), "%t %r %R") == f"F {reason} ({reason})\n"
    assert render(replace(ANY, words="exit_code:"), known(job), SITE).out == f"{status}\n"


def test_a_job_that_could_not_be_started_has_slurms_number_for_it():
    reason = Reason(name="JobLaunchFailure", words="cannot open /no/such")
    job = plain(41, replace(EXIT_3, exit=None, reason=reason))
    assert render(replace(ANY, words="exit_code:"), known(job), SITE).out == "53\n"


@pytest.mark.parametrize(
    ("hold", "reason"), [(Hold.USER, "JobHeldUser"), (Hold.ADMIN, "JobHeldAdmin"), (None, "None")]
)
def test_a_job_that_never_started_keeps_why_it_waited(hold: Hold | None, reason: str):
    job = replace(plain(41, CANCELLED), hold=hold)
    assert show(known(job), "%T|%r|%R|%M") == f"CANCELLED|{reason}||0:00\n"


def test_what_is_larger_than_the_queue_says_so_in_slurms_word():
    assert show(known(plain(41, ntasks=9)), "%r") == "PartitionConfig\n"
    assert show(known(plain(41, ntasks=8)), "%r") == "Resources\n"


def test_whoever_is_not_first_in_its_partition_waits_for_priority():
    behind = replace(plain(41), place=99)
    snapshot = known(
        behind,
        replace(plain(42), hold=Hold.USER),
        array(43, tasks=Ranges.span(1, 3)),
        plain(44),
        plain(45, partition="short"),
    )
    assert show(snapshot, "%i %r", sort="i") == (
        "41 Priority\n42 Priority\n43_[1-3] Resources\n44 Priority\n45 Resources\n"
    )


def test_a_stopping_job_is_completing():
    job = plain(41, RUNS)
    stopping = replace(job.work, cancel=Cancel(by_uid=1000, ordered_at=MORNING))
    assert show(known(replace(job, work=stopping)), "%t") == "CG\n"


# Steps


def test_the_script_is_a_step():
    snapshot = some_array()
    steps = replace(ANY, shape=Shape.STEPS, header=True)
    assert render(steps, snapshot, SITE).out == (
        "         STEPID     NAME PARTITION     USER      TIME NODELIST\n"
        "     42_1.batch    batch     debug    alice      1:30 quant1\n"
        "     42_2.batch    batch     debug    alice      1:30 quant1\n"
    )
    one = replace(steps, header=False, steps=(StepName(selector=Selector(number=1002)),))
    assert render(replace(one, letters="%i %j"), snapshot, SITE).out == "42_2.batch batch\n"
    none = replace(one, steps=(StepName(selector=Selector(number=42), step="0"),))
    assert render(none, snapshot, SITE).out == ""


def test_what_srun_started_is_listed_while_it_runs():
    runs = Step(number=0, name="thestep", tasks=2, cores=2, started_at=MORNING + 60)
    over = replace(runs, number=1, ended_at=MORNING + 70)
    snapshot = known(plain(41, replace(RUNS, steps=(runs, over))))
    steps = replace(ANY, shape=Shape.STEPS)
    assert render(replace(steps, letters="%i %j %A %M"), snapshot, SITE).out == (
        "41.0 thestep 2 0:40\n41.batch batch 1 1:30\n"
    )
    named = replace(steps, steps=(StepName(selector=Selector(number=41), step="0"),))
    assert render(replace(named, letters="%i"), snapshot, SITE).out == "41.0\n"


def test_a_step_has_fields_of_its_own():
    steps = replace(ANY, shape=Shape.STEPS, words="stepid:,arrayjobid:.4,jobid:.6,nosuch")
    printed = render(steps, known(plain(41, RUNS)), SITE)
    assert printed.out == "41.batch   0    41\n"
    assert printed.err == "squeue: error: Invalid job step format specification: nosuch\n"


# Times, texts, programs


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("standard", "2023-11-14T23:13:20"),
        ("relative", "23:13:20"),
        ("%H.%M", "23.13"),
        ("", "2023-11-14T23:13:20"),
        ("odd", "2023-11-14T23:13:20"),
    ],
)
def test_moments_are_written_as_the_caller_likes(style: str, text: str):
    printed = render(replace(ANY, letters="%V", time_style=style), known(plain()), SITE)
    assert printed.out == f"{text}\n"
    assert (printed.err != "") == (style == "odd")


@pytest.mark.parametrize(
    ("days", "text"),
    [(1, "Ystday 23:13"), (-1, "Tomorr 23:13"), (3, "Tue 23:13"), (30, "14 Nov 23:13"),
     (400, "14 Nov 2023")],
)  # fmt: skip
def test_relative_moments_are_short(days: int, text: str):
    snapshot = known(plain(), now=MORNING + 86400 * days)
    assert show(snapshot, "%V", time_style="relative") == f"{text}\n"


def test_names_cannot_steer_a_terminal_and_columns_stay():
    name = "a\x1b[2J\nb"
    assert show(known(plain(41, name=name)), "%j|") == "a\\x1b[2J\\nb|\n"
    assert show(known(plain(41, name=name)), "%.8j|") == "a\\x1b[2J|\n"
    assert "\x1b" not in render(replace(ANY, json=True), known(plain(41, name=name)), SITE).out


def test_programs_get_everything_in_slurms_shape():
    snapshot = some_array()
    asked = replace(ANY, json=True, wanted=Wanted(uids=frozenset()), header=False)
    answer = json.loads(render(asked, snapshot, SITE).out)
    assert set(answer) == {"meta", "errors", "jobs"}
    waiting, first, _ = answer["jobs"]
    for name, value in {
        "job_id": 42, "array_job_id": 42, "array_task_id": None, "array_task_string": "3-5",
        "job_state": "PENDING", "state_reason": "Resources", "start_time": 0, "end_time": 0,
        "time_limit": None, "nodes": "", "user_name": "alice", "cpus": 1, "standard_output": "",
        "memory_per_cpu": 1000, "memory_per_node": None, "priority": 4294901718,
    }.items():  # fmt: skip
        assert waiting[name] == value, name
    assert (first["job_id"], first["array_task_id"], first["nodes"]) == (1001, 1, "quant1")
    assert first["start_time"] == MORNING + 10
    assert first["job_resources"]["allocated_cores"] == 2
    assert set(waiting) | {"job_resources"} == set(first)


def test_complaints_stop_nothing():
    listing = replace(ANY, letters="%i%~", complaints="squeue: error: Invalid user: x\n\n")
    printed = render(listing, known(plain(41)), SITE)
    assert (printed.out, printed.exit_code) == ("41%~\n", 0)
    assert printed.err == (
        "squeue: error: Invalid user: x\n\nsqueue: error: Invalid job format specification: ~\n"
    )
