from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unit.report.made import (
    DONE,
    EXIT_3,
    HERE,
    MORNING,
    RUNS,
    array,
    plain,
    queue,
    task,
)
from tinysched.errors import RefusedError
from tinysched.job.model import Cancel, Ended, Granted, Job, Outcome, Reason
from tinysched.job.queries import Filter, QueueQuery
from tinysched.job.ranges import Ranges
from tinysched.job.snapshot import Snapshot
from tinysched.report import tsqueue
from tinysched.report.json import ABOUT, FIELDS
from tinysched.report.lines import SINGLY
from tinysched.report.tsqueue import Lister, render

ALL = QueueQuery(filter=Filter())
SUBMITTED = "2023-11-14T23:13:20"


def rows(snapshot: Snapshot, query: QueueQuery = ALL) -> list[list[str]]:
    lines = render(replace(query, header=False), snapshot, HERE).splitlines()
    return [line.split(maxsplit=7) for line in lines]


def ids(snapshot: Snapshot, query: QueueQuery = ALL) -> list[str]:
    return [row[0] for row in rows(snapshot, query)]


def test_a_queue_is_listed_under_the_header_of_old():
    snapshot = queue(
        plain(7, EXIT_3, name="tau"),
        array(tasks=Ranges.span(1, 3), todo=Ranges.of([3]), cpus_per_task=2),
        plain(43, user="bob", name="π"),
        units={42: [task(42, 1, replace(DONE, cores=2)), task(42, 2, RUNS)]},
        now=MORNING + 10 + 3725,
    )
    assert render(ALL, snapshot, HERE) == (
        "JOBID  NAME    STATE      CPUS     TIME  SUBMIT               USER   REASON\n"
        "7      tau     FAILED        1     1:05  2023-11-14T23:13:20  alice  NonZeroExitCode: exit"
        " code 3\n"
        "42_1   testpi  COMPLETED     2     1:05  2023-11-14T23:13:20  alice\n"
        "42_2   testpi  RUNNING       2  1:02:05  2023-11-14T23:13:20  alice\n"
        "42_3   testpi  PENDING       2     0:00  2023-11-14T23:13:20  alice  Resources: needs 8"
        " cores, 3 free\n"
        "43     π       PENDING       1     0:00  2023-11-14T23:13:20  bob    Resources: needs 8"
        " cores, 3 free\n"
    )


def test_an_empty_queue_shows_its_header_and_without_one_nothing():
    header = "JOBID  NAME  STATE  CPUS  TIME  SUBMIT  USER  REASON\n"
    assert render(ALL, queue(), HERE) == header
    assert render(replace(ALL, header=False), queue(), HERE) == ""


def test_the_time_of_a_running_job_grows_and_that_of_an_ended_one_does_not():
    def times(now: float) -> list[str]:
        return [row[4] for row in rows(queue(plain(1, RUNS), plain(2, DONE), now=MORNING + now))]

    assert times(10) == ["0:00", "1:05"]
    assert times(69) == ["0:59", "1:05"]
    assert times(10 + 90_000) == ["1-01:00:00", "1:05"]


def test_a_clock_set_back_shows_no_time_below_zero():
    assert rows(queue(plain(1, RUNS), now=MORNING - 500))[0][4] == "0:00"


def test_an_end_without_a_measured_time_is_end_minus_start():
    assert rows(queue(plain(1, replace(DONE, elapsed_s=0))))[0][4] == "1:05"
    never = Ended(outcome=Outcome.CANCELLED, reason=Reason(name="Cancelled"), ended_at=MORNING)
    assert rows(queue(plain(1, never)))[0][2:5] == ["CANCELLED", "1", "0:00"]


def test_a_granted_job_runs_and_one_told_to_stop_completes():
    job = plain(1, Granted(granted_at=MORNING, cores=3))
    assert rows(queue(job))[0][2:5] == ["RUNNING", "3", "0:00"]
    stopped = replace(job, work=replace(job.work, cancel=Cancel(by_uid=0, ordered_at=MORNING)))
    row = rows(queue(stopped))[0]
    assert row[2] == "COMPLETING"
    assert row[7].startswith("Stopping: ")


