"""What a dispatcher answers to sbatch, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.programs.peers import FakeChannel
from tests.programs.queue import ADMIN, BOB, CAROL, Queue, new_token
from tinysched.config import Config
from tinysched.host.cores import short_hostname
from tinysched.job.runs import Cause
from tinysched.partitions import Partition
from tinysched.wire.client import Reply, hello

HOST = short_hostname()
FAILED = "Batch job submission failed: "
UNAVAILABLE = f"{FAILED}Requested node configuration is not available"
DEBUG = Partition(name="debug", is_default=True, default_mem_per_cpu_mib=1000)
SHORT = Partition(name="short", max_time_s=1800, default_time_s=600, default_mem_per_cpu_mib=1000)


def sbatch(queue: Queue, uid: int, *args: str, path: str = "", token: str = "") -> Reply:
    """`sbatch ARGS job.sh`."""
    fields = [
        *hello(),
        ("command", b"sbatch"),
        ("token", (token or new_token()).encode()),
        ("cwd", b"/home/somebody"),
        ("script", b"#!/bin/sh\nexit 0\n"),
        ("path", path.encode()),
        *(("arg", word.encode()) for word in (*args, "job.sh")),
    ]
    return queue.ask_on(FakeChannel(uid), "submit", fields)


def said(reply: Reply) -> tuple[int, str, str]:
    return reply.exit_code, reply.out.decode(), reply.err.decode()


def complaints(*lines: str) -> str:
    return "".join(f"sbatch: error: {line}\n" for line in lines)


@pytest.fixture
def parted(queue: Queue) -> Queue:
    """The recorded Slurm's configuration, with 4 cores."""
    queue.kill()
    queue.config = Config(
        cpus=4, memory_mib=16000, max_array_size=1001, partitions=(DEBUG, SHORT),
        poll_interval=3600.0,
    )  # fmt: skip
    queue.begin()
    return queue


@pytest.mark.parametrize(
    ("args", "out"),
    [
        ((), "Submitted batch job 1\n"),
        (("--parsable",), "1\n"),
        (("-Q",), ""),
        (("-Q", "--parsable"), ""),
        (("-M", "all"), "Submitted batch job 1 on cluster {}\n"),
        (("-M", "all", "--parsable"), "1;{}\n"),
    ],
)
def test_a_job_is_accepted(parted: Queue, args: tuple[str, ...], out: str):
    reply = sbatch(parted, BOB, *args)
    assert said(reply) == (0, out.format(parted.config.cluster_name), "")
    assert reply.values["id"] == b"1"
    assert parted.states() == {"1": "PENDING"}


def test_the_same_request_is_the_same_job(parted: Queue):
    token = new_token()
    for _ in range(2):
        assert sbatch(parted, BOB, token=token).out == b"Submitted batch job 1\n"
    assert parted.states() == {"1": "PENDING"}


def test_the_scripts_path_is_kept(parted: Queue):
    sbatch(parted, BOB, path="/home/somebody/job.sh")
    assert parted.dispatcher.ledger.books.jobs[1].request.command == "/home/somebody/job.sh"


