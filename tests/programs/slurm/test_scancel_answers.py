"""What a dispatcher does for scancel, and what it says."""

from __future__ import annotations

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, Queue
from tinysched.config import Config
from tinysched.job.runs import Cause
from tinysched.wire import messages
from tinysched.wire.client import Reply

NO_SUCH = "Invalid job id specified"
OVER = "Job/step already completing or completed"
DENIED = "Access/permission denied"


def scancel(queue: Queue, uid: int, *args: str, **fields: str) -> tuple[int, list[str]]:
    answer = queue.ask(uid, "scancel", *args, **fields)
    assert answer.out == b""
    return answer.exit_code, answer.err.decode().splitlines()


def trouble(name: str, why: str) -> str:
    return f"scancel: error: Kill job error on job id {name}: {why}"


def test_a_pending_job_is_cancelled_in_silence(queue):
    queue.submit(BOB)
    assert scancel(queue, BOB, "1") == (0, [])
    assert queue.states() == {"1": "CANCELLED"}


def test_a_running_job_is_told_to_end(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    assert scancel(queue, BOB, "-v", "1") == (0, ["scancel: Terminating job 1"])
    assert queue.states() == {"1": "COMPLETING"}
    over = ["scancel: Terminating job 1", trouble("1", OVER)]
    assert scancel(queue, BOB, "-v", "1") == (0, over)
    bob.end("1.1", signal=15, cause=Cause.CANCEL)
    assert queue.states() == {"1": "CANCELLED"}


@pytest.mark.parametrize("word", ["9", "9_1", "9_[1-3]", "2_9"])
def test_what_is_unknown_is_no_mistake(queue, word):
    queue.submit(BOB)
    queue.submit(BOB, "--array=1-3", "--hold")
    assert scancel(queue, BOB, word) == (0, [])
    said = [f"scancel: Terminating job {word}", trouble(word, NO_SUCH)]
    assert scancel(queue, BOB, "-v", word) == (0, said)


def test_what_has_ended_is_no_mistake(queue, bob):
    queue.submit(BOB)
    bob.end("1.1")
    assert scancel(queue, BOB, "1") == (0, [])
    assert scancel(queue, BOB, "-v", "1")[1][1] == trouble("1", OVER)
    assert scancel(queue, BOB, "-s", "USR1", "1") == (1, [trouble("1", NO_SUCH)])


@pytest.mark.parametrize("args", [("1",), ("-Q", "1"), ("-n", "job.sh"), ("-s", "KILL", "1")])
def test_anothers_job_is_not_touched(queue, bob, args):
    queue.submit(BOB)
    bob.start("1.1")
    assert scancel(queue, CAROL, *args) == (210, [trouble("1", DENIED)])
    assert queue.states() == {"1": "RUNNING"}
    assert scancel(queue, ADMIN, *args) == (0, [])


def test_of_several_the_possible_is_done(queue, bob):
    queue.submit(BOB)
    queue.submit(CAROL, "--hold")
    assert scancel(queue, CAROL, "1", "99", "2") == (210, [trouble("1", DENIED)])
    assert queue.states() == {"1": "RUNNING", "2": "CANCELLED"}


def test_private_jobs_of_others_do_not_exist(root):
    queue = Queue(root, Config(cpus=4, poll_interval=3600.0, privacy="private"))
    queue.submit(BOB, "--hold")
    assert scancel(queue, CAROL, "1") == (0, [])
    assert scancel(queue, CAROL, "-t", "PD", "1") == (1, [trouble("1", NO_SUCH)])
    assert scancel(queue, CAROL, "-n", "job.sh") == (0, [])
    assert queue.states() == {"1": "PENDING"}
    queue.close()


def test_parts_of_an_array(queue):
    queue.submit(BOB, "--hold", "--array=1-9")
    assert scancel(queue, BOB, "1_[2-4]", "1_9", "1_12") == (0, [])
    assert queue.ask(BOB, "squeue", "-h", "-o", "%i").out == b"1_[1,5-8]\n"
    assert scancel(queue, BOB, "-v", "-t", "PD", "1_[1,2,5]") == (
        1,
        [trouble("1_2", NO_SUCH), "scancel: Terminating job 1_[1,5]"],
    )


@pytest.mark.parametrize(
    ("args", "left"),
    [
        (("-n", "a"), "2 3"),
        (("-n", "a,b"), "1 2 3"),
        (("-t", "RUNNING"), "1 2"),
        (("-t", "PENDING"), "3"),
        (("-A", "acc"), "1 3"),
        (("-q", "normal"), ""),
        (("--me", "-n", "b"), "1 3"),
        (("-n", "b", "1"), "1 2 3"),
        (("-w", "elsewhere"), "1 2 3"),
        (("-p", "short"), "1 2"),
        (("-p", "debug"), "1 2 3"),
    ],
)
def test_filters_choose_whom(queue, bob, args, left):
    queue.submit(BOB, "--hold", "-J", "a")
    queue.submit(BOB, "--hold", "-J", "b", "-A", "acc")
    queue.submit(BOB, "-J", "c", "-p", "short")
    bob.start("3.1")
    assert scancel(queue, BOB, *args) == (0, [])
    bob.obey()
    states = queue.states()
    assert " ".join(name for name in states if states[name] in ("PENDING", "RUNNING")) == left


def test_filters_that_fit_nobody_are_told_on_request(queue):
    said = "scancel: error: No active jobs match ALL job filters, including: job_name=x "
    assert scancel(queue, BOB, "-v", "-n", "x") == (0, [said])
    assert scancel(queue, BOB, "-n", "x") == (0, [])


@pytest.mark.parametrize(
    ("args", "order", "said"),
    [
        (("-s", "USR1"), (10, "steps"), "Signal 10 to job 1"),
        (("-b", "-s", "USR1"), (10, "script"), "Signal 10 to batch job 1"),
        (("-f", "-s", "USR1"), (10, "all"), "Signal 10 to full job 1"),
        (("-b",), (9, "script"), "Terminating batch job 1"),
    ],
)
def test_signals_reach_whom_they_are_for(queue, bob, args, order, said):
    queue.submit(BOB)
    bob.start("1.1")
    assert scancel(queue, BOB, "-v", *args, "1") == (0, [f"scancel: {said}"])
    assert queue.states() == {"1": "RUNNING"}
    [message] = [message for message in bob.channel.take() if message.verb == "signal"]
    assert (messages.read_signal(message), messages.read_reach(message).value) == order


@pytest.mark.parametrize("args", [("-s", "KILL"), ("-s", "9", "-f")])
def test_kill_for_all_cancels_as_usual(queue, bob, args):
    queue.submit(BOB)
    bob.start("1.1")
    assert scancel(queue, BOB, *args, "1") == (0, [])
    assert queue.states() == {"1": "COMPLETING"}


def test_a_signal_for_what_waits_is_to_be_tried_again(queue, bob):
    queue.submit(BOB, "--hold")
    queue.submit(BOB)
    bob.start("2.1")
    answer = queue.ask(BOB, "scancel", "-s", "USR1", "1", "2")
    assert (answer.exit_code, answer.err) == (0, b"")
    assert answer.values["again"] == b"1"
    late = trouble("1", "Job can not be altered now, try again later")
    assert answer.values["late"].decode() == f"{late}\n"
    assert queue.ask(BOB, "control", "release", "1").exit_code == 0
    bob.start("1.1")
    answer = queue.ask(BOB, "scancel", "-s", "USR1", "1", "2", chosen="1")
    assert "again" not in answer.values
    bob.obey()
    assert [len(run.orders) for run in bob.runs.values()] == [1, 1]


def questions(answer: Reply) -> list[str]:
    return answer.values["questions"].decode().splitlines()


def test_whom_to_cancel_is_asked_before_anything_is_done(queue):
    queue.submit(BOB, "--hold", "-J", "a\x1bb")
    queue.submit(BOB, "--hold", "--array=1-3", "-p", "debug")
    answer = queue.ask(BOB, "scancel", "-i", "1", "2", "77")
    assert (answer.exit_code, answer.err.decode()) == (1, trouble("77", NO_SUCH) + "\n")
    assert questions(answer) == [
        "1\tCancel job_id=1 name=a\\x1bb partition=tinysched [y/n]? ",
        "2_*\tCancel job_id=2_[1-3] name=job.sh partition=debug [y/n]? ",
    ]
    assert set(queue.states().values()) == {"PENDING"}
    assert scancel(queue, BOB, "-i", "1", "2", "77", chosen="2_*") == (0, [])
    assert queue.states()["1"] == "PENDING"
    assert queue.states()["2_1"] == "CANCELLED"


def test_steps_that_are_not_there(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    words = "scancel: error: Kill job error on job step id"
    assert scancel(queue, BOB, "9.0") == (1, [f"{words} 9.0: {NO_SUCH}"])
    assert scancel(queue, BOB, "1.7") == (225, [f"{words} 1: {NO_SUCH}"])
    assert queue.states() == {"1": "RUNNING"}
