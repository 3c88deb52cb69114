"""What a dispatcher tells sacct and sstat: privacy, history on the disk, long answers in pieces."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, Queue
from tinysched.job.model import Step
from tinysched.programs.dispatch.slurm import sacct
from tinysched.report.slurm import sstat
from tinysched.report.slurm.sstat import Live
from tinysched.wire import messages
from tinysched.wire.client import Reply

DAY_S = 86400.0


def told(queue: Queue, uid: int, *args: str) -> list[str]:
    """All pieces of an answer, line by line."""
    text = ""
    more: dict[str, str] = {}
    while True:
        answer = ask(queue, uid, *args, **more)
        assert (answer.exit_code, answer.err) == (0, b"")
        text += answer.out.decode()
        if "rest" not in answer.values:
            return text.splitlines()
        more = {name: answer.values[name].decode() for name in ("rest", "found")}


def ask(queue: Queue, uid: int, *args: str, **more: str) -> Reply:
    return queue.ask(uid, "sacct", "-n", "-P", "-o", "jobid,state", *args, **more)


@pytest.fixture
def history(queue: Queue, bob) -> Queue:
    """Three jobs of bob's that have ended a day apart, out of memory, and one that waits."""
    for number in (1, 2, 3):
        queue.submit(BOB, "-J", f"job{number}")
        bob.end(f"{number}.1", code=number % 2)
        queue.sleep(DAY_S)
    queue.submit(BOB, "--hold")
    assert set(queue.dispatcher.ledger.books.jobs) == {4}
    return queue


def test_what_ended_long_ago_is_read_from_its_record_and_forgotten_again(history):
    assert told(history, BOB, "-j", "1,9") == ["1|FAILED", "1.batch|FAILED"]
    assert told(history, BOB, "-X", "-j", "2.batch,4") == ["2|COMPLETED", "4|PENDING"]
    assert set(history.dispatcher.ledger.books.jobs) == {4}


def test_a_single_job_is_found_without_the_index(history, monkeypatch):
    monkeypatch.setattr(
        type(history.dispatcher.ledger), "ended_numbers", lambda *_: pytest.fail("it was read")
    )
    assert told(history, BOB, "-X", "-j", "3") == ["3|FAILED"]


def test_records_outside_of_the_time_that_is_meant_are_not_read(history, monkeypatch):
    ledger = history.dispatcher.ledger
    read = []
    look_up = ledger.look_up
    monkeypatch.setattr(ledger, "look_up", lambda number: read.append(number) or look_up(number))
    assert told(history, BOB, "-X", "-S", "now-30hours") == ["3|FAILED"]
    assert told(history, BOB, "-X", "-S", "now-9days", "--name=JOB2,x") == ["2|COMPLETED"]
    assert told(history, BOB, "-X", "-S", "now-9days", "-E", "now", "-s", "CD") == ["2|COMPLETED"]
    assert 1 not in read


def test_everybody_sees_their_own_unless_they_ask_for_others(history):
    since = ("-X", "-S", "now-9days")
    own = ["1|FAILED", "2|COMPLETED", "3|FAILED"]
    assert told(history, BOB, *since) == own
    assert told(history, CAROL, *since) == []
    for args in (("-a",), ("-u", str(BOB)), ("-u", f"{BOB},{CAROL}")):
        assert told(history, CAROL, *since, *args) == own
    assert told(history, CAROL, "-X", "-j", "1") == ["1|FAILED"]


def test_in_a_private_queue_nobody_sees_the_jobs_of_others(history):
    history.reconfigure(privacy="private")
    since = ("-X", "-S", "now-9days", "-a")
    assert told(history, CAROL, *since) == []
    assert told(history, CAROL, "-j", "1,4") == []
    assert len(told(history, BOB, *since)) == 3
    assert len(told(history, ADMIN, *since)) == 3


def test_a_long_answer_comes_in_pieces(history, monkeypatch):
    monkeypatch.setattr(sacct, "PIECE", 1)
    since = ("-X", "-S", "now-9days")
    first = ask(history, BOB, *since)
    assert first.out == b"1|FAILED\n"
    assert first.values["rest"] == b"2-4"
    assert told(history, BOB, *since) == ["1|FAILED", "2|COMPLETED", "3|FAILED"]
    text = "\n".join(told(history, BOB, *since, "--json"))
    assert [job["job_id"] for job in json.loads(text)["jobs"]] == [1, 2, 3]
    some = ask(history, BOB, *since, "--json", rest="2", more="1", found="1")
    assert not some.out.rstrip().endswith(b"]\n}"), "others ask for what is left"
    assert ask(history, BOB, *since, rest="nonsense").exit_code == 1


