"""srun: runs tasks, as a step of the job it is in; outside of one, as a job of its own.

Imports little: inside a job it is started anew for each step.
"""

from __future__ import annotations

import posix

from tinysched.commands.steps import place, steps
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
    text = _asked(argv) if any(wants.has(word) for word in ("help", "usage", "version")) else None
    if text is not None:
        posix.write(1, text.encode())
        return 0
    number = wants.text("jobid") or place.number_in(said)
    if number is None:
        from tinysched.commands import foreground

        wants.check_step()
        return foreground.become(site, "srun", argv)
    if submitted.pop(_WHOLE, None) is not None:
        wants.leave_to_job()
    return steps.run(wants, place.find(site, number), submitted)


def _asked(argv: list[str]) -> str | None:
    from tinysched.commands import manual
    from tinysched.commands.manuals import SRUN

    return manual.asked(SRUN, argv)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
