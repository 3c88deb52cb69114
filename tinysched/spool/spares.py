"""Directories of runs that are over, kept for runs to come.

All files that every run has lie in them already. File systems take their time for a file that is
made where another one was removed moments ago (ext4 looks at each that was), so that a run which
made and removed its own would spend a good part of its time on that. See seals.py for what is
written over.
"""

from __future__ import annotations

import errno

from tinysched.errors import SpoolError
from tinysched.job.runs import Grant
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import cannot
from tinysched.spool.runrecords import write_grant
from tinysched.spool.runs import RunDir

# More than these are not needed between two rounds of clearing up.
MOST = 64
# What every run has; its records of start and end, under names that say nothing.
_PUT_BY = {tree.STARTED: tree.STARTED_SPARE, tree.EXIT: tree.EXIT_RESERVED}
_KEPT = frozenset((tree.WORKER_LOCK, tree.ALIVE, tree.GRANT, *_PUT_BY.values()))
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


class Spares:
    """Those that this process has put by. Nobody else uses them."""

    def __init__(self, runs: Folder) -> None:
        self._runs = runs
        self._names: list[str] = []

    def __contains__(self, name: str) -> bool:
        """Whether a name in the directory is one of them."""
        return name in self._names

    def put_by(self, run: RunDir) -> bool:
        """Keep the directory of a run that is forgotten now; False: it is as it was."""
        if len(self._names) >= MOST:
            return False
        run.close()
        name = f"{tree.SPARE_PREFIX}{run.run}"
        try:
            self._runs.take(name, self._runs, str(run.run))
        except SpoolError:
            return False
        try:
            folder = self._runs.open_below(name)
            try:
                _clear(folder)
            finally:
                folder.close()
        except SpoolError:
            self._runs.drop_folder(name)
        else:
            self._names.append(name)
        return True

    def drop(self) -> None:
        """Remove them all."""
        while self._names:
            self._runs.drop_folder(self._names.pop())

    def take(self, grant: Grant) -> RunDir | None:
        """Claim an attempt in one of them; None: none will do. The locks are taken.

        Raises: FileExistsError if it was claimed before; SpoolError.
        """
        while self._names:
            name = self._names.pop()
            run = self._filled(name, grant)
            if run is None:
                self._runs.drop_folder(name)
                continue
            try:
                self._runs.disk.rename(name, str(grant.run), self._runs.fd, self._runs.fd)
            except OSError as error:
                run.close()
                self._runs.drop_folder(name)
                if error.errno in _TAKEN:
                    raise FileExistsError from error
                raise cannot("make", run.path, error) from error
            run.let_go()
            return run
        return None

    def _filled(self, name: str, grant: Grant) -> RunDir | None:
        """With this grant in it, and locked; None: something is wrong with it."""
        try:
            folder = self._runs.open_below(name)
        except SpoolError:
            return None
        run = RunDir.inside(self._runs, grant.run, folder)
        try:
            # Who still lives of the run before it keeps it from being used again.
            if run.take_locks() and folder.overwrite(
                tree.GRANT, write_grant(grant), tree.CLOSED_FILE_MODE
            ):
                return run
        except SpoolError:
            pass
        run.close()
        return None


def _clear(folder: Folder) -> None:
    """Leave what every run has.

    Raises: SpoolError.
    """
    for name in folder.names():
        if name in _PUT_BY:
            folder.take(_PUT_BY[name], folder, name)
        elif name not in _KEPT and not folder.drop_folder(name):
            raise SpoolError(f"cannot remove {folder.where(name)}")
