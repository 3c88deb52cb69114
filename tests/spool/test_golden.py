"""Records of every released format load for ever, with fields that nobody knows yet."""

import json
from pathlib import Path

import pytest

from tinysched.job.history import NOTHING
from tinysched.job.model import (
    Cancel,
    Elements,
    Ended,
    Exit,
    Granted,
    Hold,
    Outcome,
    Pending,
    Reason,
    Running,
)
from tinysched.job.ranges import Ranges
from tinysched.job.request import OpenMode
from tinysched.job.runs import Cause
from tinysched.spool import records, runrecords
from tinysched.spool.endedlog import parse

V1 = Path(__file__).parents[1] / "golden" / "records" / "v1"
JOBS = sorted(path.name for path in V1.glob("job-*.meta"))
TASKS = sorted(path.name for path in V1.glob("task-*.meta"))


def job(name):
    return records.read_job((V1 / name).read_bytes(), name)


def task(name):
    return records.read_task((V1 / name).read_bytes(), name)


def test_there_is_a_record_of_each_kind():
    assert JOBS == [
        "job-array.meta",
        "job-cancelled.meta",
        "job-ended.meta",
        "job-granted.meta",
        "job-pending.meta",
        "job-running.meta",
        "job-told.meta",
    ]
    assert TASKS == ["task-ended.meta", "task-running.meta"]


def test_a_pending_job():
    found = job("job-pending.meta")
    request = found.request
    assert (found.id, found.uid, found.user, found.token) == (42, 1002, "bob", "a1b2-c3_d4")
    assert (found.hold, found.revision, found.submitted_at) == (Hold.ADMIN, 3, 1800000000.25)
    assert found.work.state == Pending(eligible_at=1800000001.5)
    assert (request.name, request.submit_dir) == ("pi \udcff", "/home/bob/run")
    assert (request.ntasks, request.cpus_per_task, request.cores) == (2, 4, 8)
    assert (request.memory_mib, request.limit_s) == (2048, 300)
    assert (request.output, request.error, request.input) == ("pi_%j.out", None, "/dev/null")
    assert (request.open_mode, request.chdir) == (OpenMode.APPEND, "sub")
    assert (request.export.everything, request.export.names) == (False, ("PATH", "LANG"))
    assert len(request.arguments) == 3
    assert (request.exclusive, request.foreground, request.held) == (False, False, True)
    assert (request.partition, request.qos, request.account) == ("debug", "low", "grant7")
    assert (request.comment, request.mail_type, request.mail_user) == ("hello", "END", "bob@x")
    assert found.unknown == {"colour": "blue", "request": {"gpus": 1}}


def test_other_jobs():
    granted = Granted(granted_at=1800000002.0, cores=8, boot_id="b0-07")
    assert job("job-granted.meta").work.state == granted
    running = job("job-running.meta").work
    assert running.state == Running(
        granted_at=1800000002.0,
        cores=8,
        started_at=1800000003.0,
        pid=4711,
        output="/home/bob/run/pi_42.out",
        error="/home/bob/run/slurm-42.err",
    )
    assert running.cancel == Cancel(by_uid=1001, ordered_at=1800000009.0, kill=True)
    assert (running.attempt, running.restarts) == (2, 1)
    ended = job("job-ended.meta").work.state
    assert isinstance(ended, Ended)
    assert (ended.outcome, ended.exit) == (Outcome.FAILED, Exit(code=3))
    assert (ended.ended_at, ended.elapsed_s, ended.cpu_s) == (1800000063.0, 60.0, 12.5)
    assert ended.survivors == ("4712 sleep",)
    cancelled = job("job-cancelled.meta").work.state
    assert cancelled.started_at is None
    assert cancelled.exit is None
    assert cancelled.reason == Reason(name="Cancelled", words="by uid 1002")


def test_a_history():
    told = job("job-told.meta").work.history
    assert told.dropped == 2
    assert [event.name for event in told.events()] == ["Requeued", "Granted", "Started", "Ended"]
    assert told.events()[1].facts == {"attempt": "2", "cores": "8", "agent": "4700"}
    assert job("job-ended.meta").work.history == NOTHING


def test_an_array():
    found = job("job-array.meta")
    assert found.request.array.limit == 4
    assert found.request.array.tasks == Ranges.span(1, 1000000)
    assert found.work == Elements(
        todo=Ranges.parse("6-499999,500001-1000000"),
        cancelled=Ranges.of([500000]),
        ended=Ranges.parse("1-3"),
        worst=Outcome.TIMEOUT,
        eligible_at=1800000000.25,
    )


def test_tasks():
    assert task("task-running.meta").unit.id.task == 4
    found = task("task-ended.meta")
    assert (found.number, found.uid, found.user, found.name) == (43, 1002, "bob", "sweep")
    assert found.unit.raw_id == 51
    assert found.unit.state.exit == Exit(signal=9)
    assert found.unknown == {"unit": {"node": "n1"}}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_written_back_with_all_that_it_came_with(name):
    raw = (V1 / name).read_bytes()
    assert json.loads(records.write_job(job(name))) == json.loads(raw)


@pytest.mark.parametrize("name", TASKS)
def test_unknown_fields_of_a_task_are_kept(name):
    assert task(name).unknown == ({"unit": {"node": "n1"}} if name == "task-ended.meta" else {})


def test_the_records_of_a_run():
    grant = runrecords.read_grant((V1 / "grant").read_bytes(), "grant")
    assert (str(grant.run), grant.raw_id, grant.token) == ("43_4.2", 52, "a1b2-c3_d4")
    assert (grant.cores, grant.memory_mib, grant.limit_s, grant.kill_wait_s) == (8, 2048, None, 30)
    started = runrecords.read_started((V1 / "started").read_bytes(), "started", grant.run)
    assert started is not None
    assert (started.pid, started.start_ticks, started.boot_id) == (4711, 123456, "b0-07")
    assert (started.began_at, started.is_warned, started.is_told) == (None, False, False)
    ending = runrecords.read_ending((V1 / "exit").read_bytes(), "exit")
    assert (str(ending.run), ending.cause, ending.exit) == ("43_4.2", Cause.LIMIT, Exit(signal=15))
    assert ending.words == "ran too long"


def test_the_index_of_ended_jobs():
    index = parse((V1 / "ended.log").read_bytes())
    assert sorted(index.lines, key=str) == [(42, None), (43, 1)]
    line = index.lines[42, None]
    assert (line.user, line.name, line.outcome) == ("bob", "pi\t\udcff", Outcome.FAILED)
    assert index.idle == 3
