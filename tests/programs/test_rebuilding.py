"""What lost its record: nothing runs twice or is killed, no core is given away, nothing is gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, SCRIPT, FakeAgent, FakeChannel, Queue, new_token
from tinysched.wire import messages


class TellingAgent(FakeAgent):
    """An agent that remembers what its user submitted."""

    def __init__(self, queue: Queue, uid: int = BOB) -> None:
        self.submitted: dict[int, tuple[str, tuple[str, ...], bytes]] = {}
        self.over: dict[int, list[str]] = {}
        self.told: list[int] = []
        super().__init__(queue, uid)

    def submit(self, *args: str, script: bytes = SCRIPT) -> int:
        token = new_token()
        answer = self.queue.submit(self.uid, "--parsable", *args, token=token, script=script)
        number = int(answer.out)
        self.submitted[number] = (token, args, script)
        self.obey()
        return number

    def obey(self) -> list[str]:
        for message in list(self.channel.said):
            if message.verb == "restate":
                self.channel.said.remove(message)
                self._restate({int(text) for text in message.many("job")})
        return super().obey()

    def _restate(self, numbers: set[int]) -> None:
        for number in sorted(numbers & self.submitted.keys()):
            self.told.append(number)
            self.say("restated", self.fields(number))
            for run in list(self.runs.values()):
                if run.grant.run.job.number == number:
                    self._report(run)
        self.say("restated", [])

    def fields(self, number: int) -> messages.Fields:
        token, args, script = self.submitted[number]
        said = [
            ("job", str(number)),
            ("token", token),
            ("submitted_at", "1000"),
            ("cwd", "/home/x"),
        ]
        said += [("command", "tsbatch"), *(("arg", arg) for arg in (*args, "job.sh"))]
        said += [
            ("run", f"{run.grant.run} {run.grant.raw_id}")
            for run in self.runs.values()
            if run.grant.run.job.number == number
        ]
        said += [("over", line) for line in self.over.get(number, [])]
        return [("script", script), *((name, value.encode()) for name, value in said)]


@pytest.fixture
def bob(queue):
    return TellingAgent(queue)


def record(queue: Queue, folder: str, name: str) -> Path:
    return Path(queue.root, "queue", folder, f"job_{name}.meta")


def garbage(path: Path) -> None:
    path.write_bytes(b"\xff garbage")


def half(path: Path) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def nothing(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES = (garbage, half, empty, nothing, folder, fifo)
each_damage = pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)


@each_damage
def test_a_running_job_without_its_record_goes_on_and_keeps_its_cores(queue, bob, damage):
    bob.submit("-c3")
    bob.start("1.1")
    queue.rest()
    queue.kill()
    damage(record(queue, "running", "1"))
    queue.agents.clear()
    queue.restart()
    other = FakeAgent(queue, CAROL)
    queue.submit(CAROL, "-c2")
    assert other.obey() == [], "cores of what may be running are given to nobody"
    bob.connect()
    assert queue.states()["1"] == "RUNNING"
    assert queue.cores_taken == 3
    assert bob.runs["1.1"].orders == []
    bob.end("1.1", code=4)
    assert queue.states()["1"] == "FAILED"
    assert queue.show("1")["exit_code"] == 4
    assert "grant" in other.obey()
    assert queue.cores_taken == 2


@each_damage
def test_a_job_that_ended_meanwhile_keeps_its_exit_code(queue, bob, damage):
    bob.submit("-c3")
    bob.start("1.1")
    queue.rest()
    queue.kill()
    damage(record(queue, "running", "1"))
    bob.end("1.1", code=5)
    queue.restart()
    assert queue.show("1")["exit_code"] == 5
    assert queue.cores_taken == 0
    assert bob.runs == {}


@each_damage
def test_a_waiting_job_without_its_record_comes_back_held(queue, bob, damage):
    bob.submit("-c4")
    bob.submit("-c2", "-J", "mine")
    queue.rest()
    queue.kill()
    damage(record(queue, "pending", "2"))
    queue.restart()
    bob.end("1.1")
    assert queue.states() == {"1": "COMPLETED", "2": "PENDING"}
    assert "record was lost" in queue.reasons()["2"]
    assert queue.show("2")["name"] == "mine"
    queue.restart()
    assert queue.states()["2"] == "PENDING"
    assert queue.ask(BOB, "control", "release", "2").exit_code == 0
    bob.end("2.1")
    assert queue.states()["2"] == "COMPLETED"


@each_damage
@pytest.mark.parametrize("is_started", [True, False])
def test_an_array_without_its_record_goes_on(queue, bob, damage, is_started):
    bob.submit("-c2", "--array=0-5")
    if is_started:
        bob.start("1_0.1")
        bob.end("1_1.1", code=2)
    queue.rest()
    queue.kill()
    damage(record(queue, "pending", "1"))
    queue.restart()
    assert queue.cores_taken == 4
    states = queue.states()
    live = {"1_0", "1_2"} if is_started else {"1_0", "1_1"}
    assert {name for name, state in states.items() if state == "RUNNING"} == live
    assert is_started == (states["1_1"] == "FAILED")
    assert all(not run.orders for run in bob.runs.values())
    for name in sorted(live):
        bob.end(f"{name}.1")
    assert queue.cores_taken == 0, "the rest is held"
    queue.ask(BOB, "control", "release", "1")
    bob.obey()
    while bob.runs:
        bob.end(next(iter(bob.runs)))
    assert set(queue.states().values()) <= {"COMPLETED", "FAILED"}
    assert sorted(bob.ever) == [f"1_{index}.1" for index in range(6)]


@each_damage
@pytest.mark.parametrize("how", ["runs", "has ended", "never came"])
def test_a_task_without_its_record_is_not_started_twice(queue, bob, damage, how):
    if how == "never came":
        bob.is_deaf = True
    bob.submit("-c2", "--array=0-2")
    queue.rest()
    queue.kill()
    damage(record(queue, "running", "1_0"))
    if how == "has ended":
        bob.end("1_0.1", code=3)
    bob.is_deaf = False
    queue.restart()
    # A task whose record was removed waits again, unless its agent has something of it.
    assert queue.cores_taken == (2 if how == "never came" and damage is not nothing else 4)
    assert all(not run.orders for run in bob.runs.values())
    queue.ask(BOB, "control", "release", "1")
    bob.obey()
    while bob.runs:
        bob.end(next(iter(bob.runs)))
    expected = {"1_0": "COMPLETED", "1_1": "COMPLETED", "1_2": "COMPLETED"}
    if how == "has ended":
        expected["1_0"] = "FAILED"
    assert queue.states() == expected
    assert sorted(bob.ever) == ["1_0.1", "1_1.1", "1_2.1"]
    assert queue.cores_taken == 0


def test_a_task_that_even_its_agent_does_not_know_has_ended_somehow(queue):
    queue.submit(BOB, "-c2", "--array=0-1")
    bob = FakeAgent(queue, BOB)  # one that cannot tell
    queue.rest()
    queue.kill()
    garbage(record(queue, "running", "1_0"))
    bob.runs.pop("1_0.1")
    queue.restart()
    assert queue.cores_taken == 4
    bob.say("restated", [])
    assert queue.cores_taken == 2
    assert queue.states() == {"1_0": "NODE_FAIL", "1_1": "RUNNING"}
    assert "record was damaged" in str(queue.show("1_0"))


def test_cores_are_not_kept_for_ever_for_what_nobody_tells_of(queue, bob):
    bob.submit("-c3")
    queue.rest()
    queue.kill()
    garbage(record(queue, "running", "1"))
    queue.agents.clear()
    queue.restart()
    assert queue.cores_taken == 4
    assert any("running.job_1.meta" in line for line in queue_status(queue))
    queue.sleep(queue.config.agent_lost_s + 1)
    assert queue.cores_taken == 0
    bob.connect()  # late, and still told nothing but the truth
    assert queue.states() == {"1": "RUNNING"}
    assert queue.cores_taken == 3


def test_who_does_not_know_the_script_is_not_its_owner(queue, bob):
    bob.submit("-c3", script=b"#!/bin/sh\necho mine\n")
    queue.rest()
    queue.kill()
    garbage(record(queue, "running", "1"))
    agents, queue.agents[:] = list(queue.agents), []
    queue.restart()
    carol = TellingAgent(queue, CAROL)
    carol.submitted[1] = (new_token(), ("-c1",), SCRIPT)
    carol.disconnect()
    carol.connect()
    assert carol.told == [1]
    assert queue.states() == {}
    queue.agents[:] = agents
    bob.connect()
    assert queue.states() == {"1": "RUNNING"}
    assert queue.show("1")["user"] == str(BOB)


def test_requests_are_not_forgotten_before_they_were_told(queue, bob):
    bob.submit("-c3")
    queue.rest()
    queue.kill()
    garbage(record(queue, "running", "1"))
    queue.agents.clear()
    queue.restart()
    channel = FakeChannel(BOB)
    token = bob.submitted[1][0].encode()
    queue.hear(channel, "hello", [*messages.greeting("agent", []), ("token", token)])
    assert [message.verb for message in channel.take()] == ["restate", "welcome"]
    queue.hear(channel, "restated", [])
    queue.hear(channel, "tokens", [("token", token)])
    assert [message.verb for message in channel.take()] == ["forget"]


def test_a_user_whose_job_was_lost_is_asked_to_start_an_agent(queue, bob):
    bob.submit("-c3")
    queue.rest()
    queue.kill()
    garbage(record(queue, "running", "1"))
    queue.agents.clear()
    queue.restart()
    assert queue.ask(BOB, "queue").agent_missing


def queue_status(queue: Queue) -> list[str]:
    answer = queue.ask(ADMIN, "status")
    return answer.out.decode().splitlines()


def test_a_task_that_ended_long_ago_holds_nothing_back_while_its_agent_still_tells_of_it(queue):
    bob = FakeAgent(queue, BOB)
    queue.submit(BOB, "--array=1-2")
    bob.start("1_1.1")
    bob.start("1_2.1")
    bob.is_deaf = True
    bob.end("1_1.1")
    queue.sleep(2 * queue.config.min_job_age_s)
    queue.restart()
    assert "1_1.1" in bob.runs
    assert queue.cores_taken == 1
    assert not queue.dispatcher.ledger.books.held_back
