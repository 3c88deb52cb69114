"""What a dispatcher is told of the steps of what runs, and what it has done to them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent, Queue
from tinysched.job.lifecycle import MOST_TOLD
from tinysched.job.model import Exit, JobId, RunId, Running, Step
from tinysched.job.runs import Cause
from tinysched.job.steps import MOST_KEPT
from tinysched.wire import messages

STEP = Step(number=0, name="python", tasks=2, cores=4, started_at=5.0, pids=(7, 8))
OVER = replace(STEP, ended_at=9.0, exit=Exit(code=3), pids=())
COMPLAINT = "scancel: error: Kill job error on job step id"


def tell(agent, name: str, *told: Step, gone: tuple[int, ...] = ()) -> None:
    agent.say("steps", messages.steps_fields(RunId.parse(name), told, gone))


def known(queue: Queue, name: str = "1") -> tuple[Step, ...]:
    unit = queue.dispatcher.ledger.books.unit(JobId.parse(name))
    assert isinstance(unit.state, Running)
    return unit.state.steps


def scancel(queue: Queue, uid: int, *args: str, **fields: str) -> tuple[int, list[str]]:
    answer = queue.ask(uid, "scancel", *args, **fields)
    return answer.exit_code, answer.err.decode().splitlines()


def test_steps_are_known_as_they_begin_end_and_are_left_out(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    second = replace(STEP, number=1)
    tell(bob, "1.1", STEP, second)
    assert known(queue) == (STEP, second)
    tell(bob, "1.1", OVER, gone=(1, 7))
    assert known(queue) == (OVER,)


def test_steps_of_a_task_of_an_array(queue, bob):
    queue.submit(BOB, "--array=3")
    bob.start("1_3.1")
    tell(bob, "1_3.1", STEP)
    assert known(queue, "1_3") == (STEP,)


def test_news_of_what_does_not_run_changes_nothing(queue, bob):
    queue.submit(BOB)
    tell(bob, "1.1", STEP)
    bob.start("1.1")
    tell(bob, "1.2", STEP)
    assert known(queue) == ()
    bob.end("1.1")
    tell(bob, "1.1", STEP)
    assert queue.states() == {"1": "COMPLETED"}


def test_whoever_tells_of_very_many_is_not_listened_to(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    for first in range(0, 2 * MOST_TOLD, MOST_KEPT):
        tell(bob, "1.1", *(replace(STEP, number=first + n) for n in range(MOST_KEPT)))
    assert len(known(queue)) == MOST_TOLD


def test_the_next_dispatcher_is_told_again(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    tell(bob, "1.1", STEP)
    queue.restart()
    assert known(queue) == ()
    tell(bob, "1.1", STEP)
    assert known(queue) == (STEP,)


@pytest.mark.parametrize(
    ("args", "order"),
    [
        (("1.0",), "step 0 0"),
        (("-s", "USR1", "1.0"), "step 0 10"),
        (("-s", "KILL", "1.0"), "step 0 9"),
    ],
)
def test_a_step_is_ended_or_signalled_and_its_job_goes_on(queue, bob, args, order):
    queue.submit(BOB)
    bob.start("1.1")
    tell(bob, "1.1", STEP)
    assert scancel(queue, BOB, *args) == (0, [])
    bob.obey()
    assert bob.runs["1.1"].orders == [order]
    assert queue.states() == {"1": "RUNNING"}


def test_what_is_done_to_steps_is_told(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    tell(bob, "1.1", STEP)
    assert scancel(queue, BOB, "-v", "1.0") == (0, ["scancel: Terminating step 1.0"])
    assert scancel(queue, BOB, "-v", "-s", "USR1", "1.0") == (
        0,
        ["scancel: Signal 10 to step 1.0"],
    )


def test_a_step_that_has_ended_is_none(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    tell(bob, "1.1", OVER)
    assert scancel(queue, BOB, "1.0")[0] == 225
    bob.end("1.1", cause=Cause.EXIT)
    assert scancel(queue, BOB, "1.0")[0] == 1


def test_anothers_steps_are_not_touched(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    tell(bob, "1.1", STEP)
    assert scancel(queue, CAROL, "1.0") == (210, [f"{COMPLAINT} 1.0: Access/permission denied"])
    assert scancel(queue, ADMIN, "1.0") == (0, [])
    bob.obey()
    assert bob.runs["1.1"].orders == ["step 0 0"]


def test_whoever_asks_first_asks_for_steps_as_well(queue, bob):
    queue.submit(BOB, "-J", "x", "-p", "debug")
    bob.start("1.1")
    tell(bob, "1.1", STEP)
    answer = queue.ask(BOB, "scancel", "-i", "1.0")
    question = "1.0\tCancel step_id=1.0 name=x partition=debug [y/n]? "
    assert answer.values["questions"].decode() == question
    assert scancel(queue, BOB, "-i", "1.0", chosen="1.0") == (0, [])
    bob.obey()
    assert bob.runs["1.1"].orders == ["step 0 0"]


def test_without_an_agent_nobody_does_it(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    tell(bob, "1.1", STEP)
    bob.disconnect()
    code, said = scancel(queue, BOB, "1.0")
    assert code == 1
    assert said[0].startswith(f"{COMPLAINT} 1.0: cannot signal step 0 of job 1")


def test_nobody_tells_of_the_steps_of_another(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    carol = FakeAgent(queue, CAROL)
    tell(carol, "1.1", STEP)
    assert carol.channel.closed
    assert known(queue) == ()
