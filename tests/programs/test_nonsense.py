"""Whatever anybody says, the dispatcher goes on and other people's jobs are not touched."""

import contextlib
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.programs.queue import BOB, CAROL, FakeAgent, FakeChannel, Queue
from tinysched.wire.fields import PROTOCOL

VERBS = [
    "submit", "queue", "cancel", "control", "out", "purge", "status", "reload", "hello", "started",
    "ended", "leave", "tokens", "stop", "grant", "",
]  # fmt: skip
NAMES = [
    "arg", "token", "command", "cwd", "script", "var", "run", "kind", "version", "pid",
    "started_at", "ended_at", "elapsed_s", "cpu_s", "cause", "exit", "output", "error", "words",
    "survivor",
]  # fmt: skip
words = st.sampled_from(
    [
        b"1", b"2_1", b"2_[1-2]", b"1.1", b"2_1.1", b"1.1 alive", b"7.1 ended", b"-j", b"-t",
        b"all", b"-s", b"KILL", b"USR1", b"--me", b"hold", b"show", b"job", b"requeue", b"release",
        b"--json", b"--keep-last=0", b"--array=0-3", b"-c2", b"--time=5x", b"job.sh", b"tsbatch",
        b"run_job", b"2", b"no", b"true", b"0" * 31 + b"1", b"exit", b"lost", b"0:0", b"1e11",
        b"-1e11", b"nan", b"#!/bin/sh\n", b"#!/bin/sh\n#SBATCH --array=1-3\n", b"/home", b"",
        b"\xff\xfe", b"%d" % PROTOCOL,
    ]
) | st.binary(max_size=20)  # fmt: skip
fields = st.lists(st.tuples(st.sampled_from(NAMES), words), max_size=12)
said = st.lists(st.tuples(st.sampled_from(VERBS), fields, st.booleans()), max_size=6)


@contextlib.contextmanager
def collected_bugs():
    """What the dispatcher logs of its own mistakes."""
    found = []

    class Handler(logging.Handler):
        def emit(self, record):
            if record.exc_info:
                found.append(self.format(record))

    handler = Handler()
    logging.getLogger("dispatcher").addHandler(handler)
    try:
        yield found
    finally:
        logging.getLogger("dispatcher").removeHandler(handler)


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    return tmp_path_factory


def visible(queue, number):
    job = queue.dispatcher.ledger.books.jobs[number]
    return [job.work, job.hold, job.request, queue.dispatcher.ledger.books.units(number)]


@given(said)
def test_nobodys_messages_end_the_queue_or_touch_another_users_jobs(roots, messages):
    queue = Queue(str(roots.mktemp("root")))
    try:
        bob = FakeAgent(queue, BOB)
        queue.submit(BOB)
        queue.submit(BOB, "--array=1-2%1")
        bob.start("1.1")
        bob.start("2_1.1")
        before = [visible(queue, number) for number in (1, 2)]
        with collected_bugs() as bugs:
            channel = FakeChannel(CAROL)
            for verb, some, is_polite in messages:
                greeting = [("protocol", b"%d" % PROTOCOL)] if is_polite else []
                if channel.closed:
                    channel = FakeChannel(CAROL)
                queue.hear(channel, verb, [*greeting, *some])
            queue.states()
            queue.show("1")
        assert bugs == []
        assert [visible(queue, number) for number in (1, 2)] == before
    finally:
        queue.close()


@given(fields, st.sampled_from(["started", "ended", "hello"]))
def test_an_agent_may_lie_about_its_own_jobs_and_everybody_still_sees_the_queue(roots, some, verb):
    queue = Queue(str(roots.mktemp("root")))
    try:
        bob = FakeAgent(queue, BOB)
        queue.submit(BOB)
        bob.obey()
        with collected_bugs() as bugs:
            basis = [("run", b"1.1"), ("pid", b"5"), ("started_at", b"1e11"), ("cause", b"exit")]
            basis += [("ended_at", b"9e11"), ("elapsed_s", b"-5"), ("cpu_s", b"1e11")]
            queue.hear(bob.channel, verb, [("protocol", b"1"), *basis, *some])
            for args in ((), ("--json",), ("-r", "-a"), ("-j", "1")):
                assert queue.ask(CAROL, "queue", *args).exit_code == 0
            assert queue.ask(CAROL, "control", "show", "job", "1").exit_code == 0
            queue.show("1")
            assert queue.ask(CAROL, "status").exit_code == 0
        assert bugs == []
        queue.restart()
        assert set(queue.states()) == {"1"}
    finally:
        queue.close()


def test_an_answer_that_is_too_large_for_a_message_is_refused_in_words(queue):
    queue.submit(BOB, "--array=1-9999", f"--output=/{'x' * 250}/{'y' * 250}/%a")
    answer = queue.ask(BOB, "out", "1_[1-9999]")
    assert answer.exit_code == 1
    assert b"cannot answer" in answer.err
    assert b"ask for fewer jobs at a time" in answer.err
    assert queue.ask(BOB, "out", "1_[1-9]").exit_code == 0
