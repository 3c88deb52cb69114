"""Agents of another release that this dispatcher cannot understand: their jobs go on without it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from tinysched import __version__
from tinysched.errors import NewerError, WireError
from tinysched.host.clock import Clock
from tinysched.programs import events
from tinysched.wire import messages
from tinysched.wire.channel import Message

LOG = logging.getLogger("dispatcher")
# An agent that is refused knocks every few seconds; one that has not for so long has gone.
GONE_S = 15.0


class StrangerError(WireError):
    """An agent that speaks another protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """One of them: when it knocked last (boottime, seconds), and what is to be said of it."""

    knocked_at: float
    words: str


class Strangers:
    """Whose agents knock in vain."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._strangers: dict[int, Stranger] = {}

    def check(self, uid: int, hello: Message) -> None:
        """Raises: StrangerError for an agent that cannot be understood; it is noted."""
        try:
            messages.check_protocol(hello)
        except WireError as error:
            words = _words(messages.version_of(hello), is_newer=isinstance(error, NewerError))
            if self.words(uid) != words:
                LOG.warning(events.AGENT_REFUSED, uid, error.sentence)
            self._strangers[uid] = Stranger(knocked_at=self._clock.boottime(), words=words)
            raise StrangerError(error.sentence) from None
        self._strangers.pop(uid, None)

    def words(self, uid: int) -> str:
        """What is wrong with the agent of a user who has one that was refused; else nothing."""
        found = self._strangers.get(uid)
        if found is None or self._clock.boottime() - found.knocked_at > GONE_S:
            return ""
        return found.words

    def all(self) -> dict[int, str]:
        """The same of every user."""
        return {uid: words for uid in self._strangers if (words := self.words(uid))}


def _words(version: str, *, is_newer: bool) -> str:
    if is_newer:
        return (
            f"its owner's agent, version {version}, is newer than this dispatcher, version"
            f" {__version__}; 'tsdaemon restart' helps"
        )
    return (
        f"its owner's agent, version {version}, is older than this dispatcher, version"
        f" {__version__}; it is replaced when what it runs has ended"
    )
