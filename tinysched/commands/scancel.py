"""scancel: ends jobs, or sends them a signal, as Slurm does.

The ordinary path imports nothing heavy.
"""

from __future__ import annotations

from tinysched.commands import asking, console, contact
from tinysched.site import Site

NAME = "scancel"
FAILURE = "scancel: error: "


def main(site: Site, argv: list[str]) -> int:
    """Passes the order on; the dispatcher may have questions, or ask to be asked again."""
    if asking.wants_text(argv) or any(word[:5] == "--usa" for word in argv):
        from tinysched.commands import manual
        from tinysched.commands.manuals import SCANCEL

        text = manual.asked(SCANCEL, argv)
        if text is not None:
            console.say(text.encode())
            return 0
    reply = contact.ask(site, NAME, argv, FAILURE)
    if "questions" in reply.values or "again" in reply.values:
        from tinysched.commands import insisting

        return insisting.go_on(site, argv, reply)
    return asking.deliver(site, NAME, reply)
