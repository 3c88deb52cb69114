"""Of what mails tell, to whom, and their subjects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.job import mails
from tinysched.job.mails import Event
from tinysched.job.model import JobId


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("end,BEGIN", "BEGIN,END"),
        ("ALL", "INVALID_DEPEND,BEGIN,END,FAIL,REQUEUE,STAGE_OUT"),
        ("TIME_LIMIT,all,ARRAY_TASKS,TIME_LIMIT_50",
         "ARRAY_TASKS,INVALID_DEPEND,BEGIN,END,FAIL,REQUEUE,STAGE_OUT,TIME_LIMIT_50,TIME_LIMIT"),
        ("END,NONE", None),
    ],
)  # fmt: skip
def test_types_are_put_in_order(text, types):
    assert mails.read_types(text) == types


@pytest.mark.parametrize("text", ["", "FOO", "END,FOO", "END,"])
def test_types_that_are_none_are_refused_and_slurm_is_content_with_one_it_knows(text):
    with pytest.raises(ValueError, match="expected ALL, NONE or a list of ARRAY_TASKS, "):
        mails.read_types(text)
    if text.startswith("END"):
        assert mails.read_types(text, strict=False) == "END"


def test_a_wish_knows_its_events_and_whether_it_is_for_each_task():
    assert mails.wish(None) is None
    assert mails.wish("ARRAY_TASKS") is None, "of nothing"
    found = mails.wish("ARRAY_TASKS,END,TIME_LIMIT_50")
    assert found == mails.Wish(events=frozenset((Event.END, Event.TIME_LIMIT_50)), each_task=True)


def test_several_addresses_may_be_given():
    assert mails.addresses("ann@example.org,ben") == ("ann@example.org", "ben")


@pytest.mark.parametrize(
    "text",
    [
        *("", "a b", "a@b\r\nBcc: c@d", "a@b\nc", "-oX", "a,,b", "a@b,", "<a@b>", "a;b", "|sh"),
        *("a\x00b", ".", "x" * 321, ",".join(["a@b"] * 21), "a\u2028b", "a\u0085b"),
    ],
)
def test_what_could_be_more_than_an_address_is_refused(text):
    with pytest.raises(ValueError, match="expected up to 20 addresses"):
        mails.addresses(text)


@given(st.text(max_size=40))
def test_a_subject_is_one_line_whatever_a_job_is_called(name):
    subject = mails.of_job(42, name, Event.END, ("COMPLETED",))
    assert subject.isprintable()
    assert subject.startswith("Slurm Job_id=42 Name=")
    assert len(subject) <= 400


def test_subjects_are_those_of_slurm():
    queued, ran = mails.span("Queued time", 3.9), mails.span("Run time", 90061)
    assert mails.of_job(42, "x", Event.BEGIN, (queued,)) == (
        "Slurm Job_id=42 Name=x Began, Queued time 00:00:03"
    )
    assert mails.of_job(42, "x", Event.END, (ran, "COMPLETED", "ExitCode 0")) == (
        "Slurm Job_id=42 Name=x Ended, Run time 1-01:01:01, COMPLETED, ExitCode 0"
    )
    assert mails.of_task(JobId(number=42, task=7), 49, "x", Event.FAIL, ("FAILED",)) == (
        "Slurm Array Task Job_id=42_7 (49) Name=x Failed, FAILED"
    )
    assert mails.of_array(42, "x", Event.BEGIN) == (
        "Slurm Array Summary Job_id=42_* (42) Name=x Began"
    )
    assert mails.of_job(42, "x", Event.TIME_LIMIT_80) == (
        "Slurm Job_id=42 Name=x Reached 80% of time limit"
    )
