"""squeue: lists the queue as Slurm does.

The ordinary path imports nothing heavy.
"""

from __future__ import annotations

from tinysched.commands import asking, console, contact
from tinysched.site import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "squeue"


def main(site: Site, argv: list[str]) -> int:
    """Prints the dispatcher's listing; with --iterate, again and again."""
    if _wants_more(argv):
        from tinysched.commands import manual
        from tinysched.commands.manuals import SQUEUE

        text = manual.asked(SQUEUE, argv)
        if text is not None:
            console.say(text.encode())
            return 0
        pause_s = _pause_s(argv)
        while pause_s:
            _again(site, argv, pause_s)
    return contact.run(site, NAME, argv, "slurm_load_jobs error: ")


def _wants_more(argv: Sequence[str]) -> bool:
    """Whether the words may ask for help or repetition; for certain only the grammar knows."""
    if asking.wants_text(argv):
        return True
    for word in argv:
        if word[:1] == "-" and word[1:2] != "-" and "i" in word:
            return True
        if word[:3] == "--i" or word[:5] == "--usa":
            return True
    return False


def _pause_s(argv: Sequence[str]) -> int:
    """Seconds between two listings; 0: one listing will do, or a mistake that it will tell."""
    from tinysched.script.slurm import getopt
    from tinysched.script.slurm.filters import leading_number
    from tinysched.script.slurm.squeue_options import SQUEUE

    found, _ = getopt.split(SQUEUE, argv, NAME, exit_code=1)
    given = [value or "" for option, value in found if option.name == "iterate"]
    return (leading_number(given[-1]) or 0) if given else 0


def _again(site: Site, argv: list[str], pause_s: int) -> None:
    """One listing of many, and the pause behind it."""
    from tinysched.host.clock import SystemClock

    code = contact.run(site, NAME, argv, "slurm_load_jobs error: ")
    if code:
        raise SystemExit(code)
    console.say(b"\n")
    SystemClock().sleep(pause_s)
