"""Records come back as they went, keep what they do not know, and hold no secret."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spool.made import GRANTED, RUNS, WAITS, array, ended, plain, task
from tests.spool.strategies import endings, grants, jobs, tasks
from tinysched.errors import SpoolError, TinyschedError
from tinysched.job.history import NOTHING
from tinysched.job.model import JobId, RunId
from tinysched.job.request import Export
from tinysched.spool import records, runrecords
from tinysched.spool.decoding import parse


@given(job=jobs())
def test_a_job_comes_back_as_it_went_but_for_what_is_secret(job):
    assert records.read_job(records.write_job(job), "x") == records.public(job)


@given(job=jobs())
def test_a_record_written_again_is_the_same_to_the_byte(job):
    raw = records.write_job(job)
    assert records.write_job(records.read_job(raw, "x")) == raw


@given(made=tasks())
def test_a_task_comes_back_with_its_array(made):
    record = records.read_task(records.write_task(made), "x")
    assert record.of(made.job) == made
    assert (record.uid, record.user) == (made.job.uid, made.job.user)
    assert record.name == made.job.request.name


@given(grant=grants())
def test_a_grant_comes_back(grant):
    assert runrecords.read_grant(runrecords.write_grant(grant), "x") == grant


@given(ending=endings())
def test_an_exit_record_fits_what_was_reserved_and_tells_the_exit_whatever_its_length(ending):
    raw = runrecords.write_ending(ending)
    assert len(raw) <= runrecords.EXIT_SIZE
    back = runrecords.read_ending(raw, "x")
    assert (back.run, back.cause, back.exit) == (ending.run, ending.cause, ending.exit)
    assert (back.started_at, back.ended_at) == (ending.started_at, ending.ended_at)


def test_a_short_exit_record_comes_back_whole():
    ending = runrecords.read_ending(
        b'{"format": 1, "run": "4_2.1", "cause": "exit", "exit": {"code": 3, "signal": 0},'
        b'"started_at": 1.5, "ended_at": 2.5, "elapsed_s": 1, "cpu_s": 0.5,'
        b'"survivors": ["12 sleep"], "output": "/o", "error": "/e", "words": ""}\0\0\0',
        "x",
    )
    assert runrecords.read_ending(runrecords.write_ending(ending), "x") == ending
    assert ending.survivors == ("12 sleep",)


@given(raw=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_give_a_record_or_a_spool_error(raw):
    for read in (
        records.read_job,
        records.read_task,
        runrecords.read_grant,
        runrecords.read_ending,
        lambda raw, where: runrecords.read_started(
            raw, where, RunId(job=JobId(number=1), attempt=1)
        ),
    ):
        with pytest.raises(SpoolError, match=r"^cannot read job_1"):
            read(raw, "job_1")


@given(made=jobs(), pick=st.randoms(use_true_random=False))
def test_a_record_with_one_field_spoilt_is_refused_in_a_sentence_or_read(made, pick):
    record = json.loads(records.write_job(made))
    place = record
    while True:
        name = pick.choice(sorted(place))
        if isinstance(place[name], dict) and place[name] and pick.random() < 0.8:
            place = place[name]
            continue
        break
    place[name] = pick.choice([None, -1, "x", [], {}, True, 1e308, 10**400, [1], {"a": 1}])
    try:
        back = records.read_job(json.dumps(record).encode(), "job_1")
    except SpoolError as error:
        refused = error.sentence
    else:
        refused = ""
        assert records.read_job(records.write_job(back), "x") == back
    assert refused.startswith("cannot read job_1") or not refused


@pytest.mark.parametrize("raw", [b"", b"\0" * 4096, b"[" * 100_000, b'{"format": NaN}', b"1e999"])
def test_hostile_json_is_refused(raw):
    with pytest.raises(TinyschedError):
        records.read_job(raw, "x")


def test_a_number_too_large_for_a_float_is_refused():
    raw = records.write_job(plain(1)).replace(b"100.0", b"1e999")
    with pytest.raises(SpoolError, match="is too large"):
        records.read_job(raw, "x")


def test_fields_of_a_newer_release_are_written_back_wherever_they_were():
    record = json.loads(records.write_job(plain(1)))
    record["colour"] = {"hue": [1, 2]}
    record["request"]["gpus"] = 2
    record["unit"]["state"]["since"] = "yesterday"
    job = records.read_job(json.dumps(record).encode(), "x")
    assert json.loads(records.write_job(job)) == record


def test_jobs_that_ask_for_the_same_share_a_request():
    raws = [records.write_job(replace(plain(1, WAITS), id=number)) for number in (1, 2)]
    newer = raws[1].replace(b'"submit_dir":', b'"later": [1, true], "submit_dir":')
    read = [records.read_job(raw, "here") for raw in (*raws, newer, newer)]
    assert read[0].request is read[1].request
    assert read[2].request is read[3].request
    assert [job.unknown for job in read] == [{}, {}, *[{"request": {"later": [1, True]}}] * 2]


def test_a_newer_format_is_refused():
    record = json.loads(records.write_job(plain(1)))
    record["format"] = records.RECORD_FORMAT + 1
    with pytest.raises(SpoolError, match="its format is 2, this release reads up to 1"):
        records.read_job(json.dumps(record).encode(), "x")


def test_a_record_names_what_is_wrong_with_it():
    record = json.loads(records.write_job(plain(1)))
    record["request"]["limit_s"] = "soon"
    with pytest.raises(SpoolError) as caught:
        records.read_job(json.dumps(record).encode(), "/q/job_1.meta")
    assert caught.value.sentence == (
        "cannot read /q/job_1.meta: field 'request.limit_s' is no whole number"
    )


def test_no_record_holds_exported_values_or_arguments():
    job = plain(1)
    export = Export(everything=False, names=("PATH",), values={"TOKEN": "s3cret"})
    request = replace(job.request, export=export, arguments=("--password", "s3cret"))
    job = replace(job, request=request)
    for raw in (records.write_job(job), records.write_task(task(job, 1))):
        assert b"s3cret" not in raw
        assert b"TOKEN" not in raw
    assert parse(records.write_job(job), "x").inside("request").integer("arguments") == 2


def test_an_array_of_a_million_tasks_is_a_short_record():
    assert len(records.write_job(array(42, 1_000_000))) < 2000


def test_the_kinds_are_told_apart():
    with pytest.raises(SpoolError, match="kind"):
        records.read_job(records.write_task(task(array(3, 5), 1)), "x")


def test_states_carry_their_own_fields():
    for state in (WAITS, GRANTED, RUNS, ended()):
        back = records.read_job(records.write_job(plain(1, state)), "x")
        assert back.work.state == state


def test_what_was_written_of_one_job_is_not_taken_for_anothers():
    told = NOTHING.with_event(1.0, "Held", by=0)
    units = [plain(1, WAITS).work, plain(1, RUNS).work, plain(1, ended()).work]
    units += [replace(unit, raw_id=7) for unit in units]
    units += [
        replace(units[0], **one) for one in ({"attempt": 2}, {"restarts": 1}, {"history": told})
    ]
    made = [replace(plain(number), work=unit) for unit in units for number in (1, 2)]
    for job in (*made, *reversed(made)):
        assert records.read_job(records.write_job(job), "here").work == replace(
            job.work, id=JobId(number=job.id)
        )
