"""Requests that are well-formed and too much: refused with the name of the limit."""

from __future__ import annotations

import pytest

from tests.programs.queue import BOB, CAROL, FakeAgent, FakeChannel, new_token
from tinysched.wire.client import hello


@pytest.fixture
def limited(queue):
    """Limits that are soon reached."""
    queue.reconfigure(max_array_pieces=10, max_array_size=1_000_001, max_request_kib=64)
    return queue


def refused(reply, words):
    return reply.exit_code == 1 and words in reply.err.decode()


def test_an_array_is_not_cut_to_pieces(limited):
    limited.submit(CAROL, "--array=0-1000000", "--hold")
    assert limited.ask(CAROL, "cancel", "1_[0-1000000:2]").exit_code == 0
    assert limited.ask(CAROL, "cancel", "1_[0-1000000:3]").exit_code == 0
    for step in (5, 7, 11, 13, 17, 19):
        reply = limited.ask(CAROL, "cancel", f"1_[0-1000000:{step}]")
    assert refused(reply, "max_array_pieces is 10")
    assert len(limited.dispatcher.ledger.books.jobs[1].work.todo.spans) <= 10
    assert limited.ask(CAROL, "cancel", "1").exit_code == 0
    assert limited.dispatcher.ledger.books.jobs[1].is_final


def test_an_array_of_many_pieces_is_not_accepted(limited):
    text = ",".join(str(index * index) for index in range(5, 40))
    assert refused(limited.submit(CAROL, f"--array={text}"), "max_array_pieces is 10")
    assert limited.states() == {}


def test_requeues_do_not_cut_an_array_to_pieces_either(limited):
    agent = FakeAgent(limited, CAROL)
    limited.submit(CAROL, "--array=0-199")
    for index in range(200):
        agent.start(f"1_{index}.1")
        agent.end(f"1_{index}.1")
    odd = ",".join(str(index) for index in range(200) if bin(index * 7).count("1") % 2)
    assert refused(limited.ask(CAROL, "control", "requeue", f"1_[{odd}]"), "max_array_pieces")
    assert limited.ask(CAROL, "control", "requeue", "1_[0-199:2]").exit_code == 0


def test_an_index_beyond_the_largest_array_is_refused(limited):
    assert refused(limited.submit(CAROL, "--array=0-1000001"), "may be 1000000")


@pytest.mark.parametrize("verb", ["queue", "cancel", "out"])
def test_a_list_of_a_million_tasks_is_not_read(limited, verb):
    text = ",".join(str(index * 3 % 1_000_003) for index in range(500_000))
    reply = limited.ask(CAROL, verb, *(["-j"] if verb == "queue" else []), f"1_[{text}]")
    assert reply.exit_code == 2
    assert b"expected at most 65536 characters of task indices" in reply.err
    assert len(reply.err) < 1000


def test_a_submission_has_only_so_many_bytes(limited):
    reply = limited.submit(CAROL, script=b"#!/bin/sh\n" + b"#" * 70_000)
    assert refused(reply, "max_request_kib is 64")
    said = [*hello(), ("command", b"tsbatch"), ("token", new_token().encode()), ("cwd", b"/")]
    said += [("script", b"#!/bin/sh\n"), ("arg", b"job.sh")]
    said += [("var", b"SBATCH_X%d=%s" % (number, b"y" * 1000)) for number in range(100)]
    assert refused(limited.ask_on(FakeChannel(CAROL), "submit", said), "max_request_kib is 64")


@pytest.mark.parametrize("option", ["--comment", "--account", "--output", "--chdir"])
def test_what_every_listing_shows_is_not_endless(limited, option):
    reply = limited.submit(CAROL, f"{option}=/{'x' * 20_000}")
    assert reply.exit_code != 0
    assert limited.states() == {}
    assert len(limited.ask(BOB, "queue").out) < 200


def test_no_secret_of_a_refused_submission_is_logged(limited, caplog):
    secret = "hunter2hunter2"
    scripts = [
        f"#!/bin/sh\n#SBATCH --time={secret}\n",
        f"#!/bin/sh\n#SBATCH --export=9{secret}={secret}\n",
        f"#!/bin/sh\n#SBATCH '{secret}\n",
        f"#!/bin/sh\n#SBATCH {secret}\n",
        f"{secret}\n",
    ]
    for script in scripts:
        assert limited.submit(CAROL, script=script.encode()).exit_code != 0
    for word in (f"--export=9={secret}", f"--{secret}", f"--mem={secret}"):
        assert limited.submit(CAROL, word).exit_code != 0
    assert secret not in caplog.text
    assert f"Refused uid={CAROL} verb=submit" in caplog.text


def test_why_one_waits_names_nobody_elses_job_in_a_private_queue(limited):
    limited.reconfigure(privacy="private", starvation_s=1)
    for uid in (BOB, CAROL):
        FakeAgent(limited, uid)
    limited.submit(CAROL, "-c3")
    limited.submit(BOB, "-c4")
    limited.sleep(5)
    said = [*hello(), ("command", b"run_job"), ("token", new_token().encode()), ("cwd", b"/")]
    said += [("arg", word) for word in (b"1", b"no", b"true")]
    reply = limited.ask_on(FakeChannel(CAROL), "submit", said)
    assert reply.values["waits"] == b"Priority: another job has waited longer"
    assert b"Priority: another job has waited longer" in limited.ask(CAROL, "queue").out
