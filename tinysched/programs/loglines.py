"""How an event becomes one line of a log: a moment, a level, a name, facts that grep can find."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone
from itertools import pairwise

from tinysched.report.text import visible

# What needs no quotes around it.
_PLAIN = re.compile(r"[\w.,:/+@%~-]+", re.ASCII)
# No fact is longer: whoever causes a line does not fill the log with it.
LONGEST_FACT = 500
# Stands for the first fact where many lines are made of one.
MARK = "@"
LINES_AT_ONCE = 500


class OneLine(logging.Formatter):
    """Makes what others said harmless: no fact of theirs can pass for two, or for a line of ours.

    Moments are local time with its offset, as in ISO 8601.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatTime(  # noqa: N802 -- logging's own name
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        """`2026-02-03T09:15:02.137+01:00`."""
        moment = datetime.fromtimestamp(record.created, timezone.utc).astimezone()
        return moment.isoformat(timespec="milliseconds")

    def format(self, record: logging.LogRecord) -> str:
        """The line, and a traceback set in: what an exception says may come from others, too."""
        told, args = str(record.msg), record.args
        if args:
            told %= tuple(map(_fact, args)) if isinstance(args, tuple) else args
        line = visible(f"{self.formatTime(record)} {record.levelname} {told}")
        if not record.exc_info:
            return line
        rest = self.formatException(record.exc_info).split("\n")
        return "\n".join([line, *(f"    {visible(line)}" for line in rest)])


def tell_each(log: logging.Logger, event: str, firsts: Sequence[object], *same: object) -> None:
    """Logs an event of many: a line for each, which differ in the first fact alone."""
    handlers = logging.getLogger().handlers
    sized = [handler for handler in handlers if isinstance(handler, SizedLog)]
    if len(sized) < len(handlers):
        for first in firsts:
            log.info(event, first, *same)
    elif log.isEnabledFor(logging.INFO):
        facts = {"msg": event, "args": (MARK, *same), "levelno": logging.INFO, "levelname": "INFO"}
        record = logging.makeLogRecord(facts)
        for handler in sized:
            handler.emit_each(record, firsts)


class SizedLog(logging.FileHandler):
    """A log of bounded size, beside `kept` ones that were put aside: NAME.1 is the last.

    The library's own handler would make each line twice, to know how long it is, and comes with
    sockets, queues and pickles.

    Raises: OSError.
    """

    def __init__(self, path: str, size: int, kept: int) -> None:
        super().__init__(path)
        self._size = size
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        """Adds a line. Whatever goes wrong is nobody's trouble but the log's."""
        try:
            self._add(f"{self.format(record)}\n")
        except Exception:
            self.handleError(record)

    def emit_each(self, record: logging.LogRecord, firsts: Sequence[object]) -> None:
        """Adds a line for each of many first facts in the place of the record's own, `MARK`.

        They are plain words. All lines are of one moment.
        """
        try:
            head, _, tail = self.format(record).partition(MARK)
            for start in range(0, len(firsts), LINES_AT_ONCE):
                some = firsts[start : start + LINES_AT_ONCE]
                self._add("".join([f"{head}{first}{tail}\n" for first in some]))
        except Exception:
            self.handleError(record)

    def _add(self, text: str) -> None:
        if self.stream is None:
            self.stream = self._open()
        if os.fstat(self.stream.fileno()).st_size + len(text) >= self._size:
            self.put_aside()
        self.stream.write(text)
        self.stream.flush()

    def put_aside(self) -> None:
        """Begins a new file."""
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.close()
        names = [self.baseFilename, *(f"{self.baseFilename}.{n + 1}" for n in range(self._kept))]
        with suppress(FileNotFoundError):
            os.remove(names[-1])
        for newer, older in reversed(list(pairwise(names))):
            with suppress(FileNotFoundError):
                os.rename(newer, older)
        self.stream = self._open()


class OwnLog(SizedLog):
    """A log of one's own; stderr goes there as well.

    Raises: OSError.
    """

    def __init__(self, path: str, size: int) -> None:
        super().__init__(path, size, kept=1)
        self.setFormatter(OneLine())
        self._lead_stderr()

    def put_aside(self) -> None:
        """Begins a new file."""
        super().put_aside()
        self._lead_stderr()

    def _lead_stderr(self) -> None:
        if self.stream is not None:
            os.dup2(self.stream.fileno(), 2)


def _fact(value: object) -> object:
    r"""A fact as it stands in a line: `42`, `0:9`, `"cannot open \"x y\": Permission denied"`."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    text = str(value)
    if len(text) > LONGEST_FACT:
        text = f"{text[:LONGEST_FACT]}..."
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{visible(escaped)}"'
