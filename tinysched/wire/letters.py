"""What a dispatcher tells an agent of a mail that its user wants: `mail`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tinysched.errors import WireError
from tinysched.job.mails import Event, line
from tinysched.job.model import JobId
from tinysched.wire.channel import Message

VERB = "mail"


class Way(Enum):
    """Who takes mails: the host's own sendmail, a mail server, or nobody."""

    SENDMAIL = "sendmail"
    SMTP = "smtp"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail that is due. To whom it goes, and whether it was wanted, the agent knows itself.

    `token` names what was submitted. `server`: `host:port`, for SMTP. `domain`: of addresses that
    have none ('': left as they are).
    """

    token: str
    job: JobId
    event: Event
    subject: str
    way: Way = Way.SENDMAIL
    server: str = ""
    domain: str = ""

    def fields(self) -> list[tuple[str, bytes]]:
        """As it goes to the agent."""
        fields = (
            ("token", self.token),
            ("job", str(self.job)),
            ("event", self.event.value),
            ("subject", self.subject),
            ("way", self.way.value),
            ("server", self.server),
            ("domain", self.domain),
        )
        return [(name, text.encode("utf-8", "surrogateescape")) for name, text in fields]


def read(message: Message) -> Letter:
    """The letter in a message. Raises: WireError."""
    try:
        return Letter(
            token=message.text("token"),
            job=JobId.parse(message.text("job")),
            event=Event(message.text("event")),
            subject=line(message.text("subject")),
            way=Way(message.text("way")),
            server=message.text("server", ""),
            domain=message.text("domain", ""),
        )
    except ValueError as error:
        raise WireError(f"cannot read '{message.verb}': {error}") from None
