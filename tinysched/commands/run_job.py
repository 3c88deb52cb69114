"""`run_job.sh CPUS yes|no COMMAND…`: runs a command here, as soon as its cores are free."""

from __future__ import annotations

import os

from tinysched.commands import asking
from tinysched.commands.console import say
from tinysched.errors import TinyschedError
from tinysched.host import caller
from tinysched.site import Site


def main(site: Site, argv: list[str]) -> int:
    """Becomes the job's foreground client."""
    text = asking.help_text("run_job", argv)
    if text is not None:
        say(text.encode())
        return 0
    door = f"{site.bin_dir}/tinysched"
    try:
        os.execve(door, [door, "foreground", *argv], caller.variables())
    except OSError as error:
        raise TinyschedError(f"cannot run {door}: {error.strerror}") from error
