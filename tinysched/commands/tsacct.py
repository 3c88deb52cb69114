"""tsacct: the same as sacct, with a help page like those of the other ts commands.

The ordinary path imports nothing heavy.
"""

from __future__ import annotations

from tinysched.commands import asking, console, sacct
from tinysched.errors import UsageError
from tinysched.site import Site

NAME = "tsacct"


def main(site: Site, argv: list[str]) -> int:
    """Prints what became of jobs."""
    try:
        text = asking.help_text(NAME, argv)
    except UsageError:  # Slurm has other words for it
        text = None
    if text is not None:
        console.say(text.encode())
        return 0
    return sacct.main(site, argv)
