"""Mails are handed over whole, and what does not take them is named."""

from __future__ import annotations

import email
import email.policy
import socket
import threading

import pytest

from tinysched.errors import TinyschedError
from tinysched.host import mailing
from tinysched.host.mailing import Mail

MAIL = Mail(sender="ann@hal", to=("ann", "ben@example.org"), subject="Slurm Job_id=42 Name=ümlaut")

pytestmark = pytest.mark.process


def sendmail(folder, text):
    path = folder / "sendmail"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return [str(folder / "none"), str(folder)]


def check(content: bytes) -> None:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert message["Subject"] == MAIL.subject
    assert sum(line.startswith(b"Subject: ") for line in content.splitlines()) == 1
    assert message["To"] == "ann, ben@example.org"
    assert message["From"] == "ann@hal"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().strip() == ""


def test_sendmail_is_given_the_addresses_and_the_message(tmp_path):
    folders = sendmail(tmp_path, f'echo "$@" >{tmp_path}/words; cat >{tmp_path}/mail')
    mailing.by_sendmail(MAIL, folders)
    assert (tmp_path / "words").read_text() == "-oi ann ben@example.org\n"
    check((tmp_path / "mail").read_bytes())


def test_a_sendmail_that_refuses_or_is_missing_is_named(tmp_path):
    with pytest.raises(TinyschedError, match="there is no sendmail here"):
        mailing.by_sendmail(MAIL, [str(tmp_path)])
    folders = sendmail(tmp_path, "cat >/dev/null; echo 'no such user' >&2; exit 67")
    with pytest.raises(TinyschedError, match="sendmail does not take it: no such user"):
        mailing.by_sendmail(MAIL, folders)


class Server:
    """A mail server for one mail; `refuses`: one of the addresses."""

    def __init__(self, refuses: bytes = b"") -> None:
        self.refuses = refuses
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(10)
        self.port = self.socket.getsockname()[1]
        self.heard: list[bytes] = []
        self.mail = b""
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        with self.socket, self.socket.accept()[0] as line, line.makefile("rwb") as file:
            file.write(b"220 here\r\n")
            file.flush()
            for words in file:
                self.heard.append(words.strip())
                file.write(self.answer(words, file))
                file.flush()
                if words.upper().startswith(b"QUIT"):
                    return

    def answer(self, words: bytes, file) -> bytes:
        if self.refuses and self.refuses in words:
            return b"550 nobody\r\n"
        if words.upper().startswith(b"QUIT"):
            return b"221 bye\r\n"
        if not words.upper().startswith(b"DATA"):
            return b"250 ok\r\n"
        file.write(b"354 go on\r\n")
        file.flush()
        lines = iter(file.readline, b".\r\n")
        self.mail = b"".join(lines)
        return b"250 taken\r\n"


def test_a_mail_server_is_given_the_same():
    server = Server()
    mailing.by_smtp(MAIL, "127.0.0.1", server.port)
    server.thread.join()
    check(server.mail)
    said = [words.lower() for words in server.heard if b"<" in words]
    assert said == [b"mail from:<ann@hal>", b"rcpt to:<ann>", b"rcpt to:<ben@example.org>"]


def test_a_mail_server_that_is_missing_or_refuses_an_address_is_named():
    server = Server(refuses=b"<ben@example.org>")
    with pytest.raises(TinyschedError, match=r"refuses ben@example\.org"):
        mailing.by_smtp(MAIL, "127.0.0.1", server.port)
    server.thread.join()
    with pytest.raises(TinyschedError, match=rf"127\.0\.0\.1:{server.port} does not take it"):
        mailing.by_smtp(MAIL, "127.0.0.1", server.port)


def test_nothing_breaks_out_of_a_header():
    bad = Mail(sender="a@b", to=("c",), subject="x\r\nBcc: d@e")
    with pytest.raises(ValueError, match=r"newline|linefeed|carriage"):
        bad.message()


def test_the_sender_is_of_this_host_unless_a_domain_is_given():
    assert mailing.own_address("ann", "example.org") == "ann@example.org"
    assert mailing.own_address("ann", "") == f"ann@{socket.getfqdn()}"
