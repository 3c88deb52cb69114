"""Sends the mails that a user's jobs are to be told by, one child at a time, beside all else.

A mail is sent once or not at all: none is worth making a job, or an agent, wait for it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal

from tinysched.errors import TinyschedError
from tinysched.host import processes
from tinysched.job import mails
from tinysched.job.request import Request
from tinysched.programs import events
from tinysched.wire.letters import Letter, Way

LOG = logging.getLogger("agent")
TITLE = "ts mail"
# Of an array with ARRAY_TASKS there may be thousands.
MOST_WAITING = 10_000


class Postman:
    """Takes letters, and has a child send all that have come while the former child was busy."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._waiting: list[tuple[Letter, tuple[str, ...]]] = []
        self._pipe = -1
        self._complaints = b""

    @property
    def descriptor(self) -> int | None:
        """What to wait for while a child sends."""
        return self._pipe if self._pipe >= 0 else None

    @property
    def is_busy(self) -> bool:
        """Something is being sent, or has to be."""
        return self._pipe >= 0 or bool(self._waiting)

    def take(self, letter: Letter, request: Request) -> None:
        """Takes a letter about what `request` is; only its own words say who gets one of what."""
        wish = mails.wish(request.mail_type)
        if wish is None or letter.event not in wish.events or letter.way is Way.NOBODY:
            return
        try:
            to = mails.addresses(request.mail_user or self._user)
        except ValueError as error:
            LOG.warning(events.MAIL_NOT_SENT, letter.job, letter.event.value, str(error))
            return
        if len(self._waiting) >= MOST_WAITING:
            why = f"{MOST_WAITING} others wait"
            LOG.warning(events.MAIL_NOT_SENT, letter.job, letter.event.value, why)
            return
        self._waiting.append((letter, to))

    def look(self) -> None:
        """Hears what became of the former ones, and sends those that wait."""
        if self._pipe >= 0:
            self._hear()
        if self._pipe < 0 and self._waiting:
            self._send()

    def _hear(self) -> None:
        """The child's complaints, a line each; its end is the end of all."""
        while True:
            try:
                piece = os.read(self._pipe, 65536)
            except BlockingIOError:
                return
            if not piece:
                break
            self._complaints += piece
        os.close(self._pipe)
        self._pipe = -1
        lines, self._complaints = self._complaints.decode(errors="replace").splitlines(), b""
        for line in lines:
            job, event, why = [*line.split(" ", 2), "", ""][:3]
            LOG.warning(events.MAIL_NOT_SENT, job, event, why)

    def _send(self) -> None:
        batch, self._waiting = self._waiting, []
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            processes.fork_worker(lambda: _work(batch, self._user, writer))
        except OSError as error:
            why = f"cannot start a process: {error.strerror}"
            for letter, _ in batch:
                LOG.warning(events.MAIL_NOT_SENT, letter.job, letter.event.value, why)
            os.close(reader)
        else:
            self._pipe = reader
            for letter, _ in batch:
                LOG.info(events.MAILING, letter.job, letter.event.value)
        finally:
            os.close(writer)


def _work(batch: list[tuple[Letter, tuple[str, ...]]], user: str, writer: int) -> int:
    """In the child: what fails is told, and nothing is tried twice."""
    signal.set_wakeup_fd(-1)
    processes.set_title(TITLE)
    # The agent's lock and its line to the dispatcher end with the agent.
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != writer:
            try:
                os.close(int(name))
            except OSError:
                continue  # the listing's own
    for letter, to in batch:
        try:
            _hand_over(letter, to, user)
        except TinyschedError as error:
            words = " ".join(error.sentence.split())
            with contextlib.suppress(OSError):  # nobody reads so fast, or at all
                os.write(writer, f"{letter.job} {letter.event.value} {words}\n".encode()[:4096])
    return 0


def _hand_over(letter: Letter, to: tuple[str, ...], user: str) -> None:
    from tinysched.host import mailing  # large, and of no use to the agent itself

    if letter.domain:
        to = tuple(one if "@" in one else f"{one}@{letter.domain}" for one in to)
    sender = mailing.own_address(user, letter.domain)
    mail = mailing.Mail(sender=sender, to=to, subject=letter.subject)
    if letter.way is Way.SMTP:
        host, _, port = letter.server.rpartition(":")
        mailing.by_smtp(mail, host.strip("[]"), int(port))
    else:
        mailing.by_sendmail(mail)
