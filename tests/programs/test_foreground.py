"""Jobs that run in their user's own terminal: their client is on the line, or it is gone."""

import pytest

from tests.programs.queue import BOB, CAROL, FakeAgent, FakeChannel, new_token
from tinysched.job.model import JobId, RunId
from tinysched.job.runs import Cause
from tinysched.wire import messages
from tinysched.wire.client import Reply, hello

STARTED = messages.Started(
    run=RunId(job=JobId(number=1), attempt=1), pid=5, started_at=1.0, output="", error=""
)


class Front:
    """A run_job.sh."""

    def __init__(self, queue, *words, uid=BOB, token=""):
        self.queue = queue
        self.words = words or ("1", "no", "true")
        self.uid = uid
        self.token = token or new_token()
        self.submit()

    def submit(self):
        self.channel = FakeChannel(self.uid)
        fields = [
            *hello(),
            ("command", b"run_job"),
            ("token", self.token.encode()),
            ("cwd", b"/home/bob"),
            *(("arg", word.encode()) for word in self.words),
        ]
        self.queue.hear(self.channel, "submit", fields)
        self.said = self.channel.take()
        self.reply = Reply(list(self.said.pop(0).fields), b"", 1)

    def listen(self):
        self.said += self.channel.take()
        return [message.verb for message in self.said]

    def end(self, name, **changes):
        grant = next(messages.read_grant(m) for m in self.said if m.verb == "grant")
        fields = [
            ("run", str(grant.run).encode()),
            ("cause", Cause.EXIT.value.encode()),
            ("exit", b"0:0"),
            ("ended_at", b"5"),
            ("elapsed_s", b"1"),
            ("cpu_s", b"1"),
        ]
        self.queue.hear(self.channel, "ended", fields)


def test_a_client_gets_its_cores_and_says_how_it_ended(queue, bob):
    front = Front(queue, "2", "no", "make")
    assert (front.reply.exit_code, front.reply.out) == (0, b"")
    assert front.listen() == ["grant"]
    assert queue.cores_taken == 2
    front.end("1.1")
    assert front.listen() == ["grant", "ended-ack"]
    assert queue.states() == {"1": "COMPLETED"}
    assert bob.ever == []


def test_a_client_that_waits_is_told_why(queue, bob):
    queue.submit(BOB, "-c4")
    front = Front(queue, "1", "no", "true")
    assert front.reply.values["waits"] == b"Resources: needs 1 core, 0 free"


def test_all_cores_for_one_command(queue, bob):
    queue.submit(BOB)
    front = Front(queue, "1", "yes", "true")
    assert front.listen() == []
    bob.end("1.1")
    assert front.listen() == ["grant"]
    assert queue.cores_taken == 4


def test_a_command_that_can_never_run_is_refused_at_once(queue):
    front = Front(queue, "5", "no", "true")
    assert front.reply.exit_code == 1
    assert b"it needs 5 cores, this queue has 4" in front.reply.err


def test_what_waits_is_cancelled_with_its_client(queue, bob):
    queue.submit(BOB, "-c4")
    front = Front(queue)
    queue.lose(front.channel)
    assert queue.states() == {"1": "RUNNING", "2": "CANCELLED"}


def test_a_running_job_whose_client_is_gone_is_its_agents(queue, bob):
    front = Front(queue)
    front.listen()
    queue.hear(front.channel, "started", STARTED.fields())
    queue.lose(front.channel)
    assert queue.states() == {"1": "RUNNING"}
    assert bob.obey() == ["adopt"]


def test_a_client_that_died_on_the_way_to_its_cores_leaves_them_to_the_agent(queue, bob):
    """Who claims the run first decides: the agent cannot start it, and says that it ended."""
    front = Front(queue)
    queue.lose(front.channel)
    assert bob.obey() == ["grant"]
    bob.end("1.1", cause=Cause.CANCEL)
    assert queue.states() == {"1": "CANCELLED"}
    assert queue.cores_taken == 0


