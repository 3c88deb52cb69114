"""salloc: takes cores, and runs a command or a shell that has them."""

from __future__ import annotations

from tinysched.commands import asking, foreground
from tinysched.commands.console import say
from tinysched.site import Site


def main(site: Site, argv: list[str]) -> int:
    """Becomes the client of the allocation."""
    if asking.wants_text(argv):
        from tinysched.commands import manual
        from tinysched.commands.manuals import SALLOC

        text = manual.asked(SALLOC, argv)
        if text is not None:
            say(text.encode())
            return 0
    return foreground.become(site, "salloc", argv)
