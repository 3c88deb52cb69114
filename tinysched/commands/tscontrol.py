"""tscontrol: holds, releases, requeues and shows jobs."""

from __future__ import annotations

from tinysched.commands import asking, console
from tinysched.site import Site

NAME = "tscontrol"


def main(site: Site, argv: list[str]) -> int:
    """Passes the order on; what it changed is stored before this returns."""
    text = asking.help_text(NAME, argv)
    if text is not None:
        console.say(text.encode())
        return 0
    reply = asking.ask(site, NAME, "control", argv, wait_s=asking.RESTART_S)
    return asking.deliver(site, NAME, reply)