def test_what_outlives_kill_is_named_and_its_job_completes_though_nobody_cancelled_it():
    job = plain(1, replace(RUNS, lingering=("12 sleep", "13 cat")))
    row = rows(queue(job))[0]
    assert row[2] == "COMPLETING"
    assert row[7] == "Unkillable: KILL did not end 12 sleep, 13 cat"


def test_an_exclusive_job_waits_for_every_core():
    assert rows(queue(plain(1, exclusive=True)))[0][3] == "8"


def test_twenty_waiting_tasks_are_listed_singly_and_the_rest_share_a_line():
    job = array(tasks=Ranges.span(1, 10_000), todo=Ranges.span(4, 10_000))
    listed = ids(queue(job))
    assert listed == [f"42_{index}" for index in range(4, 24)] + ["42_[24-10000]"]


def test_one_task_too_many_still_gets_a_line_of_its_own():
    assert ids(queue(array(tasks=Ranges.span(1, 21))))[-1] == "42_21"


def test_the_limit_of_an_array_is_shown_with_the_tasks_that_wait():
    assert ids(queue(array(tasks=Ranges.span(1, 99), limit=2)))[-1] == "42_[21-99%2]"


def test_every_task_is_listed_on_request():
    job = array(tasks=Ranges.span(1, 99))
    assert len(ids(queue(job), replace(ALL, one_line_a_task=True))) == 99


def test_a_scattered_rest_is_cut():
    scattered = Ranges.of(index * index for index in range(1, 100))
    text = ids(queue(array(tasks=scattered, limit=3)))[-1]
    assert text.startswith("42_[441,484,")
    assert text.endswith(",...%3]")
    assert len(text) < 80


def test_tasks_cancelled_before_their_start_are_listed():
    tasks = Ranges.span(1, 200)
    job = array(tasks=tasks, todo=Ranges(), cancelled=tasks, limit=2)
    listed = rows(queue(job))
    assert len(listed) == 21
    assert [listed[0][0], *listed[0][2:5]] == ["42_1", "CANCELLED", "1", "0:00"]
    assert listed[-1][0] == "42_[21-200]"


def test_only_what_the_filter_means_is_listed():
    snapshot = queue(plain(1, RUNS), plain(2), plain(3, user="bob"))
    assert ids(snapshot, replace(ALL, filter=Filter(users=frozenset(["bob"])))) == ["3"]
    assert ids(snapshot, replace(ALL, filter=Filter(states=frozenset(["RUNNING"])))) == ["1"]


def test_the_queue_explains_a_job_once_and_only_if_it_waits():
    asked: list[int] = []

    def explain(job: Job) -> Reason:
        asked.append(job.id)
        return Reason(name="Priority")

    jobs = (array(1, tasks=Ranges.span(1, 50)), plain(2, RUNS), plain(3))
    snapshot = replace(queue(*jobs), explain=explain)
    rows(snapshot)
    assert asked == [1, 3]


@pytest.mark.parametrize("name", ["\x1b[2J", "a\nb", "\x9b31m", "\u202egpj", "\u2028", "\udcff"])
def test_no_name_reaches_the_terminal_as_a_control(name: str):
    text = render(ALL, queue(plain(1, name=name, user=name)), HERE)
    assert len(text.splitlines()) == 2
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_no_name_pushes_the_other_columns_away():
    text = render(ALL, queue(plain(1, name="x" * 1_000_000)), HERE)
    assert max(map(len, text.splitlines())) < 200


@pytest.mark.timeout(10)
def test_a_hundred_thousand_tasks_are_listed_one_a_line():
    job = array(tasks=Ranges.span(1, 200_000), todo=Ranges.span(100_001, 200_000))
    units = {42: [task(42, index, RUNS) for index in range(1, 100_001)]}
    text = render(replace(ALL, one_line_a_task=True), queue(job, units=units), HERE)
    assert text.count("\n") == 200_001


