"""Puts several files in their places, or none: what a refused change had done is taken back.

Whoever was told "cannot" finds things as they were, now and after a restart. Taking back needs no
room on the disk.
"""

from __future__ import annotations

import errno
from contextlib import suppress

from tinysched.errors import SpoolError
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import cannot
from tinysched.values import dataclass

# Of file systems without second names: there, a change that is refused half-way stays half done.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A file that was put in place. `former`: the name in tmp/ of what lay there before."""

    folder: Folder
    name: str
    former: str | None


class Placing:
    """One change of several files at a time: `place` each, then `commit` or `undo`."""

    def __init__(self, temps: Folder) -> None:
        self._temps = temps
        self._placed: list[_Placed] = []

    def __bool__(self) -> bool:
        """Whether something is in place for which there was no `commit`."""
        return bool(self._placed)

    def place(self, folder: Folder, name: str, staged: str) -> None:
        """Rename a staged file into its place.

        Raises: SpoolError; what was there is there.
        """
        former = f"{staged}.old"
        try:
            folder.disk.link(name, former, folder.fd, self._temps.fd)
            placed = _Placed(folder, name, former)
        except FileNotFoundError:
            placed = _Placed(folder, name, None)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise cannot("write", folder.where(name), error) from error
            folder.take(name, self._temps, staged)
            return
        try:
            folder.take(name, self._temps, staged)
        except SpoolError:
            self._drop(placed)
            raise
        self._placed.append(placed)

    def commit(self) -> None:
        """All is in place and on the disk."""
        for placed in self._placed:
            self._drop(placed)
        self._placed.clear()

    def undo(self) -> None:
        """Put back what was there before the first `place`.

        Raises: SpoolError; to be tried again, before anything else is written.
        """
        folders = {id(placed.folder): placed.folder for placed in self._placed}
        while self._placed:
            placed = self._placed[-1]
            if placed.former is None:
                placed.folder.remove(placed.name)
            elif self._temps.status(placed.former) is not None:
                placed.folder.take(placed.name, self._temps, placed.former)
            self._placed.pop()
        for folder in folders.values():
            with suppress(SpoolError):
                folder.sync()

    def _drop(self, placed: _Placed) -> None:
        if placed.former is not None:
            self._temps.drop(placed.former)
