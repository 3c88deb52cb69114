"""How a run ended, in its directory: written into room that was taken before the start."""

from __future__ import annotations

import posix
from collections.abc import Callable

from tinysched.errors import SpoolError
from tinysched.job.model import RunId
from tinysched.job.runs import Ending
from tinysched.spool import runrecords, tree
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import cannot, is_own_fault, write_all
from tinysched.spool.runrecords import EXIT_SIZE
from tinysched.spool.seals import whole

_LIMIT = 1 << 20


def reserve(run: Folder) -> None:
    """Take the room now, so that a full disk refuses the start.

    Raises: SpoolError.
    """
    fd = run.keep(tree.EXIT_RESERVED, tree.CLOSED_FILE_MODE)
    try:
        # Not waited for: a power cut that takes the room takes the job as well.
        if posix.fstat(fd).st_size < EXIT_SIZE:
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
    if _stays(run, ending.run):
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


def _stays(run: Folder, of: RunId) -> bool:
    """Whether there is one; what is damaged counts."""
    try:
        return found_in(run, of) is not None
    except SpoolError as error:
        if is_own_fault(error):
            raise
        return True


def found_in(run: Folder, of: RunId) -> Ending | None:
    """What was written of a run; None: nothing, or a power cut has taken it.

    Raises: SpoolError.
    """
    raw = whole(run.read(tree.EXIT, _LIMIT) or b"")
    ending = None if raw is None else runrecords.read_ending(raw, run.where(tree.EXIT))
    # Of another one, which had this directory before, after a power cut.
    return ending if ending is not None and ending.run == of else None


def _reserved(run: Folder) -> int:
    """What was reserved; or, where something else lies there, a new file in its place."""
    try:
        return run.keep(tree.EXIT_RESERVED, tree.CLOSED_FILE_MODE)
    except SpoolError as error:
        if is_own_fault(error) or not run.drop_folder(tree.EXIT_RESERVED):
            raise
    return run.keep(tree.EXIT_RESERVED, tree.CLOSED_FILE_MODE)


def _overwrite(run: Folder, fd: int, content: bytes) -> None:
    """Fill the reserved blocks from their beginning; they are kept, for the next run."""
    if posix.fstat(fd).st_size > EXIT_SIZE:  # by nobody of ours
        run.disk.truncate(fd, EXIT_SIZE)
    posix.lseek(fd, 0, 0)
    write_all(run.disk, fd, content.ljust(EXIT_SIZE, b"\n"))
