"""What an agent does with the letters it is given: a child sends them, nothing waits for it."""

from __future__ import annotations

import logging
import os
import socket

import pytest

from tests.wait import until
from tinysched.errors import WireError
from tinysched.host import processes
from tinysched.job.mails import Event
from tinysched.job.model import JobId
from tinysched.job.request import Request
from tinysched.programs.postman import Postman
from tinysched.wire import letters
from tinysched.wire.channel import Message
from tinysched.wire.letters import Letter, Way

pytestmark = pytest.mark.process

REQUEST = Request(name="x", submit_dir="/", mail_type="END", mail_user="ann,ben@example.org")


def letter(port=0, **more):
    facts = {"token": "t", "job": JobId(number=42, task=7), "event": Event.END, "subject": "over"}
    there = {"way": Way.SMTP, "server": f"127.0.0.1:{port}", "domain": "hal.org"}
    return Letter(**(facts | there | more))


@pytest.fixture
def postman(caplog):
    caplog.set_level(logging.INFO, logger="agent")
    yield (man := Postman("ann"))
    until(lambda: man.look() or not man.is_busy, says="the child has ended")
    until(lambda: processes.reap() or not processes.has_children(), says="no child is left")


def settle(postman):
    until(lambda: postman.look() or not postman.is_busy, says="all is sent")


def test_a_letter_comes_through_the_wire_as_it_was():
    told = letter(subject="a\r\nb")
    read = letters.read(Message(verb=letters.VERB, fields=tuple(told.fields())))
    assert read == letter(subject="a  b")


@pytest.mark.parametrize("name", ["job", "event", "way"])
def test_a_letter_that_makes_no_sense_is_refused(name):
    fields = dict(letter().fields()) | {name: b"$(reboot)"}
    with pytest.raises(WireError, match="cannot read 'mail'"):
        letters.read(Message(verb=letters.VERB, fields=tuple(fields.items())))


def test_a_letter_is_handed_to_the_mail_server_by_a_child(postman):
    with socket.create_server(("127.0.0.1", 0)) as server:
        postman.take(letter(server.getsockname()[1]), REQUEST)
        postman.look()
        assert postman.is_busy
        line, _ = server.accept()
        postman.look()
        assert postman.is_busy, "it does not wait for a server that says nothing"
        with line, line.makefile("rwb") as file:
            said = talk(file)
    settle(postman)
    assert b"Subject: over\r\n" in said
    assert b"To: ann@hal.org, ben@example.org\r\n" in said
    assert b"rcpt TO:<ann@hal.org>\r\n" in said


def talk(file) -> list[bytes]:
    """A mail server's part."""
    said: list[bytes] = []
    replies = (b"220 here", *[b"250 ok"] * 4, b"354 go on")
    for reply in replies:
        file.write(reply + b"\r\n")
        file.flush()
        said.append(file.readline())
    while said[-1] != b".\r\n":
        said.append(file.readline())
    for reply in (b"250 taken", b"221 bye"):
        file.write(reply + b"\r\n")
        file.flush()
        said.append(file.readline())
    return said


def test_what_fails_is_told_once_and_not_tried_again(postman, caplog):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    postman.take(letter(port), REQUEST)
    settle(postman)
    [line] = [record.getMessage() for record in caplog.records if "MailNotSent" in record.msg]
    assert line.startswith("MailNotSent job=42_7 event=END why=mail server 127.0.0.1:")


@pytest.mark.parametrize(
    "request_",
    [
        Request(name="x", submit_dir="/"),
        Request(name="x", submit_dir="/", mail_type="BEGIN,FAIL"),
        Request(name="x", submit_dir="/", mail_type="END", mail_user="ann\nBcc: ben"),
    ],
)
def test_only_what_was_wanted_is_sent_whatever_a_dispatcher_says(postman, request_):
    postman.take(letter(), request_)
    assert not postman.is_busy


def test_nobody_is_to_send_anything(postman):
    postman.take(letter(way=Way.NOBODY), REQUEST)
    assert not postman.is_busy


def test_the_child_holds_nothing_of_the_agents(postman):
    reader, writer = os.pipe2(os.O_CLOEXEC)
    with socket.create_server(("127.0.0.1", 0)) as server:
        postman.take(letter(server.getsockname()[1]), REQUEST)
        postman.look()
        line, _ = server.accept()
        os.close(writer)
        assert os.read(reader, 1) == b"", "the child has closed its copy"
        line.close()
    os.close(reader)
    settle(postman)
