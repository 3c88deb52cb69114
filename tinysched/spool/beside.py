"""What an agent keeps beside the directories of runs: some for runs to come, and where it listens.

A worker that takes up one run after another listens under one name; see `RunDir.show_socket`.
"""

from __future__ import annotations

import posix
from itertools import count

from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.spares import Spares

_numbers = count(1)


class Beside:
    """All of it is this process's own: the next agent removes what one that was killed has left."""

    def __init__(self, runs: Folder) -> None:
        self.spares = Spares(runs)
        self._runs = runs
        self._ears: set[str] = set()

    @property
    def path(self) -> str:
        """The directory that all this is in."""
        return self._runs.path

    def new_ear(self) -> str:
        """A name that no worker has listened under yet."""
        name = f"{tree.LISTENS_PREFIX}{posix.getpid()}.{next(_numbers)}"
        self._ears.add(name)
        return name

    def drop_ear(self, name: str) -> None:
        """Remove such a name; whoever works can still be called."""
        self._ears.discard(name)
        self._runs.drop(name)

    def leave(self) -> None:
        """Remove all that is this process's."""
        self.spares.drop()
        for name in list(self._ears):
            self.drop_ear(name)

    def clear(self) -> None:
        """Remove all that is not.

        Raises: SpoolError.
        """
        for name in self._runs.names():
            is_used = name in self.spares or name in self._ears
            if name.startswith(tree.NOT_RUNS) and not is_used:
                self._runs.drop_folder(name)
