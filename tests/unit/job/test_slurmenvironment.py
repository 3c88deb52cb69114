"""The variables of a job that was submitted under one of Slurm's names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.job.test_environment import BOB, GRANT, LOGIN, REQUEST, SUBMITTED
from tinysched.job import slurmenvironment
from tinysched.job.model import JobId, RunId
from tinysched.job.ranges import Ranges
from tinysched.job.request import Array, Export

PLAIN = replace(GRANT, cores=1, memory_per_cpu_mib=1000, memory_mib=1000, partition="debug")


def seen(request=REQUEST, said=None, grant=PLAIN, submitted=SUBMITTED):
    """What a job sees, as text."""
    sources = (submitted, LOGIN)
    found = slurmenvironment.variables(request, said or {}, grant, BOB, sources)
    return {name.decode(): value.decode() for name, value in found.items()}


def added(request=REQUEST, said=None, grant=PLAIN):
    """What options or a grant add or change."""
    plain = seen()
    found = seen(request, said, grant)
    assert not plain.keys() - found.keys() - {"SLURM_MEM_PER_CPU"}
    return {name: value for name, value in found.items() if plain.get(name) != value}


def test_a_plain_job_sees_its_submitters_environment_and_slurms_own_set():
    ours = seen().keys() - {name.decode() for name in SUBMITTED}
    assert sorted(ours) == [
        *("ENVIRONMENT", "HOSTNAME", "SLURMD_NODENAME", "SLURM_CLUSTER_NAME", "SLURM_CONF"),
        *("SLURM_CPUS_ON_NODE", "SLURM_GTIDS", "SLURM_JOBID", "SLURM_JOB_CPUS_PER_NODE"),
        *("SLURM_JOB_GID", "SLURM_JOB_ID", "SLURM_JOB_NAME", "SLURM_JOB_NODELIST"),
        *("SLURM_JOB_NUM_NODES", "SLURM_JOB_PARTITION", "SLURM_JOB_QOS", "SLURM_JOB_UID"),
        *("SLURM_JOB_USER", "SLURM_LOCALID", "SLURM_MEM_PER_CPU", "SLURM_NNODES"),
        *("SLURM_NODEID", "SLURM_NODELIST", "SLURM_NODE_ALIASES", "SLURM_PRIO_PROCESS"),
        *("SLURM_PROCID", "SLURM_SUBMIT_DIR", "SLURM_SUBMIT_HOST", "SLURM_TASKS_PER_NODE"),
        *("SLURM_TOPOLOGY_ADDR", "SLURM_TOPOLOGY_ADDR_PATTERN", "SLURM_WORKING_CLUSTER"),
        *("TJS_COOKIE", "TMPDIR"),
    ]
    assert seen()["SLURM_JOB_PARTITION"] == "debug"


@pytest.mark.parametrize(
    ("changes", "cores", "expected"),
    [
        ({"ntasks": 2}, 2, {"NTASKS": "2", "NPROCS": "2", "TASKS_PER_NODE": "2"}),
        ({"cpus_per_task": 4}, 4, {"CPUS_PER_TASK": "4"}),
        ({"exclusive": True}, 8, {"TASKS_PER_NODE": "8"}),
        ({"exclusive": True, "cpus_per_task": 3}, 8, {"CPUS_PER_TASK": "3", "TASKS_PER_NODE": "2"}),
        (
            {"tasks_per_node": 3},
            3,
            {"NTASKS": "3", "NPROCS": "3", "NTASKS_PER_NODE": "3", "TASKS_PER_NODE": "3"},
        ),
        (
            {"ntasks": 12, "overcommit": True},
            1,
            {"NTASKS": "12", "NPROCS": "12", "TASKS_PER_NODE": "12", "OVERCOMMIT": "1"},
        ),
        ({"account": "acc"}, 1, {"JOB_ACCOUNT": "acc"}),
    ],
)
def test_what_was_asked_for_is_told(changes, cores, expected):
    told = {f"SLURM_{name}": value for name, value in expected.items()}
    if cores > 1:
        told |= {"SLURM_CPUS_ON_NODE": str(cores), "SLURM_JOB_CPUS_PER_NODE": str(cores)}
    assert added(replace(REQUEST, **changes), grant=replace(PLAIN, cores=cores)) == told


def test_memory_is_told_for_each_core_or_as_a_whole():
    whole = replace(PLAIN, memory_per_cpu_mib=0, memory_mib=2048)
    assert added(replace(REQUEST, memory_mib=2048), grant=whole) == {"SLURM_MEM_PER_NODE": "2048"}
    assert added(grant=replace(PLAIN, memory_per_cpu_mib=500)) == {"SLURM_MEM_PER_CPU": "500"}
    assert added(replace(REQUEST, memory_mib=0), grant=whole) == {}


SAID = {
    "dependency": {"AFTERANY:1,singleton": {"JOB_DEPENDENCY": "AFTERANY:1,singleton"}},
    "open-mode": {"append": {"OPEN_MODE": "a"}, "Truncate": {"OPEN_MODE": "t"}},
    "distribution": {
        "plane=2": {"DISTRIBUTION": "plane", "DIST_PLANESIZE": "2"},
        "block:cyclic,Pack": {"DISTRIBUTION": "block:cyclic,pack"},
        "*:*": {"DISTRIBUTION": "block:cyclic"},
        "nopack": {"DISTRIBUTION": "nopack"},
        "block:*:fcyclic": {"DISTRIBUTION": "block:cyclic:fcyclic"},
    },
    "profile": {
        "all": {"PROFILE": "Energy,Lustre,Network,Task"},
        "task,energy": {"PROFILE": "Energy,Task"},
        "NONE": {"PROFILE": "None"},
    },
    "cpu-freq": {
        "low-high:performance": {"CPU_FREQ_REQ": "Low-High:Performance"},
        "ondemand": {"CPU_FREQ_REQ": "OnDemand"},
        "2000": {"CPU_FREQ_REQ": "2000"},
    },
    "mem-bind": {
        "local": {"MEM_BIND": "local", "MEM_BIND_VERBOSE": "quiet"},
        "v,map_mem:0,1": {"MEM_BIND": "verbose,map_mem:0,1", "MEM_BIND_VERBOSE": "verbose"},
        "quiet": {},
        "no": {"MEM_BIND": "none", "MEM_BIND_VERBOSE": "quiet"},
        "mask_mem:0x1": {"MEM_BIND": "mask_mem:1", "MEM_BIND_VERBOSE": "quiet"},
        "sort,local": {
            "MEM_BIND": "sort,local",
            "MEM_BIND_SORT": "sort",
            "MEM_BIND_VERBOSE": "quiet",
        },
    },
    "hint": {
        "Compute_bound": {"HINT": "compute_bound", "THREADS_PER_CORE": "1"},
        "multithread": {"HINT": "multithread", "NTASKS_PER_CORE": "65535"},
    },
    "extra-node-info": {"1:1:1": {"THREADS_PER_CORE": "1"}, "1": {}},
    "gpus": {"0": {"GPUS": "0"}},
    "comment": {"x": {}},
}


@pytest.mark.parametrize("option", SAID)
def test_options_that_mean_nothing_here_are_told_as_slurm_tells_them(option):
    for text, expected in SAID[option].items():
        told = {f"SLURM_{name}": value for name, value in expected.items()}
        assert added(said={option: text}) == told, text


def test_a_hint_says_nothing_beside_what_it_would_mean():
    said = {"hint": "nomultithread", "ntasks-per-core": "1"}
    assert added(said=said) == {"SLURM_NTASKS_PER_CORE": "1"}


@pytest.mark.parametrize(
    ("text", "step"), [("1-9:4%2", "4"), ("1,4-8:2", "2"), ("0-4:2,10-16:3", "2"), ("1,3,5", "1")]
)
def test_the_step_of_an_array_is_the_first_that_is_written(text, step):
    array = replace(REQUEST, array=Array(tasks=Ranges.of((1, 3, 5))))
    task = replace(PLAIN, run=RunId(job=JobId(number=42, task=3), attempt=1), raw_id=43)
    found = seen(array, {"array": text}, task)
    assert (found["SLURM_ARRAY_TASK_STEP"], found["SLURM_ARRAY_TASK_COUNT"]) == (step, "3")


OUTER = SUBMITTED | {
    b"SLURM_CPUS_PER_TASK": b"6",
    b"SLURM_NTASKS": b"8",
    b"SLURM_JOB_ID": b"7",
    b"SLURM_MEM_PER_NODE": b"77",
    b"SLURM_ARRAY_TASK_ID": b"3",
    b"SLURM_EXPORT_ENV": b"zz",
    b"SPANK_X": b"1",
    b"SLURM_UMASK": b"0123",
    b"SBATCH_FOO": b"2",
}


def test_variables_of_an_outer_job_leak_but_for_those_that_the_job_has_itself():
    found = seen(submitted=OUTER)
    told = {name.decode(): value.decode() for name, value in OUTER.items()}
    assert told.pop("SLURM_UMASK") not in found.values()
    assert told.items() - found.items() == {("SLURM_CPUS_PER_TASK", "6"), ("SLURM_JOB_ID", "7")}
    assert (found["SLURM_CPUS_PER_TASK"], found["SLURM_MEM_PER_CPU"]) == ("1", "1000")


def test_without_all_a_login_is_built_afresh_and_only_slurms_own_leak():
    request = replace(REQUEST, export=Export(everything=False, names=("EMPTY",), values={"A": "1"}))
    found = seen(request, {"export": "EMPTY,A=1"}, submitted=OUTER)
    ours = seen()
    login = {name.decode(): value.decode() for name, value in LOGIN.items()}
    leaked = {"SLURM_NTASKS", "SLURM_ARRAY_TASK_ID", "SLURM_MEM_PER_NODE", "SPANK_X"}
    assert found.keys() - ours.keys() == leaked | {
        *("A", "HOME", "USER", "SLURM_CPUS_PER_TASK", "SLURM_EXPORT_ENV", "SLURM_GET_USER_ENV")
    }
    assert ours.keys() - found.keys() == {"BASH_FUNC_f%%"}
    assert login.items() <= found.items()
    assert (found["SLURM_EXPORT_ENV"], found["SLURM_GET_USER_ENV"]) == ("zz", "1")


def test_what_is_exported_is_told_unless_that_is_everything():
    said = {"export": "ALL,A=1"}
    found = added(replace(REQUEST, export=Export(values={"A": "1"})), said)
    told = {"A": "1", "SLURM_EXPORT_ENV": "ALL,A=1", "SLURM_GET_USER_ENV": "1"}
    assert found == told | {"HOME": "/home/bob", "USER": "bob"}, "the login lies beneath"
    assert added(said={"export": "all"}) == {}
    assert added(said={"get-user-env": ""}).keys() == {"HOME", "USER", "SLURM_GET_USER_ENV"}


def test_a_job_that_runs_again_knows_how_often_it_did():
    assert added(grant=replace(PLAIN, restarts=2)) == {"SLURM_RESTART_COUNT": "2"}
