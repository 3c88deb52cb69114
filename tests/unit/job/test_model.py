"""The words themselves: names that are printed and read again, states, secrets that stay in."""

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.job.model import (
    Elements,
    Ended,
    Exit,
    Granted,
    Job,
    JobId,
    Outcome,
    Pending,
    Reason,
    RunId,
    Running,
    Unit,
)
from tinysched.job.ranges import Ranges
from tinysched.job.request import Export, Request

numbers = st.integers(0, 10**15 - 1)
job_ids = st.builds(JobId, number=numbers, task=st.none() | numbers)
REQUEST = Request(name="pi", submit_dir="/home/bob/work")


def job(work):
    return Job(id=42, uid=1001, user="bob", token="t", submitted_at=1.0, request=REQUEST, work=work)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (JobId(number=42), "42"),
        (JobId(number=42, task=0), "42_0"),
        (RunId(job=JobId(number=42), attempt=1), "42.1"),
        (RunId(job=JobId(number=42, task=7), attempt=2), "42_7.2"),
        (Exit(code=3), "3:0"),
        (Exit(signal=9), "0:9"),
        (Reason(name="None"), "None"),
        (
            Reason(name="Resources", words="needs 8 cores, 3 free"),
            "Resources: needs 8 cores, 3 free",
        ),
    ],
)
def test_a_value_is_printed_as_people_know_it(value, text):
    assert str(value) == text


@given(job_ids)
def test_a_job_id_is_read_as_it_was_printed(value):
    assert JobId.parse(str(value)) == value


@given(job_ids, numbers)
def test_a_run_is_read_as_it_was_printed(value, attempt):
    run = RunId(job=value, attempt=attempt)
    assert RunId.parse(str(run)) == run


@given(numbers, numbers)
def test_an_exit_is_read_as_it_was_printed(code, signal):
    assert Exit.parse(str(Exit(code=code, signal=signal))) == Exit(code=code, signal=signal)


@pytest.mark.parametrize("parse", [JobId.parse, RunId.parse, Exit.parse])
@pytest.mark.parametrize(
    "text", ["", "x", "-1", "+1", " 1", "1 ", "1__2.1", "1_", "_1", "1.", ".1", "1:", ":1", "٣",
             "1_2_3.1", "9" * 16, "1.1.1", "0x1", "1_x.1", "1:x"]
)  # fmt: skip
def test_a_name_of_nothing_is_refused(parse, text):
    with pytest.raises(ValueError, match="not a number"):
        parse(text)


@given(st.text(max_size=12))
def test_any_text_is_a_name_or_refused(text):
    for parse in (JobId.parse, RunId.parse, Exit.parse):
        try:
            value = parse(text)
        except ValueError:
            continue
        assert parse(str(value)) == value


@pytest.mark.parametrize(
    ("ntasks", "cpus", "cores"), [(None, None, 1), (3, None, 3), (None, 4, 4), (3, 4, 12)]
)
def test_cores_are_tasks_times_cores_of_each(ntasks, cpus, cores):
    assert replace(REQUEST, ntasks=ntasks, cpus_per_task=cpus).cores == cores


@pytest.mark.parametrize(
    ("chdir", "work_dir"),
    [(None, "/home/bob/work"), ("/tmp", "/tmp"), ("runs/1", "/home/bob/work/runs/1")],
)
def test_a_job_runs_where_it_was_submitted_or_where_it_asks(chdir, work_dir):
    assert replace(REQUEST, chdir=chdir).work_dir == work_dir


END = Ended(outcome=Outcome.FAILED, reason=Reason(name="None"), ended_at=9.0)


@pytest.mark.parametrize(
    ("state", "is_final"),
    [
        (Pending(eligible_at=1.0), False),
        (Granted(granted_at=1.0, cores=1), False),
        (Running(granted_at=1.0, cores=1, started_at=2.0), False),
        (END, True),
    ],
)
def test_only_an_end_is_final(state, is_final):
    assert job(Unit(id=JobId(number=42), raw_id=42, state=state)).is_final is is_final


@pytest.mark.parametrize(("ended_at", "is_final"), [(None, False), (0.0, True)])
def test_an_array_is_final_once_all_of_it_has_ended(ended_at, is_final):
    work = Elements(todo=Ranges(), cancelled=Ranges(), ended=Ranges(), ended_at=ended_at)
    assert job(work).is_final is is_final


def test_nothing_that_may_be_secret_is_shown():
    request = replace(
        REQUEST, export=Export(values={"TOKEN": "hidden-1"}), arguments=("--password=hidden-2",)
    )
    assert "hidden" not in repr(replace(job(END), request=request))


def test_values_do_not_change():
    with pytest.raises(FrozenInstanceError):
        REQUEST.name = "other"
