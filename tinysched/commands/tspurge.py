"""tspurge: makes the queue forget ended jobs. Files that jobs wrote are never touched."""

from __future__ import annotations

from tinysched.commands import asking, console
from tinysched.site import Site

NAME = "tspurge"


def main(site: Site, argv: list[str]) -> int:
    """Passes the rule on and prints what was forgotten."""
    text = asking.help_text(NAME, argv)
    if text is not None:
        console.say(text.encode())
        return 0
    reply = asking.ask(site, NAME, "purge", argv)
    return asking.deliver(site, NAME, reply)