REFUSED: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("-a", "x"), (f"{FAILED}Invalid job array specification",)),
    (("-a", "1001"), (f"{FAILED}Invalid job array specification",)),
    (("-a", "x", "-d", "foo"), (f"{FAILED}Invalid job array specification",)),
    (
        ("-p", "debug,nosuch"),
        ("invalid partition specified: nosuch", f"{FAILED}Invalid partition name specified"),
    ),
    (
        ("-p", "", "-C", "x"),
        ("invalid partition specified: (null)", f"{FAILED}Invalid partition name specified"),
    ),
    (("--nice=-5", "-C", "x"), (f"{FAILED}Invalid --nice value",)),
    (
        ("--deadline=2020-01-01",),
        (f"{FAILED}Requested time limit is invalid (missing or exceeds some limit)",),
    ),
    (
        ("-t", "5", "--time-min=10"),
        (f"{FAILED}Invalid time-min specification (exceeds job's time or other limits)",),
    ),
    (
        ("-p", "short", "--time-min=20"),
        (f"{FAILED}Invalid time-min specification (exceeds job's time or other limits)",),
    ),
    (
        ("--time-min=0",),
        (f"{FAILED}Invalid time-min specification (exceeds job's time or other limits)",),
    ),
    (("--acctg-freq=0",), (f"{FAILED}Invalid accounting frequency requested",)),
    (("--gres=",), (f"{FAILED}Invalid Trackable RESource (TRES) specification",)),
    (("-L", "x", "-C", "y"), (f"{FAILED}Invalid license specification",)),
    (("-d", "foo", "-C", "y"), (f"{FAILED}Job dependency problem",)),
    (("-d", "expand:1"), (f"{FAILED}Requested operation not supported on this system",)),
    (
        ("--batch=",),
        (f"{FAILED}Job --batch option is invalid or not a subset of --constraints",),
    ),
    (("-C", "y", "--reservation=x"), (f"{FAILED}Invalid feature specification",)),
    (("--prefer=x",), (f"{FAILED}Invalid preferred feature specification",)),
    (("--reservation=x",), (f"{FAILED}Requested reservation is invalid",)),
    (
        ("--reboot",),
        ("rebooting of nodes is only allowed for admins", f"{FAILED}Access/permission denied"),
    ),
    (("-w", "nosuch", "-C", "y"), (f"{FAILED}Invalid node name specified",)),
    (("-w", f"{HOST},n[1-3]"), (f"{FAILED}Invalid node name specified",)),
    (("-w", HOST, "-x", HOST), (f"{FAILED}Invalid node name specified",)),
    (("-x", "nosuch"), (f"{FAILED}Invalid node name specified",)),
    (
        ("-M", "nosuch"),
        (
            "No cluster 'nosuch' known by database.",
            "'nosuch' can't be reached now, or it is an invalid entry for --cluster."
            "  Use 'sacctmgr list clusters' to see available clusters.",
        ),
    ),
]
GPUS = [
    *(("-G", "1"), ("-G", "abc"), ("--gpus-per-node=1",), ("--gpus-per-task=1",)),
    *(("--gpus-per-socket=1",), ("--gres=gpu",), ("--gres=foo:2",), ("--cpus-per-gpu=1",)),
    *(("--mem-per-gpu=1G",), ("--ntasks-per-gpu=1",), ("--gres=foo", "-C", "x")),
]
# What the host does not have: refused, unless the job is held.
UNFIT: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("--mem=20000",), ("Memory specification can not be satisfied", UNAVAILABLE)),
    (("--mem-per-cpu=20000",), ("Memory specification can not be satisfied", UNAVAILABLE)),
    (("--mem-per-cpu=5000", "-c", "4"), (UNAVAILABLE,)),
    (("--mincpus=9",), ("CPU count per node can not be satisfied", UNAVAILABLE)),
    (("--tmp=1",), ("Temporary disk specification can not be satisfied", UNAVAILABLE)),
    (
        ("--threads-per-core=2",),
        ("Socket, core and/or thread specification can not be satisfied", UNAVAILABLE),
    ),
    (
        ("--sockets-per-node=9",),
        ("Socket, core and/or thread specification can not be satisfied", UNAVAILABLE),
    ),
    (("--ntasks-per-socket=2",), (UNAVAILABLE,)),
    (("--ntasks-per-node=2", "-n", "3"), (UNAVAILABLE,)),
    (("-x", HOST), (UNAVAILABLE,)),
    (("-w", ""), (f"{FAILED}Node count specification invalid",)),
]
# More than there is, and nothing that is refused: it waits for ever.
WAITS = [
    *(("-n", "9"), ("-c", "9"), ("-N", "2"), ("-N", "1k"), ("-n", "9", "--mem=20000")),
    *(("--exclusive", "-n", "9"), ("-p", "short", "-t", "60"), ("--mincpus=9", "-n", "9")),
    ("-p", "short", "-t", "0"),
]
TAKEN = [
    *(("-C", ""), ("-L", ""), ("--reservation=",), ("-d", ""), ("-G", "0"), ("--gres=gpu:0",)),
    *(("--gres=none",), ("-w", HOST), ("-x", ""), ("-p", "short,debug"), ("-q", "x"), ("-A", "x")),
    *(("-p", ",debug"), ("-Q", "-n", "1", "-N", "2")),
]


