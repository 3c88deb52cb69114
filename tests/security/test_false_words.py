"""What somebody says who lies about who they are, or speaks for others: nothing comes of it."""

from __future__ import annotations

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent, FakeChannel, new_token
from tinysched.job.model import Exit, JobId, RunId
from tinysched.job.runs import Cause, Ending
from tinysched.wire import messages
from tinysched.wire.client import hello

BOBS_RUN = RunId(job=JobId(number=1), attempt=1)


@pytest.fixture
def running(queue, bob):
    """Bob's job 1 runs."""
    queue.submit(BOB)
    bob.start("1.1")
    return bob


def denied(reply):
    return reply.exit_code == 1 and b"Access/permission denied" in reply.err


def test_a_user_name_in_a_submission_is_not_believed(queue):
    said = [*hello(), ("command", b"tsbatch"), ("token", new_token().encode()), ("cwd", b"/")]
    said += [("script", b"#!/bin/sh\n"), ("arg", b"job.sh")]
    said += [("uid", b"%d" % BOB), ("user", b"bob"), ("gid", b"0"), ("pid", b"1")]
    assert queue.ask_on(FakeChannel(CAROL), "submit", said).exit_code == 0
    assert queue.show("1")["uid"] == CAROL


def test_a_uid_in_a_cancel_is_not_believed(queue, running, logged):
    said = [*hello(), ("arg", b"1"), ("uid", b"%d" % BOB), ("user", b"bob"), ("admin", b"1")]
    assert denied(queue.ask_on(FakeChannel(CAROL), "cancel", said))
    assert queue.states() == {"1": "RUNNING"}
    assert logged(f"Refused uid={CAROL} verb=cancel")


def test_anothers_job_cannot_be_cancelled(queue, running, logged):
    assert denied(queue.ask(CAROL, "cancel", "1"))
    assert denied(queue.ask(CAROL, "cancel", "-s", "KILL", "1"))
    assert running.runs["1.1"].orders == []
    assert logged(f"Refused uid={CAROL} verb=cancel")


def test_anothers_job_cannot_be_cancelled_by_a_filter(queue, running):
    assert denied(queue.ask(CAROL, "cancel", "-u", str(BOB)))
    assert denied(queue.ask(CAROL, "cancel", "-t", "RUNNING"))
    queue.submit(CAROL, "--hold")
    assert queue.ask(CAROL, "cancel", "-t", "RUNNING,PENDING").exit_code == 0
    assert queue.states() == {"1": "RUNNING", "2": "CANCELLED"}
    assert running.runs["1.1"].orders == []


def test_anothers_job_cannot_be_sent_a_signal(queue, running, logged):
    assert denied(queue.ask(CAROL, "cancel", "-s", "USR1", "1"))
    assert running.runs["1.1"].orders == []
    assert logged(f"Refused uid={CAROL} verb=cancel")


@pytest.mark.parametrize("verb", ["hold", "release", "requeue"])
def test_anothers_job_cannot_be_held_released_or_requeued(queue, running, logged, verb):
    assert denied(queue.ask(CAROL, "control", verb, "1"))
    assert queue.states() == {"1": "RUNNING"}
    assert logged(f"Refused uid={CAROL} verb=control")


@pytest.mark.parametrize(("verb", "args"), [("purge", ("--keep-last=0",)), ("reload", ())])
def test_only_admins_purge_and_reload(queue, bob, logged, verb, args):
    queue.submit(BOB)
    bob.start("1.1")
    bob.end("1.1")
    assert denied(queue.ask(CAROL, verb, *args))
    assert queue.states() == {"1": "COMPLETED"}
    assert logged(f"Refused uid={CAROL} verb={verb}")


def test_what_an_admin_holds_its_owner_does_not_release(queue, bob):
    queue.submit(BOB, "--hold")
    assert queue.ask(ADMIN, "control", "hold", "1").exit_code == 0
    assert queue.ask(BOB, "control", "release", "1").exit_code == 1
    assert "JobHeldAdmin" in queue.reasons()["1"]
    assert queue.ask(ADMIN, "control", "release", "1").exit_code == 0
    bob.start("1.1")


def test_anothers_token_is_another_job(queue, running):
    token = queue.dispatcher.ledger.books.jobs[1].token
    assert queue.submit(CAROL, token=token).out == b"Submitted batch job 2\n"
    assert queue.show("2")["uid"] == CAROL
    assert queue.show("1")["uid"] == BOB


def test_a_seat_in_anothers_name_is_none(queue, running):
    token = queue.dispatcher.ledger.books.jobs[1].token
    thief = FakeChannel(CAROL)
    said = [*hello(), ("command", b"run_job"), ("token", token.encode()), ("cwd", b"/")]
    said += [("arg", b"1"), ("arg", b"no"), ("arg", b"true")]
    queue.hear(thief, "submit", said)
    assert [message.text("run", "") for message in thief.take()] == ["", "2.1"]
    queue.ask(BOB, "cancel", "1")
    assert thief.take() == []
    running.obey()
    assert running.runs["1.1"].orders == ["stop 0"]


def test_a_false_agent_gets_nobodys_jobs(queue, running):
    thief = FakeChannel(CAROL)
    queue.hear(thief, "hello", messages.greeting("agent", [(BOBS_RUN, "alive")]))
    queue.submit(BOB)
    assert [message.verb for message in thief.take()] == ["welcome"]
    assert "grant" in running.obey()
    assert queue.states() == {"1": "RUNNING", "2": "RUNNING"}


