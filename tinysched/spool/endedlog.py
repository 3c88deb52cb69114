"""state/ended.log: one line for each end, so that nobody has to read all ended records.

It is derived. Each line is appended after the record it tells of was written; a line that says
`gone` takes earlier ones back. What does not look like a line counts for nothing, and what is
missing is found by comparing with the names of the records, at the next start.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from tinysched.errors import SpoolError
from tinysched.job.ended import EndedLine
from tinysched.job.model import Elements, Ended, Job, Outcome, Task
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import cannot, write_all
from tinysched.spool.endedsearch import Finder, Search, search
from tinysched.spool.records import TaskRecord
from tinysched.spool.tree import ENDED_LOG

Key = tuple[int, int | None]

LARGEST_LOG = 1 << 28
_GONE = "gone"
_NONE = "-"
_ALL = "*"
_FIELDS = 10


@dataclass(slots=True)
class Index:
    """What a log tells, and how many of its lines tell nothing (damaged, repeated, taken back)."""

    lines: dict[Key, EndedLine] = field(default_factory=dict)
    idle: int = 0


class EndedLog:
    """The log, for its one writer. `mode` is that of the file, from its next change on.

    What a full disk refuses is known all the same, and written later.
    """

    def __init__(self, state: Folder, temps: Folder, mode: int) -> None:
        self._state = state
        self._temps = temps
        self.mode = mode
        self._owed = b""
        self._held: dict[Key, EndedLine] | None = None  # what a file should hold that does not
        self._finder = Finder()

    @property
    def owes(self) -> bool:
        """Whether there is something that the disk refused."""
        return bool(self._owed) or self._held is not None

    def read(self) -> Index:
        """All lines.

        Raises: SpoolError.
        """
        if self._held is not None:
            return Index(lines=dict(self._held))
        return parse((self._state.read(ENDED_LOG, LARGEST_LOG) or b"") + self._owed)

    def search(self, wanted: Search) -> set[int]:
        """The numbers of the jobs that may be meant.

        Raises: SpoolError.
        """
        if self._held is not None:
            return search("".join(map(_render, self._held.values())).encode("ascii"), wanted)
        written = self._state.read(ENDED_LOG, LARGEST_LOG) or b""
        if self._owed:
            return search(written + self._owed, wanted)
        return self._finder.search(written, wanted)

    def rewrite(self, lines: Mapping[Key, EndedLine]) -> None:
        """Put a new log in its place.

        Raises: SpoolError; from then on this is what the log holds, all the same.
        """
        self._owed = b""
        self._held = dict(lines)
        self._finder.forget()
        content = "".join(map(_render, lines.values())).encode("ascii")
        self._state.save(ENDED_LOG, content, self.mode, self._temps)
        self._held = None

    def catch_up(self) -> None:
        """Write what the disk refused before.

        Raises: SpoolError if it still refuses.
        """
        if self._held is not None:
            self.rewrite(self._held)
        elif self._owed:
            self._write(self._owed)

    def close_to_others(self) -> None:
        """Give the log its mode now.

        Raises: SpoolError.
        """
        if self._state.status(ENDED_LOG) is not None:
            self._state.disk.close(self._state.append_to(ENDED_LOG, self.mode))

    def append(self, ended: Iterable[EndedLine], gone: Iterable[Key] = ()) -> None:
        """Add to it; what a full disk refuses is kept, and added with the next ones."""
        text = "".join(f"{_GONE}\t{number}\t{_of_task(task)}\n" for number, task in gone)
        self._add(text + "".join(map(_render, ended)))

    def forget(self, numbers: Iterable[int]) -> None:
        """Take back every line of these jobs."""
        self._add("".join(f"{_GONE}\t{number}\t{_ALL}\n" for number in numbers))

    def _add(self, text: str) -> None:
        if not text:
            return
        if self._held is not None:
            apply(self._held, text.encode("ascii"))
            return
        with suppress(SpoolError):
            self._write(self._owed + text.encode("ascii"))

    def _write(self, content: bytes) -> None:
        """Add to the file what was owed and what is new. Raises: SpoolError; it is owed then."""
        self._owed = content
        fd = self._state.append_to(ENDED_LOG, self.mode)
        try:
            write_all(self._state.disk, fd, content)
            self._owed = b""
        except OSError as error:
            self._owed = b"\n" + content.lstrip(b"\n")  # ends the line that was torn
            raise cannot("write", self._state.where(ENDED_LOG), error) from error
        finally:
            self._state.disk.close(fd)


def parse(raw: bytes) -> Index:
    """Read the text of a log, whatever it holds."""
    lines: dict[Key, EndedLine] = {}
    told = apply(lines, raw)
    return Index(lines=lines, idle=told - len(lines))


def apply(lines: dict[Key, EndedLine], raw: bytes) -> int:
    """Bring lines up to date with the text of a log; returns how many lines it has."""
    purged: set[int] = set()
    *whole, torn = raw.split(b"\n")
    for raw_line in whole:
        try:
            _take(lines, purged, raw_line.decode("ascii").split("\t"))
        except (ValueError, IndexError):
            continue  # damaged: the record it was about is found by its name
    for key in [key for key in lines if key[0] in purged]:
        del lines[key]
    return len(whole) + bool(torn)


def line_of(record: Job | Task | TaskRecord) -> EndedLine | None:
    """The line about a record; None: it has not ended."""
    if not isinstance(record, Job):
        return _task_line(record)
    if isinstance(record.work, Elements):
        if record.work.ended_at is None:
            return None
        return EndedLine(
            number=record.id,
            task=None,
            uid=record.uid,
            user=record.user,
            name=record.request.name,
            outcome=record.work.worst,
            ended_at=record.work.ended_at,
        )
    owner = (record.id, None, record.uid, record.user, record.request.name)
    state = record.work.state
    return _ended_line(owner, state) if isinstance(state, Ended) else None


def _task_line(record: Task | TaskRecord) -> EndedLine | None:
    state = record.unit.state
    if not isinstance(state, Ended):
        return None
    task = record.unit.id.task
    if isinstance(record, TaskRecord):
        return _ended_line((record.number, task, record.uid, record.user, record.name), state)
    job = record.job
    return _ended_line((job.id, task, job.uid, job.user, job.request.name), state)


def _ended_line(owner: tuple[int, int | None, int, str, str], state: Ended) -> EndedLine:
    number, task, uid, user, name = owner
    return EndedLine(
        number=number,
        task=task,
        uid=uid,
        user=user,
        name=name,
        outcome=state.outcome,
        ended_at=state.ended_at,
        started_at=state.started_at,
        elapsed_s=state.elapsed_s,
        cores=state.cores,
    )


def _render(line: EndedLine) -> str:
    started_at = _NONE if line.started_at is None else repr(line.started_at)
    fields = (
        str(line.number),
        _of_task(line.task),
        str(line.uid),
        line.outcome.value,
        repr(line.ended_at),
        started_at,
        repr(line.elapsed_s),
        str(line.cores),
        _escape(line.user),
        _escape(line.name),
    )
    return "\t".join(fields) + "\n"


def _take(lines: dict[Key, EndedLine], purged: set[int], fields: list[str]) -> None:
    """Apply one line. Raises: ValueError, IndexError if it is none."""
    if fields[0] != _GONE:
        line = _parse(fields)
        lines[line.number, line.task] = line
    elif fields[2] == _ALL:
        purged.add(int(fields[1]))  # for good: ids are never used again
    else:
        lines.pop((int(fields[1]), _task_of(fields[2])), None)


def _parse(fields: list[str]) -> EndedLine:
    if len(fields) != _FIELDS:
        raise ValueError(len(fields))
    return EndedLine(
        number=int(fields[0]),
        task=_task_of(fields[1]),
        uid=int(fields[2]),
        outcome=Outcome(fields[3]),
        ended_at=_seconds(fields[4]),
        started_at=None if fields[5] == _NONE else _seconds(fields[5]),
        elapsed_s=_seconds(fields[6]),
        cores=int(fields[7]),
        user=_unescape(fields[8]),
        name=_unescape(fields[9]),
    )


def _of_task(task: int | None) -> str:
    return _NONE if task is None else str(task)


def _task_of(text: str) -> int | None:
    return None if text == _NONE else int(text)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not math.isfinite(seconds):
        raise ValueError(text)
    return seconds


def _escape(text: str) -> str:
    return json.dumps(text)[1:-1]


def _unescape(text: str) -> str:
    value = json.loads(f'"{text}"')
    if not isinstance(value, str):
        raise ValueError(text)
    return value
