"""Becoming the client of a job in this terminal: what srun and salloc do outside of one."""

from __future__ import annotations

import posix

from tinysched.errors import TinyschedError
from tinysched.host import caller
from tinysched.site import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def become(site: Site, command: str, argv: Sequence[str]) -> int:
    """Goes on as the program that waits in the queue. Raises: TinyschedError."""
    door = f"{site.bin_dir}/tinysched"
    try:
        posix.execve(door, [door, "foreground", f"--as={command}", *argv], caller.variables())
    except OSError as error:
        raise TinyschedError(f"cannot run {door}: {error.strerror}") from error
