"""The counter of ids: none is given twice, whatever happens."""

from __future__ import annotations

from tinysched.errors import SpoolError
from tinysched.spool.atomic import Folder
from tinysched.spool.tree import LAST_ID, OPEN_FILE_MODE

BLOCK = 256


class IdCounter:
    """state/last_job_id: the highest id that may be in use.

    It is raised by whole blocks before the first id of a block is given, so that most ids cost
    nothing; a clean stop makes it exact.
    """

    def __init__(self, state: Folder, temps: Folder, last: int, stored: int) -> None:
        self._state = state
        self._temps = temps
        self._last = last
        self._reserved = stored

    @property
    def last(self) -> int:
        """The highest id given so far."""
        return self._last

    def next(self) -> int:
        """An id that was never given before.

        Raises: SpoolError; the counter is as it was.
        """
        if self._last >= self._reserved:
            self._write(self._last + BLOCK)
        self._last += 1
        return self._last

    def pass_over(self, used: int) -> None:
        """Never give an id up to this one."""
        self._last = max(self._last, used)

    def settle(self) -> None:
        """Make the file exact.

        Raises: SpoolError; some ids are then skipped.
        """
        if self._reserved != self._last:
            self._write(self._last)

    def _write(self, value: int) -> None:
        self._state.save(LAST_ID, b"%d\n" % value, OPEN_FILE_MODE, self._temps)
        self._reserved = value


def read_last(state: Folder) -> tuple[int | None, str]:
    """What the file says (None: it cannot be read), and what is wrong with it ('')."""
    try:
        raw = state.read(LAST_ID, 64)
    except SpoolError as error:
        return None, error.sentence
    if raw is None:
        return None, f"cannot read {state.where(LAST_ID)}: No such file or directory"
    text = raw.strip()
    if text.isdigit() and len(text) <= 18:
        return int(text), ""
    return None, f"cannot read {state.where(LAST_ID)}: {text[:20]!r} is no number"


def after(stored: int | None, highest_name: int) -> int:
    """Where to go on counting.

    Without a number two blocks are skipped: ids beyond the names may have been used.
    """
    return highest_name + 2 * BLOCK if stored is None else max(stored, highest_name)
