from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.commands.answering import a_site
from tests.unit.report.made import DONE, MORNING, RUNS, array, plain, task
from tinysched.commands import tsctl, tsout, tsqueue
from tinysched.errors import RefusedError, TryLaterError, UsageError
from tinysched.host.clock import SystemClock
from tinysched.job.history import GRANTED, NOTHING
from tinysched.job.model import Job, Task
from tinysched.job.ranges import Ranges
from tinysched.spool.store import Store

SAID = "no dispatcher answers; this is what the spool says\n"


def a_spool(root: Path, *records: Job | Task) -> None:
    """A root as a dispatcher leaves it that was killed."""
    store = Store.open(str(root))
    store.load()
    store.publish(records)
    store.close()


def listed(out: str) -> Sequence[tuple[str, str]]:
    rows = [line.split() for line in out.splitlines()[1:]]
    return [(row[0], row[2]) for row in rows]


def an_array() -> tuple[Job, Task]:
    job = array(43, tasks=Ranges.span(1, 99), todo=Ranges.span(2, 99))
    return job, Task(job=job, unit=task(43, 1, RUNS))


def test_without_a_dispatcher_the_queue_is_read_from_the_spool(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    lately = replace(DONE, ended_at=SystemClock().wall() - 5)
    a_spool(tmp_path, plain(41, lately), plain(42, RUNS), *an_array(), plain(44, held=True))
    assert tsqueue.main(a_site(tmp_path), []) == 0
    out, err = capfd.readouterr()
    assert err == f"tsqueue: {SAID}"
    rows = listed(out)
    assert rows[:3] == [("41", "COMPLETED"), ("42", "RUNNING"), ("43_1", "RUNNING")]
    assert rows[3:5] == [("43_2", "PENDING"), ("43_3", "PENDING")]
    assert rows[-2:] == [("43_[22-99]", "PENDING"), ("44", "PENDING")]
    assert "NoDispatcher: starts when a dispatcher runs" in out


def test_what_ended_long_ago_is_listed_on_request(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    a_spool(tmp_path, plain(41, replace(DONE, ended_at=MORNING)), plain(42))
    for argv, expected in {
        (): ["42"],
        ("--all",): ["41", "42"],
        ("-t", "CD"): ["41"],
        ("-j", "41"): ["41"],
    }.items():
        assert tsqueue.main(a_site(tmp_path), [*argv]) == 0
        assert [name for name, _ in listed(capfd.readouterr().out)] == expected


def test_json_says_that_no_dispatcher_ran(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    a_spool(tmp_path, plain(42))
    assert tsqueue.main(a_site(tmp_path), ["--json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["offline"] is True
    assert [line["id"] for line in answer["jobs"]] == ["42"]


def test_files_are_found_without_a_dispatcher(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    out = tmp_path / "x.out"
    out.write_text("hello\n")
    a_spool(tmp_path, plain(42, replace(DONE, output=str(out), error="/dev/null")))
    assert tsout.main(a_site(tmp_path), ["42"]) == 0
    said = capfd.readouterr()
    assert said.err == f"tsout: {SAID}"
    assert said.out.splitlines()[1].split() == ["42", "OUT", str(out), "YES", "6"]


def test_a_record_that_cannot_be_read_is_named_and_the_rest_listed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    a_spool(tmp_path, plain(42), plain(43))
    (tmp_path / "queue" / "pending" / "job_42.meta").write_text("{ torn")
    assert tsqueue.main(a_site(tmp_path), []) == 0
    out, err = capfd.readouterr()
    assert [name for name, _ in listed(out)] == ["43"]
    assert "tsqueue: 1 of its records cannot be read, such as: " in err
    assert "job_42.meta" in err


def test_a_story_is_read_from_the_records(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    told = NOTHING.with_event(MORNING + 3, GRANTED, attempt=1, cores=2)
    job = plain(42, replace(DONE, ended_at=MORNING + 9))
    a_spool(tmp_path, replace(job, work=replace(job.work, history=told)), plain(43))
    assert tsctl.main(a_site(tmp_path), ["history", "42"]) == 0
    out, err = capfd.readouterr()
    assert err == f"tsctl: {SAID}"
    assert "attempt 1: given 2 cores\n" in out
    assert "ended: COMPLETED" in out
    assert tsctl.main(a_site(tmp_path), ["why", "43"]) == 0
    assert "NoDispatcher: starts when a dispatcher runs" in capfd.readouterr().out
    assert tsctl.main(a_site(tmp_path), ["why", "--json", "42", "43"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["offline"] is True
    assert [line["state"] for line in answer["jobs"]] == ["COMPLETED", "PENDING"]


@pytest.mark.parametrize(
    ("command", "argv"), [(tsqueue, ["-j", "7"]), (tsout, ["7"]), (tsctl, ["why", "7"])]
)
def test_an_unknown_job_is_refused(command: object, argv: list[str], tmp_path: Path):
    a_spool(tmp_path, plain(42))
    with pytest.raises(RefusedError, match="cannot find job 7"):
        command.main(a_site(tmp_path), argv)


def test_a_wrong_command_line_is_refused_as_the_dispatcher_would(tmp_path: Path):
    a_spool(tmp_path, plain(42))
    with pytest.raises(UsageError, match="unknown option '--frobnicate'"):
        tsqueue.main(a_site(tmp_path), ["--frobnicate"])


@pytest.mark.parametrize(
    ("command", "argv"), [(tsqueue, []), (tsout, ["42"]), (tsctl, ["history", "42"])]
)
def test_without_dispatcher_and_spool_the_cure_is_named(
    command: object, argv: list[str], tmp_path: Path
):
    with pytest.raises(TryLaterError) as refused:
        command.main(a_site(tmp_path), argv)
    assert "tsdaemon start" in refused.value.cure
