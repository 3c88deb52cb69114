"""How a run ended, in its directory: written into room that was taken before the start."""

from __future__ import annotations

import posix
from collections.abc import Callable

from tinysched.errors import SpoolError
from tinysched.job.runs import Ending
from tinysched.spool import runrecords, tree
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import cannot, is_own_fault, write_all
from tinysched.spool.runrecords import EXIT_SIZE

_LIMIT = 1 << 20
# How a whole one ends; and what is read of reserved room that a power cut left unwritten.
_LAST_LINE = b"\n}\n"
_UNWRITTEN = b"\0"


def reserve(run: Folder) -> None:
    """Take the room now, so that a full disk refuses the start.

    Raises: SpoolError.
    """
    fd = run.keep(tree.EXIT_RESERVED, tree.CLOSED_FILE_MODE)
    try:
        # Not waited for: a power cut that takes the room takes the job as well.
        run.disk.reserve(fd, EXIT_SIZE)
    except OSError as error:
        why = error.strerror or str(error)
        raise SpoolError(f"cannot reserve the exit record: {why}") from error
    finally:
        run.disk.close(fd)


def write(run: Folder, ending: Ending, wait: Callable[[int], None]) -> None:
    """Write it once; `wait` has its content put on the disk before it gets its name.

    Raises: SpoolError.
    """
    if _whole(run) is not None:
        return
    fd = _reserved(run)
    try:
        _overwrite(run, fd, runrecords.write_ending(ending))
        wait(fd)
    except OSError as error:
        raise cannot("write", run.where(tree.EXIT), error) from error
    finally:
        run.disk.close(fd)
    run.take(tree.EXIT, run, tree.EXIT_RESERVED)


def wait_not(_fd: int) -> None:
    """The disk is not waited for."""


def secure(run: Folder) -> None:
    """Wait until it is on the disk, its name too.

    Raises: SpoolError.
    """
    run.sync_file(tree.EXIT)
    run.sync()


def found_in(run: Folder) -> Ending | None:
    """What was written; None: nothing, or a power cut has taken it.

    Raises: SpoolError.
    """
    raw = _whole(run)
    return None if raw is None else runrecords.read_ending(raw, run.where(tree.EXIT))


def _whole(run: Folder) -> bytes | None:
    raw = (run.read(tree.EXIT, _LIMIT) or b"").rstrip(_UNWRITTEN)
    return raw if raw.endswith(_LAST_LINE) and _UNWRITTEN not in raw else None


def _reserved(run: Folder) -> int:
    """What was reserved; or, where something else lies there, a new file in its place."""
    try:
        return run.keep(tree.EXIT_RESERVED, tree.CLOSED_FILE_MODE)
    except SpoolError as error:
        if is_own_fault(error) or not run.drop_folder(tree.EXIT_RESERVED):
            raise
    return run.keep(tree.EXIT_RESERVED, tree.CLOSED_FILE_MODE)


def _overwrite(run: Folder, fd: int, content: bytes) -> None:
    """Fill the reserved blocks from their beginning and cut off the rest."""
    posix.lseek(fd, 0, 0)
    write_all(run.disk, fd, content)
    run.disk.truncate(fd, len(content))
