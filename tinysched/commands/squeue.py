"""squeue: lists the queue as Slurm does.

The ordinary path imports nothing heavy.
"""

from __future__ import annotations

from tinysched.commands import contact, repeating
from tinysched.site import Site

NAME = "squeue"
FAILURE = "slurm_load_jobs error: "


def main(site: Site, argv: list[str]) -> int:
    """Prints the dispatcher's listing; with --iterate, again and again."""
    if repeating.wants_more(argv):
        from tinysched.commands.manuals import SQUEUE

        return repeating.run(site, SQUEUE, argv, FAILURE)
    return contact.run(site, NAME, argv, FAILURE)