def test_titles_stand_above_the_first_piece_alone(history):
    assert history.ask(BOB, "sacct", "-j", "9").out.decode().splitlines() == [
        "JobID           JobName  Partition    Account  AllocCPUS      State ExitCode ",
        "------------ ---------- ---------- ---------- ---------- ---------- -------- ",
    ]
    rest = history.ask(BOB, "sacct", "-j", "1", rest="1").out
    assert rest.startswith(b"1  ")


def test_nothing_is_looked_for_where_nothing_can_be(history):
    assert told(history, BOB, "-M", "elsewhere") == []
    assert told(history, BOB, "-u", str(CAROL), "-S", "now-9days") == []
    answer = history.ask(BOB, "sacct", "-u", "")
    assert (answer.exit_code, answer.out, answer.err) == (1, b"", b"")


def test_a_requeued_job_is_told_twice_to_who_asks_for_both(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    queue.sleep(5)
    assert queue.ask(BOB, "control", "requeue", "1").exit_code == 0
    bob.end("1.1", signal=15)
    bob.start("1.2")
    assert told(queue, BOB, "-X", "-j", "1") == ["1|RUNNING"]
    assert told(queue, BOB, "-D", "-j", "1") == [
        "1|REQUEUED", "1.batch|CANCELLED", "1|RUNNING", "1.batch|RUNNING",
    ]  # fmt: skip


def test_a_task_is_found_by_the_number_that_its_j_stands_for(queue, bob):
    queue.submit(BOB, "--array=3-4")
    bob.end("1_3.1")
    assert told(queue, BOB, "-X", "-j", "2") == ["1_3|COMPLETED"]
    assert told(queue, BOB, "-X", "-j", "1") == ["1_3|COMPLETED", "1_4|RUNNING"]


def test_fields_are_listed_and_wrong_ones_refused(queue):
    assert queue.ask(BOB, "sacct", "-e").out.startswith(b"Account             AdminComment")
    answer = queue.ask(BOB, "sacct", "-o", "nosuch")
    assert (answer.exit_code, answer.err) == (
        1, b'sacct: error: Invalid field requested: "nosuch"\n',
    )  # fmt: skip


def test_what_was_measured_is_kept(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    ending = replace(
        bob._ending(bob.runs["1.1"], messages.Cause.EXIT, messages.Exit()),
        cpu_s=2.5,
        usage=messages.usage.Usage(peak_memory_kib=70_000, system_ms=500),
    )
    queue.hear(bob.channel, "ended", messages.ending_fields(ending))
    queue.sleep(DAY_S)
    answer = queue.ask(BOB, "sacct", "-nPj1", "-o", "totalcpu,systemcpu,maxrss")
    assert answer.out == b"00:02.500|00:00.500|\n00:02.500|00:00.500|70000K\n"


# sstat


def steps(queue: Queue, uid: int, *args: str) -> list[Live | str]:
    answer = queue.ask(uid, "sstat", *args)
    assert answer.exit_code == 0, answer.err
    return sstat.unpack(answer.values["steps"])


@pytest.fixture
def running(queue: Queue, bob) -> Queue:
    """A job with a script, pid 99, and two steps, one of which has ended."""
    queue.submit(BOB, "-n2")
    bob.start("1.1")
    live = Step(number=1, name="sleep", tasks=2, cores=2, started_at=5.0, pids=(101, 102))
    over = replace(live, number=0, ended_at=6.0, pids=())
    fields = messages.steps_fields(bob.runs["1.1"].grant.run, [over, live], [])
    queue.hear(bob.channel, "steps", fields)
    queue.submit(BOB, "--hold")
    return queue


SCRIPT = Live(job=1, step="batch", tasks=1, pids=(99,), spared=(101, 102))
SLEEP = Live(job=1, step="1", tasks=2, pids=(101, 102))


def test_steps_that_run_are_named_with_their_processes(running):
    for args, found in [
        (("-j", "1"), [SLEEP]),
        (("-aj1",), [SCRIPT, SLEEP]),
        (("1.batch",), [SCRIPT]),
        (("-j", "1.0"), ["StepId=1.0 not found running."]),
        (("-j", "2"), ["No steps running for job 2"]),
        (("-j", "2.0"), ["StepId=2.0 not found running."]),
        (("-j", "3,1"), ["couldn't get steps for job 3", SLEEP]),
    ]:
        assert steps(running, BOB, *args) == found, args
        assert steps(running, ADMIN, *args) == found, args


def test_others_are_told_nothing_of_them(running):
    [first, second] = steps(running, CAROL, "-j", "1")
    assert first.endswith(" rc = Invalid user id")
    assert second == "problem getting step_layout for StepId=1.1: Invalid user id"
    running.reconfigure(privacy="private")
    assert steps(running, CAROL, "-j", "1") == ["couldn't get steps for job 1"]