@pytest.mark.parametrize(("args", "lines"), REFUSED)
def test_what_the_queue_refuses(parted: Queue, args: tuple[str, ...], lines: tuple[str, ...]):
    assert said(sbatch(parted, BOB, *args)) == (1, "", complaints(*lines))
    assert said(sbatch(parted, BOB, "-H", *args)) == (1, "", complaints(*lines))
    assert parted.states() == {}


@pytest.mark.parametrize("args", GPUS)
def test_there_are_no_gpus(parted: Queue, args: tuple[str, ...]):
    words = "Invalid generic resource (gres) specification"
    assert said(sbatch(parted, BOB, *args)) == (1, "", complaints(words))


@pytest.mark.parametrize(("args", "lines"), UNFIT)
def test_what_the_host_does_not_have(parted: Queue, args: tuple[str, ...], lines: tuple[str, ...]):
    assert said(sbatch(parted, BOB, *args)) == (1, "", complaints(*lines))
    assert sbatch(parted, BOB, "-H", *args).exit_code == 0


@pytest.mark.parametrize("args", WAITS)
def test_what_is_too_much_waits(parted: Queue, bob, args: tuple[str, ...]):
    assert sbatch(parted, BOB, *args).exit_code == 0
    assert parted.states() == {"1": "PENDING"}
    assert parted.cores_taken == 0


@pytest.mark.parametrize("args", TAKEN)
def test_what_asks_for_nothing_is_taken(parted: Queue, args: tuple[str, ...]):
    out = "" if "-Q" in args else "Submitted batch job 1\n"
    assert said(sbatch(parted, BOB, *args)) == (0, out, "")


def test_no_hosts_are_no_hosts(parted: Queue):
    words = complaints(f"{FAILED}Node count specification invalid")
    assert said(sbatch(parted, BOB, "-N", "0")) == (1, "", words)
    assert sbatch(parted, BOB, "-N", "0", "-H").exit_code == 0


def test_a_partition_may_be_for_others(parted: Queue):
    parted.kill()
    closed = Partition(name="closed", users=frozenset(("nobody",)))
    parted.config = replace(parted.config, partitions=(DEBUG, closed))
    parted.begin()
    words = f"{FAILED}User's group not permitted to use this partition"
    assert said(sbatch(parted, BOB, "-H", "-p", "closed")) == (1, "", complaints(words))
    assert sbatch(parted, BOB, "-H", "-p", "closed,debug").exit_code == 0


def test_an_admin_may_go_first(parted: Queue):
    assert sbatch(parted, ADMIN, "--nice=-5").exit_code == 0


def test_where_there_are_no_partitions_any_name_is_kept(queue: Queue):
    assert sbatch(queue, BOB, "-p", "night").exit_code == 0
    assert queue.show("1")["partition"] == "night"


def test_our_own_limits_are_told_as_slurm_tells_such_things(queue: Queue):
    queue.reconfigure(max_jobs_per_user=1)
    sbatch(queue, BOB)
    words = "cannot accept a job: you have 1 unfinished jobs, and max_jobs_per_user is 1"
    assert said(sbatch(queue, BOB)) == (1, "", complaints(f"{FAILED}{words}"))


# --test-only


def test_a_job_that_is_only_tested_is_told_its_start(parted: Queue):
    reply = sbatch(parted, BOB, "--test-only", "-c", "2", "-a", "1-3")
    code, out, err = said(reply)
    assert (code, out) == (0, "")
    assert err.startswith("sbatch: Job 1 to start at ")
    assert err.endswith(f" using 2 processors on nodes {HOST} in partition debug\n")
    assert parted.states() == {}
    assert said(sbatch(parted, BOB, "--test-only", "-Q")) == (0, "", "")
    assert b"using 4 processors" in sbatch(parted, BOB, "--test-only", "--exclusive").err
    assert b"in partition short" in sbatch(parted, BOB, "--test-only", "-p", "short,debug").err


