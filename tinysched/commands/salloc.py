"""salloc: takes cores, and runs a command or a shell that has them."""

from __future__ import annotations

import posix

from tinysched.commands import foreground
from tinysched.script.slurm import getopt
from tinysched.script.slurm.refusals import EXIT_SYNTAX
from tinysched.script.slurm.srun_options import SALLOC
from tinysched.site import Site

_TEXTS = ("help", "usage", "version")


def main(site: Site, argv: list[str]) -> int:
    """Becomes the client of the allocation. Raises: VerbatimError."""
    found, rest = getopt.split(SALLOC, argv, "salloc", exit_code=EXIT_SYNTAX, stop_at_word=True)
    if any(option.name in _TEXTS for option, _ in found):
        from tinysched.commands import manual, manuals

        text = manual.asked(manuals.SALLOC, argv[: len(argv) - len(rest)]) or ""
        posix.write(1, text.encode())
        return 0
    return foreground.become(site, "salloc", argv)
