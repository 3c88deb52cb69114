"""One question to the dispatcher, as most commands put it: the words as typed, the answer as sent.

Imported on the start-up path of tsqueue and tscancel: imports nothing heavy.
"""

from __future__ import annotations

import sys

from tinysched.commands import console
from tinysched.errors import TinyschedError
from tinysched.site import Site
from tinysched.wire import client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# A dispatcher that is being restarted is back before this.
RESTART_S = 4.0


def ask(
    site: Site, command: str, verb: str, argv: Sequence[str], wait_s: float = 0.0
) -> client.Reply:
    """What the dispatcher answers to a command line.

    Raises: TryLaterError if none answers; WireError if it is not to be trusted.
    """
    fields = [("command", command.encode())]
    fields += [("arg", raw(word)) for word in argv]
    return client.ask(site, verb, fields, wait_s)


def raw(word: str) -> bytes:
    """A word of the command line as the bytes it was typed in."""
    return word.encode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())


def deliver(site: Site, command: str, reply: client.Reply) -> int:
    """Writes an answer, starts the caller's agent if one is missing, and gives the exit code."""
    if reply.agent_missing:
        _start_agent(site, command)
    if reply.err:
        console.say(reply.err, 2)
    if reply.out:
        console.say(reply.out)
    return reply.exit_code


def wants_text(argv: Sequence[str]) -> bool:
    """Whether the words may ask for help or version; for certain only the grammar knows."""
    for word in argv:
        if len(word) > 2 and ("--help".startswith(word) or "--version".startswith(word)):
            return True
        if word[:1] == "-" and word[1:2] != "-" and "V" in word:
            return True
    return False


def help_text(command: str, argv: Sequence[str]) -> str | None:
    """The help or version that was asked for, or None.

    Raises: UsageError.
    """
    if not wants_text(argv):
        return None
    from tinysched.commands import help

    return help.asked(command, argv)


def _start_agent(site: Site, command: str) -> None:
    from tinysched.host import agent_start

    try:
        agent_start.start(site.bin_dir, site.root)
    except TinyschedError as error:
        console.complain(command, error)