def test_a_start_is_told_that_lies_ahead(parted: Queue, bob):
    sbatch(parted, BOB, "-c", "4", "-t", "5")
    bob.start("1.1")
    parted.sleep(10)
    now, later = (
        sbatch(parted, BOB, "--test-only", *more).err.split()[6]
        for more in ((), ("--begin=now+2hours",))
    )
    assert now < later
    assert parted.states() == {"1": "RUNNING"}


@pytest.mark.parametrize(
    ("args", "err"),
    [
        (("-n", "9"), "allocation failure: Requested node configuration is not available\n"),
        (("-N", "2"), "allocation failure: Requested node configuration is not available\n"),
        (("--mem=20000",), "allocation failure: Requested node configuration is not available\n"),
        (("-C", "x"), "allocation failure: Invalid feature specification\n"),
        (("-a", "x"), "allocation failure: Invalid job array specification\n"),
        (("-w", "x"), "allocation failure: Invalid node name specified\n"),
        (("--gres=x",), "sbatch: error: Invalid generic resource (gres) specification\n"),
        (
            ("-p", "nosuch"),
            "sbatch: error: invalid partition specified: nosuch\n"
            "allocation failure: Invalid partition name specified\n",
        ),
    ],
)
def test_a_job_that_is_only_tested_may_fail(parted: Queue, args: tuple[str, ...], err: str):
    assert said(sbatch(parted, BOB, "--test-only", *args)) == (1, "", err)


# --wait


def ending(queue: Queue, uid: int, number: str) -> Reply:
    return queue.ask(uid, "ending", id=number)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ({}, b"0"),
        ({"code": 7}, b"7"),
        ({"signal": 9}, b"1"),
        ({"signal": 15, "cause": Cause.LIMIT}, b"1"),
        ({"code": 0, "cause": Cause.CANCEL}, b"0"),
        ({"code": 5, "cause": Cause.CANCEL}, b"5"),
    ],
)
def test_who_waits_is_told_the_exit_code(parted: Queue, bob, end: dict[str, int], code: bytes):
    assert sbatch(parted, BOB, "-W").values["wait"] == b"1"
    bob.start("1.1")
    assert "code" not in ending(parted, BOB, "1").values
    bob.end("1.1", **end)
    assert ending(parted, BOB, "1").values["code"] == code


def test_the_highest_code_of_an_array_counts(parted: Queue, bob):
    sbatch(parted, BOB, "--wait", "-a", "0-2")
    for task in range(3):
        bob.end(f"1_{task}.1", code=task)
    assert ending(parted, BOB, "1").values["code"] == b"2"


def test_what_was_cancelled_before_it_began_did_nothing_wrong(parted: Queue):
    sbatch(parted, BOB, "-W")
    sbatch(parted, BOB, "-W", "-a", "1-3")
    for number in ("1", "2"):
        parted.ask(BOB, "cancel", number)
        assert ending(parted, BOB, number).values["code"] == b"0"


@pytest.mark.parametrize(("uid", "number"), [(CAROL, "1"), (BOB, "9"), (BOB, "x")])
def test_nobody_waits_for_what_is_not_theirs(parted: Queue, uid: int, number: str):
    sbatch(parted, BOB)
    assert said(ending(parted, uid, number)) == (
        1,
        "",
        complaints("Job no longer found in the queue"),
    )


def test_who_waits_is_told_after_a_restart(parted: Queue, bob):
    sbatch(parted, BOB, "-W")
    bob.end("1.1", code=3)
    parted.sleep(parted.config.min_job_age_s + 1)
    parted.restart()
    assert ending(parted, BOB, "1").values["code"] == b"3"


def test_a_queue_of_two_cores_knows_it(parted: Queue):
    parted.kill()
    parted.config = replace(parted.config, cpus=2)
    parted.begin()
    assert sbatch(parted, BOB, "--mincpus=3").exit_code == 1
