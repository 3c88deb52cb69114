"""The variables a job sees."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.job import environment
from tinysched.job.environment import Person
from tinysched.job.model import JobId, RunId
from tinysched.job.ranges import Ranges
from tinysched.job.request import Array, Export, OpenMode, Request
from tinysched.job.runs import Grant

REQUEST = Request(name="pi", submit_dir="/home/bob/work")
GRANT = Grant(
    run=RunId(job=JobId(number=42), attempt=1),
    raw_id=42,
    token="0123",
    cores=4,
    memory_mib=2048,
    limit_s=60,
    kill_wait_s=30.0,
    cluster="ours",
)
BOB = Person(user="bob", uid=1001, gid=100, host="big")
SUBMITTED = {b"PATH": b"/home/bob/bin:/bin", b"BASH_FUNC_f%%": b"() {  :\n}", b"EMPTY": b""}
LOGIN = {b"PATH": b"/usr/bin:/bin", b"HOME": b"/home/bob", b"USER": b"bob"}

# Those of the seed first. Each is set for every job, whatever it asks for.
ALWAYS = {
    "SLURM_JOB_ID": "42",
    "SLURM_JOB_NAME": "pi",
    "SLURM_CPUS_PER_TASK": "1",
    "SLURM_MEM_PER_NODE": "2048",
    "SLURM_SUBMIT_DIR": "/home/bob/work",
    "SLURM_JOB_NODELIST": "big",
    "SLURM_JOB_NUM_NODES": "1",
    "SLURMD_NODENAME": "big",
    "ENVIRONMENT": "BATCH",
    "HOSTNAME": "big",
    "TMPDIR": "/tmp",
    "SLURM_CLUSTER_NAME": "ours",
    "SLURM_CPUS_ON_NODE": "4",
    "SLURM_GTIDS": "0",
    "SLURM_JOBID": "42",
    "SLURM_JOB_CPUS_PER_NODE": "4",
    "SLURM_JOB_GID": "100",
    "SLURM_JOB_PARTITION": "ours",
    "SLURM_JOB_QOS": "normal",
    "SLURM_JOB_UID": "1001",
    "SLURM_JOB_USER": "bob",
    "SLURM_LOCALID": "0",
    "SLURM_NNODES": "1",
    "SLURM_NODEID": "0",
    "SLURM_NODELIST": "big",
    "SLURM_NODE_ALIASES": "(null)",
    "SLURM_PRIO_PROCESS": "0",
    "SLURM_PROCID": "0",
    "SLURM_SUBMIT_HOST": "big",
    "SLURM_TASKS_PER_NODE": "1",
    "SLURM_TOPOLOGY_ADDR": "big",
    "SLURM_TOPOLOGY_ADDR_PATTERN": "node",
    "SLURM_WORKING_CLUSTER": "ours:big:0:9728:101",
    "TJS_COOKIE": "0123.42.1",
}


def seen(request=REQUEST, grant=GRANT, submitted=SUBMITTED):
    """What a job sees, as text."""
    found = environment.environment(request, grant, BOB, submitted, LOGIN)
    return {name.decode(): value.decode() for name, value in found.items()}


def added(request=REQUEST, grant=GRANT):
    """What a request or grant adds or changes."""
    plain = seen()
    return {name: value for name, value in seen(request, grant).items() if plain.get(name) != value}


def test_a_plain_job_sees_its_submitters_environment_and_ours():
    theirs = {name.decode(): value.decode() for name, value in SUBMITTED.items()}
    assert seen() == theirs | ALWAYS


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (replace(REQUEST, cpus_per_task=4), {"SLURM_CPUS_PER_TASK": "4"}),
        (
            replace(REQUEST, ntasks=2),
            {"SLURM_NTASKS": "2", "SLURM_NPROCS": "2", "SLURM_TASKS_PER_NODE": "2"},
        ),
        (replace(REQUEST, name="a b"), {"SLURM_JOB_NAME": "a b"}),
        (replace(REQUEST, partition="long"), {"SLURM_JOB_PARTITION": "long"}),
        (replace(REQUEST, qos="high"), {"SLURM_JOB_QOS": "high"}),
        (replace(REQUEST, account="lab"), {"SLURM_JOB_ACCOUNT": "lab"}),
        (replace(REQUEST, open_mode=OpenMode.APPEND), {"SLURM_OPEN_MODE": "a"}),
        (replace(REQUEST, chdir="/tmp"), {}),
    ],
)
def test_what_was_asked_for_is_told(request_, expected):
    assert added(request_) == expected


def test_a_job_that_runs_again_knows_how_often_it_did():
    again = replace(GRANT, run=replace(GRANT.run, attempt=3), restarts=2)
    assert added(grant=again) == {"SLURM_RESTART_COUNT": "2", "TJS_COOKIE": "0123.42.3"}


@pytest.mark.parametrize(
    ("tasks", "count", "first", "last", "step"),
    [
        ("1-10", "10", "1", "10", "1"),
        ("0-15:4", "4", "0", "12", "4"),
        ("1,2,5", "3", "1", "5", "1"),
        ("7", "1", "7", "7", "1"),
    ],
)
def test_a_task_of_an_array_knows_its_place(tasks, count, first, last, step):
    array = Array(tasks=Ranges.parse(tasks), limit=2)
    task = array.tasks.last
    grant = replace(GRANT, run=RunId(job=JobId(number=42, task=task), attempt=1), raw_id=57)
    assert added(replace(REQUEST, array=array), grant) == {
        "SLURM_JOB_ID": "57",
        "SLURM_JOBID": "57",
        "SLURM_ARRAY_JOB_ID": "42",
        "SLURM_ARRAY_TASK_ID": str(task),
        "SLURM_ARRAY_TASK_COUNT": count,
        "SLURM_ARRAY_TASK_MIN": first,
        "SLURM_ARRAY_TASK_MAX": last,
        "SLURM_ARRAY_TASK_STEP": step,
        "TJS_COOKIE": f"0123.42_{task}.1",
    }


def test_our_variables_win_over_the_submitters_others_leak_through():
    outer = SUBMITTED | {b"SLURM_JOB_ID": b"1", b"SLURM_ARRAY_TASK_ID": b"9", b"TMPDIR": b"/big"}
    found = seen(submitted=outer)
    assert (found["SLURM_JOB_ID"], found["SLURM_ARRAY_TASK_ID"]) == ("42", "9")
    assert found["TMPDIR"] == "/big"


def test_values_are_added_to_everything():
    request = replace(REQUEST, export=Export(values={"A": "1", "PATH": "/x"}))
    assert added(request) == {"A": "1", "PATH": "/x"}


def test_names_are_taken_from_the_submitter_the_rest_from_a_fresh_login():
    export = Export(everything=False, names=("EMPTY", "MISSING"), values={"A": "1"})
    found = seen(replace(REQUEST, export=export))
    ours = ALWAYS | {"SLURM_EXPORT_ENV": "EMPTY,MISSING", "SLURM_GET_USER_ENV": "1"}
    login = {"PATH": "/usr/bin:/bin", "HOME": "/home/bob", "USER": "bob"}
    assert found == login | {"EMPTY": "", "A": "1"} | ours


def test_nothing_is_taken_from_the_submitter():
    found = seen(replace(REQUEST, export=Export(everything=False)))
    assert found["SLURM_EXPORT_ENV"] == "NONE"
    assert found["PATH"] == "/usr/bin:/bin"
    assert "EMPTY" not in found


def test_a_login_may_lie_beneath_what_the_submitter_has():
    found = seen(replace(REQUEST, stored={"get-user-env": ""}))
    submitted = {"PATH": "/home/bob/bin:/bin", "BASH_FUNC_f%%": "() {  :\n}", "EMPTY": ""}
    login = {"HOME": "/home/bob", "USER": "bob", "SLURM_GET_USER_ENV": "1"}
    assert found == ALWAYS | submitted | login


def test_what_a_user_asks_for_does_not_replace_what_names_the_job():
    export = Export(values={"SLURM_JOB_ID": "1", "TJS_COOKIE": "x"})
    assert added(replace(REQUEST, export=export)) == {}


@given(st.dictionaries(st.binary(min_size=1, max_size=9), st.binary(max_size=9), max_size=4))
def test_bytes_of_any_kind_come_through_untouched(submitted):
    found = environment.environment(REQUEST, GRANT, BOB, submitted, {})
    for name, value in submitted.items():
        assert found[name] == value or name.decode("latin-1") in ALWAYS


def test_names_that_are_no_utf8_survive():
    request = replace(REQUEST, submit_dir="/home/\udcff")
    found = environment.environment(request, GRANT, BOB, {}, {})
    assert found[b"SLURM_SUBMIT_DIR"] == b"/home/\xff"
