"""tscancel: ends jobs, or sends them a signal.

The ordinary path imports nothing heavy.
"""

from __future__ import annotations

from tinysched.commands import asking, console
from tinysched.site import Site

NAME = "tscancel"


def main(site: Site, argv: list[str]) -> int:
    """Passes the order on; it is stored before this returns."""
    text = asking.help_text(NAME, argv)
    if text is not None:
        console.say(text.encode())
        return 0
    reply = asking.ask(site, NAME, "cancel", argv, wait_s=asking.RESTART_S)
    return asking.deliver(site, NAME, reply)