def test_nobody_else_says_that_a_job_has_started(queue, bob, logged):
    queue.submit(BOB)
    bob.obey()
    news = messages.Started(run=BOBS_RUN, pid=1, started_at=1.0, output="/x", error="/y")
    thief = FakeChannel(CAROL)
    queue.hear(thief, "started", news.fields())
    assert thief.closed
    assert queue.show("1")["started_at"] is None
    assert logged(f"uid {CAROL} is not its owner")


def test_nobody_else_says_that_a_job_has_ended(queue, running, logged):
    ending = Ending(run=BOBS_RUN, cause=Cause.EXIT, exit=Exit(), started_at=1.0, ended_at=2.0)
    thief = FakeChannel(CAROL)
    queue.hear(thief, "ended", messages.ending_fields(ending))
    assert thief.closed
    assert queue.states() == {"1": "RUNNING"}
    assert logged(f"uid={CAROL} why=cannot take news of 1")


@pytest.mark.parametrize(
    "verb", ["stop", "grant", "signal", "forget", "ended-ack", "\n", "x" * 999]
)
def test_words_of_the_dispatcher_are_not_heard_from_others(queue, running, logged, verb):
    thief = FakeChannel(CAROL)
    queue.hear(thief, verb, messages.stop_fields(BOBS_RUN, kill=True))
    assert thief.closed
    assert running.obey() == []
    assert logged(f"Nonsense uid={CAROL}")


def test_a_token_is_no_path(queue, logged):
    for token in ("../../../etc", "a/b", "", "0" * 31, "\0" * 32, "0" * 32 + "\n"):
        said = [*hello(), ("command", b"tsbatch"), ("token", token.encode()), ("cwd", b"/")]
        said += [("script", b"#!/bin/sh\n"), ("arg", b"job.sh")]
        assert queue.ask_on(FakeChannel(CAROL), "submit", said).exit_code == 1, token
    assert queue.states() == {}
    why = "cannot accept a job: its token is none of ours"
    assert logged(f"Refused uid={CAROL} verb=submit why={why}")


NAMES = [
    "a\nb", "a\rb", "\x1b[2J\x1b]0;title\x07", "../../etc/passwd", "\x9b31m", "a\u202eb", "a\tb",
    "42 COMPLETED", "\udcff\udcfe", "\u2028", "x" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_name_steers_a_terminal_or_fakes_a_line(queue, bob, name):
    queue.submit(CAROL, "--hold")
    said = [*hello(), ("command", b"tsbatch"), ("token", new_token().encode()), ("cwd", b"/")]
    said += [
        ("script", b"#!/bin/sh\n"),
        ("arg", f"--job-name={name}".encode(errors="surrogateescape")),
    ]
    said += [("arg", f"--comment={name}".encode(errors="surrogateescape")), ("arg", b"--hold")]
    reply = queue.ask_on(FakeChannel(BOB), "submit", [*said, ("arg", b"job.sh")])
    shown = [queue.ask(CAROL, "queue", *args).out for args in ((), ("--json",), ("-r",))]
    shown += [queue.ask(CAROL, "control", "show", "job", "1").out, reply.err, reply.out]
    for text in shown:
        assert all(sign.isprintable() or sign == "\n" for sign in text.decode()), text
    is_taken = reply.exit_code == 0
    assert len(shown[0].splitlines()) == 2 + is_taken


def test_no_name_holds_a_nul(queue):
    for where in ("--job-name=a\0b", "--comment=\0", "--output=/tmp/\0x"):
        reply = queue.submit(CAROL, where)
        listing = queue.ask(BOB, "queue").out
        assert b"\0" not in listing + reply.err + reply.out
    for number in queue.states():
        assert b"\0" not in queue.ask(BOB, "control", "show", "job", number).out


def test_an_agent_that_lies_at_length_is_cut_short(queue, bob):
    queue.submit(BOB)
    bob.obey()
    words = "x" * 3_000_000
    queue.hear(
        bob.channel,
        "started",
        messages.Started(run=BOBS_RUN, pid=1, started_at=1.0, output=words, error=words).fields(),
    )
    ending = Ending(
        run=BOBS_RUN, cause=Cause.LAUNCH, exit=None, started_at=1.0, ended_at=2.0, words=words,
        survivors=(words[:1000],) * 900,
    )  # fmt: skip
    queue.hear(bob.channel, "ended", messages.ending_fields(ending))
    assert len(queue.ask(CAROL, "control", "show", "job", "1").out) < 100_000
    queue.restart()
    assert list(queue.states()) == ["1"]


def test_an_order_to_a_missing_agent_is_kept_until_it_is_back(queue, running):
    """The admin has no other way to a job than its owner's agent."""
    running.disconnect()
    assert queue.ask(ADMIN, "cancel", "1").exit_code == 0
    queue.restart()
    assert running.runs["1.1"].orders == ["stop 0"]
    running.end("1.1", signal=15, cause=Cause.CANCEL)
    assert queue.states() == {"1": "CANCELLED"}


def test_a_second_agent_of_anothers_does_not_take_over(queue, running):
    thief = FakeAgent(queue, CAROL)
    queue.ask(BOB, "cancel", "1")
    running.obey()
    assert running.runs["1.1"].orders == ["stop 0"]
    assert thief.runs == {}
