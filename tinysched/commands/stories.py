"""`tsctl why` and `tsctl history`: asked of the dispatcher, or read from the spool without one."""

from __future__ import annotations

from collections.abc import Sequence

from tinysched.commands import asking, console, offline
from tinysched.errors import TryLaterError
from tinysched.site import Site

NAME = "tsctl"


def tell(site: Site, verb: str, ids: Sequence[str], *, as_json: bool) -> int:
    """Prints the story of jobs; gives the exit code.

    Raises: TinyschedError.
    """
    argv = [verb, *(["--json"] if as_json else []), *ids]
    try:
        reply = asking.ask(site, NAME, "story", argv)
    except TryLaterError as nobody:
        console.say(offline.story(site, argv, nobody).encode())
        return 0
    return asking.deliver(site, NAME, reply)
