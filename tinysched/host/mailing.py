"""Handing a mail over: to the host's own sendmail, or to a mail server without a password."""

from __future__ import annotations

import os
import smtplib
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from tinysched.errors import TinyschedError

SENDMAIL_FOLDERS = ("/usr/sbin", "/usr/lib", "/usr/local/sbin", "/usr/local/bin", "/usr/bin")
_WAIT_S = 60.0
# A subject on one line is easier to sort mail by; none of ours is longer than a line may be.
_UNFOLDED = policy.default.clone(max_line_length=998)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail without a text: all it has to say is its subject."""

    sender: str
    to: tuple[str, ...]
    subject: str

    def message(self) -> bytes:
        """As it travels.

        Raises: ValueError if something in it would break a header.
        """
        # Encoded words may not be longer than a line.
        how = _UNFOLDED if self.subject.isascii() else policy.default
        message = EmailMessage(policy=how)
        message["From"] = self.sender
        message["To"] = ", ".join(self.to)
        message["Subject"] = self.subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2] or None)
        # Nobody's holiday notice is to answer it. Source: RFC 3834.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("")
        return message.as_bytes()


def own_address(user: str, domain: str) -> str:
    """Who sends: the user, of the given domain or of this host."""
    return f"{user}@{domain or socket.getfqdn()}"


def by_sendmail(mail: Mail, folders: Sequence[str] = SENDMAIL_FOLDERS) -> None:
    """Hand a mail to the first sendmail in `folders`.

    Raises: TinyschedError if there is none, or it does not take it.
    """
    candidates = (f"{folder}/sendmail" for folder in folders)
    program = next((path for path in candidates if os.access(path, os.X_OK)), None)
    if program is None:
        raise TinyschedError("there is no sendmail here")
    try:
        done = subprocess.run(
            [program, "-oi", *mail.to],
            input=mail.message(),
            capture_output=True,
            check=False,
            timeout=_WAIT_S,
        )
    except subprocess.TimeoutExpired:
        raise TinyschedError(f"{program} does not answer") from None
    except (OSError, ValueError) as error:
        raise TinyschedError(f"{program} cannot be used: {error}") from None
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        why = words[0] if words else f"exit code {done.returncode}"
        raise TinyschedError(f"{program} does not take it: {why}")


def by_smtp(mail: Mail, host: str, port: int) -> None:
    """Hand a mail to a mail server.

    Raises: TinyschedError if it is not there, or does not take it.
    """
    try:
        lines = mail.message().replace(b"\n", b"\r\n")
        with smtplib.SMTP(host, port, timeout=_WAIT_S) as server:
            refused = server.sendmail(mail.sender, mail.to, lines)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise TinyschedError(f"mail server {host}:{port} does not take it: {error}") from None
    if refused:
        raise TinyschedError(f"mail server {host}:{port} refuses {', '.join(refused)}")
