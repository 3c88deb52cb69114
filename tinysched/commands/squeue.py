"""squeue: lists the queue as Slurm does.

The ordinary path imports nothing heavy.
"""

from __future__ import annotations

from tinysched.commands import contact
from tinysched.site import Site


def main(site: Site, argv: list[str]) -> int:
    """Prints the dispatcher's listing."""
    return contact.run(site, "squeue", argv, "slurm_load_jobs error: ")