@pytest.mark.parametrize("comes_first", ["client", "agent"])
def test_a_grant_that_its_client_never_heard_is_made_again(queue, comes_first):
    bob = FakeAgent(queue, BOB)
    front = Front(queue)
    queue.agents.clear()
    queue.restart()
    for who in (front.submit, bob.connect) if comes_first == "client" else (
        bob.connect,
        front.submit,
    ):  # fmt: skip
        who()
    assert front.reply.exit_code == 0
    assert front.listen() == ["grant"]
    assert bob.obey() == []
    front.end("1.1")
    assert queue.states() == {"1": "COMPLETED"}


def test_a_cancelled_job_given_up_by_its_client_is_stopped_by_the_agent(queue, bob):
    front = Front(queue)
    queue.ask(BOB, "cancel", "1")
    queue.lose(front.channel)
    assert bob.obey() == ["grant", "stop"]


def test_without_an_agent_the_next_hello_settles_what_a_client_gave_up(queue):
    front = Front(queue)
    queue.lose(front.channel)
    assert queue.states() == {"1": "RUNNING"}
    bob = FakeAgent(queue, BOB)
    assert list(bob.runs) == ["1.1"]


def test_a_cancel_of_a_grant_that_its_client_never_heard_is_final(queue, bob):
    front = Front(queue)
    queue.restart()
    queue.ask(BOB, "cancel", "1")
    front.submit()
    assert front.listen() == ["ended-ack"]
    assert queue.states() == {"1": "CANCELLED"}
    assert queue.cores_taken == 0


def test_a_full_disk_only_delays_the_cancel_of_what_its_client_gave_up(queue, bob):
    queue.submit(BOB, "-c4")
    front = Front(queue)
    queue.disk.full = True
    queue.lose(front.channel)
    bob.end("1.1")
    assert queue.states()["2"] == "PENDING"
    queue.disk.full = False
    queue.sleep(1)
    assert queue.states()["2"] == "CANCELLED"


def test_a_grant_whose_client_does_not_come_back_goes_to_the_agent(queue, bob):
    Front(queue)
    queue.restart()
    assert bob.runs == {}
    queue.sleep(20)
    assert bob.obey() == ["grant"]
    bob.end("1.1", cause=Cause.CANCEL)
    assert queue.states() == {"1": "CANCELLED"}


def test_a_client_whose_job_was_cancelled_while_it_was_away_is_told(queue, bob):
    queue.submit(BOB, "-c4")
    front = Front(queue)
    queue.restart()
    queue.ask(BOB, "cancel", "2")
    front.submit()
    assert front.listen() == ["ended-ack"]


def test_a_client_that_comes_back_keeps_its_place(queue, bob):
    queue.submit(BOB, "-c4")
    front = Front(queue)
    queue.restart()
    assert queue.reasons()["2"].startswith("ClientGone")
    bob.end("1.1")
    assert queue.states()["2"] == "PENDING"
    front.submit()
    assert front.listen() == ["grant"]
    assert queue.states()["2"] == "RUNNING"


def test_a_client_that_does_not_come_back_after_a_restart_is_given_up(queue, bob):
    queue.submit(BOB, "-c4")
    Front(queue)
    queue.restart()
    queue.sleep(19)
    assert queue.states()["2"] == "PENDING"
    queue.sleep(1)
    assert queue.states()["2"] == "CANCELLED"


def test_cancelling_a_foreground_job_tells_its_client(queue, bob):
    front = Front(queue)
    queue.ask(BOB, "cancel", "1")
    assert front.listen() == ["grant", "stop"]


def test_a_foreground_job_starts_without_an_agent(queue):
    front = Front(queue, uid=CAROL)
    assert front.listen() == ["grant"]


def test_a_foreground_job_cannot_be_requeued(queue, bob):
    Front(queue)
    answer = queue.ask(BOB, "control", "requeue", "1")
    assert (answer.exit_code, b"somebody's terminal" in answer.err) == (1, True)
