"""srun: runs tasks, as a step of the job it is in; outside of one, as a job of its own.

Imports little: inside a job it is started anew for each step.
"""

from __future__ import annotations

import posix

from tinysched.commands.steps import ending, place, steps
from tinysched.commands.steps.streams import write
from tinysched.errors import VerbatimError
from tinysched.host import caller
from tinysched.script.slurm import steps as words
from tinysched.site import Site

# The job is this step: it was made for it by an srun, which has seen to time and place.
_WHOLE = b"TJS_STEP"


def main(site: Site, argv: list[str]) -> int:
    """Runs a step; its exit code is the highest of its tasks."""
    submitted = caller.variables()
    said = {_text(name): _text(value) for name, value in submitted.items()}
    wants = words.read(argv, said)
    if wants.asks_for_text:
        posix.write(1, _asked(wants, argv).encode())
        return 0
    number = wants.text("jobid") or place.number_in(said)
    if number is None:
        return _outside(site, wants, argv)
    is_whole = submitted.pop(_WHOLE, None) is not None
    if is_whole:
        wants.leave_to_job()
    wants.check_step()
    write(2, wants.warning.encode())
    found = place.find(site, number)
    found.is_whole = is_whole
    code, signum = steps.run(wants, found, submitted)
    return ending.like(signum) if is_whole and signum else code


def _outside(site: Site, wants: words.Wants, argv: list[str]) -> int:
    from tinysched.commands import foreground

    wants.check_step()
    if wants.text("relative") is not None:
        raise VerbatimError("srun: fatal: --relative option invalid for job allocation request\n")
    write(2, wants.warning.encode())
    return foreground.become(site, "srun", argv)


def _asked(wants: words.Wants, argv: list[str]) -> str:
    if wants.text("mpi") == "list":
        from tinysched.script.slurm.step_checks import MPI_KINDS

        return MPI_KINDS
    from tinysched.commands import manual
    from tinysched.commands.manuals import SRUN

    return manual.asked(SRUN, argv[: len(argv) - len(wants.command)]) or ""


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
