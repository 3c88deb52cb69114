"""sinfo: shows the host and its partitions as Slurm does.

The ordinary path imports nothing heavy.
"""

from __future__ import annotations

from tinysched.commands import contact, repeating
from tinysched.site import Site

NAME = "sinfo"
FAILURE = "slurm_load_partitions: "


def main(site: Site, argv: list[str]) -> int:
    """Prints the dispatcher's listing; with --iterate, again and again."""
    if repeating.wants_more(argv):
        from tinysched.commands.manuals import SINFO

        return repeating.run(site, SINFO, argv, FAILURE)
    return contact.run(site, NAME, argv, FAILURE)
