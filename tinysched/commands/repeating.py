"""Listings that tell of themselves, or are printed again and again: squeue, sinfo.

Imported on the start-up path of these: imports nothing heavy.
"""

from __future__ import annotations

from tinysched.commands import asking, console, contact
from tinysched.site import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinysched.commands.manual import Manual


def wants_more(argv: Sequence[str]) -> bool:
    """Whether the words may ask for help or repetition; for certain only the grammar knows."""
    if asking.wants_text(argv):
        return True
    for word in argv:
        if word[:1] == "-" and word[1:2] != "-" and "i" in word:
            return True
        if word[:3] == "--i" or word[:5] == "--usa":
            return True
    return False


def run(site: Site, page: Manual, argv: Sequence[str], failure: str) -> int:
    """Prints help, or one listing, or one after another until one fails.

    `failure` begins the sentence when nobody answers. Raises: VerbatimError.
    """
    from tinysched.commands import manual
    from tinysched.host.clock import SystemClock

    text = manual.asked(page, argv)
    if text is not None:
        console.say(text.encode())
        return 0
    pause_s = _pause_s(page, argv)
    while True:
        code = contact.run(site, page.name, argv, failure)
        if code or not pause_s:
            return code
        console.say(b"\n")
        SystemClock().sleep(pause_s)


def _pause_s(page: Manual, argv: Sequence[str]) -> int:
    """Seconds between two listings; 0: one listing will do, or a mistake that it will tell."""
    from tinysched.script.slurm import getopt
    from tinysched.script.slurm.filters import leading_number

    found, _ = getopt.split(page.options, argv, page.name, exit_code=page.exit_code)
    given = [value or "" for option, value in found if option.name == "iterate"]
    return (leading_number(given[-1]) or 0) if given else 0
