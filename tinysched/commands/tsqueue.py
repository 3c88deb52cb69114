"""tsqueue: lists the queue.

The ordinary path imports nothing heavy.
"""

from __future__ import annotations

from tinysched.commands import asking, console
from tinysched.errors import TryLaterError
from tinysched.site import Site

NAME = "tsqueue"


def main(site: Site, argv: list[str]) -> int:
    """Prints the dispatcher's listing; without a dispatcher, the spool's."""
    text = asking.help_text(NAME, argv)
    if text is not None:
        console.say(text.encode())
        return 0
    try:
        reply = asking.ask(site, NAME, "queue", argv)
    except TryLaterError as nobody:
        from tinysched.commands import offline

        listing = offline.queue(site, argv, nobody)
        console.say(listing.encode("utf-8", "backslashreplace"))
        return 0
    return asking.deliver(site, NAME, reply)
