"""srun and salloc at the dispatcher: refusals, reasons to wait, and cores without a seat."""

from __future__ import annotations

import pytest

from tests.programs.queue import BOB, FakeChannel, Queue, new_token
from tinysched.config import Config
from tinysched.wire.client import Reply, hello


class Client:
    """One srun or salloc, on a connection of its own."""

    def __init__(self, queue: Queue, command: str, *words: str, **variables: str) -> None:
        self.channel = FakeChannel(BOB)
        fields = [
            *hello(),
            ("command", command.encode()),
            ("token", new_token().encode()),
            ("cwd", b"/home/bob"),
            *(("arg", word.encode()) for word in words),
            *(("var", f"{name}={value}".encode()) for name, value in variables.items()),
        ]
        queue.hear(self.channel, "submit", fields)
        said = self.channel.take()
        self.reply = Reply(list(said[0].fields), b"", 1)
        self.verbs = [message.verb for message in said[1:]]

    @property
    def waits(self) -> str:
        return self.reply.values["waits"].decode()


@pytest.mark.parametrize("command", ["srun", "salloc"])
def test_who_finds_cores_free_is_granted_them(queue, command):
    client = Client(queue, command, "-n2", "true")
    assert (client.reply.exit_code, client.reply.out, client.reply.err) == (0, b"", b"")
    assert client.verbs == ["grant"]
    assert queue.cores_taken == 2


def test_what_can_never_run_waits_as_in_slurm(queue):
    client = Client(queue, "srun", "-n9", "true")
    assert (client.reply.exit_code, client.waits, client.verbs) == (0, "PartitionConfig", [])
    assert queue.states() == {"1": "PENDING"}


def test_reasons_to_wait(queue, bob):
    assert Client(queue, "srun", "-H", "true").waits.startswith("JobHeldUser")
    queue.submit(BOB, "-c4")
    assert Client(queue, "salloc").waits.startswith("Resources")


def test_variables_say_what_is_not_said(queue):
    Client(queue, "srun", "true", SLURM_NTASKS="3")
    Client(queue, "salloc", "true", SLURM_NTASKS="3")
    assert queue.cores_taken == 4


@pytest.mark.parametrize(
    ("command", "argv", "words"),
    [
        ("srun", ["-p", "no"], "Unable to allocate resources: Invalid partition name specified"),
        ("salloc", ["-p", "no"], "Job submit/allocate failed: Invalid partition name specified"),
        ("salloc", ["-w", "no"], "Job submit/allocate failed: Invalid node name specified"),
        ("srun", ["--gres=gpu:1"], "Invalid generic resource (gres) specification"),
    ],
)
def test_refusals_in_the_words_of_each(root, command, argv, words):
    config = """
partitions:
  debug: {default: yes}
"""
    queue = Queue(root, Config(cpus=4, poll_interval=3600.0, partitions=partitions(config)))
    client = Client(queue, command, *argv, "true")
    assert client.reply.exit_code == 1
    assert client.reply.err.decode().splitlines()[-1] == f"{command}: error: {words}"
    assert queue.states() == {}
    queue.close()


def partitions(text: str) -> object:
    from tinysched import config

    return config.parse(text).partitions


def test_warnings_come_with_the_answer(queue):
    client = Client(queue, "srun", "-N1", "-n2", "--ntasks-per-node=1", "true")
    assert client.reply.err.startswith(b"srun: Warning: can't honor --ntasks-per-node set to 1")
    assert client.verbs == ["grant"]


def test_a_mere_question_is_answered_and_nothing_is_queued(queue):
    client = Client(queue, "srun", "--test-only", "true")
    assert (client.reply.exit_code, "id" in client.reply.values) == (0, False)
    assert client.reply.err.startswith(b"srun: job 1 to start at ")
    assert queue.states() == {}


def test_cores_without_a_seat_are_the_agents_to_hold(queue, bob):
    client = Client(queue, "salloc", "--no-shell", "-n2", "ignored")
    assert (client.reply.exit_code, client.reply.out, client.verbs) == (0, b"", [])
    assert bob.obey() == ["grant"]
    queue.lose(client.channel)
    bob.start("1.1")
    assert queue.states() == {"1": "RUNNING"}
