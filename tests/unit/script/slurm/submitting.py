"""sbatch's command line, variables and script, read as the dispatcher reads them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tinysched.errors import VerbatimError
from tinysched.job.request import Request
from tinysched.script.slurm import sbatch
from tinysched.script.submission import Settings, Submission

# Thursday the 6th of May 2027, 11:00:00 UTC.
NOW = 1809601200.0
SETTINGS = Settings(max_array_index=1000, command="sbatch", now=NOW)
SCRIPT = "#!/bin/sh\ntrue\n"


def submission(
    *argv: str, script: str = SCRIPT, variables: Mapping[str, str] | None = None
) -> Submission:
    """`sbatch ARGV`; the last word is the script's name unless it is --wrap."""
    return sbatch.read(argv, variables or {}, "/home/ann", script.encode(), SETTINGS)


def asked(*argv: str, **more: object) -> Request:
    return submission(*argv, "job.sh", **more).request  # type: ignore[arg-type]  # script, variables


def refused(*argv: str, **more: object) -> tuple[int, str]:
    """Exit code and the words on stderr."""
    with pytest.raises(VerbatimError) as refusal:
        submission(*argv, "job.sh", **more)  # type: ignore[arg-type]  # script, variables
    assert refusal.value.out == ""
    return refusal.value.exit_code, refusal.value.text


def in_script(*lines: str) -> str:
    return "\n".join(("#!/bin/bash", *lines, "true", ""))