def as_json(snapshot: Snapshot, **asked: bool) -> dict[str, list[dict[str, object]]]:
    return json.loads(render(replace(ALL, json=True, **asked), snapshot, HERE))


def test_json_has_every_documented_field_and_no_other():
    snapshot = queue(
        plain(1, DONE),
        array(tasks=Ranges.span(1, 99), cancelled=Ranges.of([1])),
        units={42: [task(42, 1, RUNS)]},
    )
    answer = as_json(snapshot)
    assert list(answer) == list(ABOUT)
    assert all(list(line) == list(FIELDS) for line in answer["jobs"])


def test_json_tells_what_is_known_of_an_ended_job():
    snapshot = queue(plain(1, replace(EXIT_3, survivors=("12 sleep",)), limit_s=60, memory_mib=0))
    (line,) = as_json(snapshot)["jobs"]
    expected = {
        "id": "1",
        "state": "FAILED",
        "reason": "NonZeroExitCode",
        "reason_words": "exit code 3",
        "exit_code": 3,
        "exit_signal": 0,
        "started_at": MORNING + 10,
        "ended_at": MORNING + 75,
        "elapsed_s": 65.0,
        "memory_mib": 0,
        "limit_s": 60,
        "survivors": ["12 sleep"],
    }
    assert {key: line[key] for key in expected} == expected


def test_json_has_a_line_for_each_line_of_the_listing():
    job = array(tasks=Ranges.span(1, 99), limit=2)
    lines = as_json(queue(job))["jobs"]
    assert len(lines) == 21
    assert [lines[0]["id"], lines[0]["task"], lines[0]["tasks"]] == ["42_1", 1, None]
    assert [lines[-1]["id"], lines[-1]["task"]] == ["42_[21-99]", None]
    assert lines[-1]["tasks"] == "21-99"
    assert len(as_json(queue(job), one_line_a_task=True)["jobs"]) == 99


def test_json_of_an_empty_queue_is_an_empty_list():
    assert as_json(queue())["jobs"] == []


def test_json_is_plain_ascii():
    snapshot = queue(plain(1, name="\x1b\x7f\x9bπ\udcff"))
    text = render(replace(ALL, json=True), snapshot, HERE)
    assert text.replace("\n", " ").isprintable()
    assert text.isascii()
    assert json.loads(text)["jobs"][0]["name"] == "\x1b\x7f\x9bπ\udcff"


def test_the_line_of_a_job_is_made_again_when_it_or_the_columns_have_changed(monkeypatch):
    made = []
    cells = tsqueue._cells
    monkeypatch.setattr(
        tsqueue, "_cells", lambda job, *rest: made.append(job.id) or cells(job, *rest)
    )
    jobs = [plain(number) for number in range(10, 20)]
    lister = Lister(HERE)
    lister.render(ALL, queue(*jobs))
    made.clear()
    assert lister.render(ALL, queue(*jobs)) == render(ALL, queue(*jobs), HERE)
    assert made[: -2 * len(jobs)] == []  # all of it by who asks only once
    jobs[3] = replace(jobs[3], request=replace(jobs[3].request, name="other"))
    made.clear()
    text = lister.render(ALL, queue(*jobs))
    assert set(made) == {13}
    assert text == render(ALL, queue(*jobs), HERE)
    jobs.append(plain(1000))
    assert lister.render(ALL, queue(*jobs)) == render(ALL, queue(*jobs), HERE)
    few = replace(ALL, filter=Filter(states=frozenset({"PENDING"})), header=False)
    assert lister.render(few, queue(*jobs)) == render(few, queue(*jobs), HERE)


def test_nobody_waits_for_a_listing_that_nobody_can_read():
    snapshot = queue(*(array(number, tasks=Ranges.span(0, 999_999)) for number in (1, 2)))
    with pytest.raises(RefusedError, match="cannot list more than 1100000 tasks"):
        render(replace(ALL, one_line_a_task=True), snapshot, HERE)
    assert len(rows(snapshot)) == 2 * (SINGLY + 1)
