"""Second names for all that has not ended: what it was at one moment, to be read at leisure."""

from __future__ import annotations

import posix
from itertools import count

from tinysched.errors import SpoolError
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import cannot
from tinysched.spool.queuefiles import QueueFiles

_ticket = count(1)


def freeze(files: QueueFiles, temps: Folder) -> str:
    """Make a directory of second names, `running.job_4.meta`; whoever asked for it removes it.

    Raises: SpoolError, also on file systems that know no second names.
    """
    name = f"frozen.{posix.getpid()}.{next(_ticket)}"
    frozen = temps.make_below(name, tree.CLOSED_DIR_MODE)
    try:
        for folder_name in (tree.PENDING, tree.RUNNING):
            folder = files.folders[folder_name]
            for inner in folder.names():
                if tree.read_name(inner) is not None:
                    _link(folder, inner, frozen, f"{folder_name}.{inner}")
    except SpoolError:
        temps.drop_folder(name)
        raise
    finally:
        frozen.close()
    return temps.where(name)


def _link(source: Folder, name: str, target: Folder, new_name: str) -> None:
    try:
        source.disk.link(name, new_name, source.fd, target.fd)
    except OSError as error:
        why = cannot("give a second name to", source.where(name), error).sentence
        raise SpoolError(why, "'tsdaemon stop' first: then no second names are needed") from error
