"""What an agent can tell of jobs whose records the dispatcher has lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator

from tinysched.errors import SpoolError
from tinysched.job.model import RunId
from tinysched.programs import events
from tinysched.spool.private import Private
from tinysched.wire import messages

LOG = logging.getLogger("agent")


def restate(
    private: Private,
    runs_of: Callable[[int], list[tuple[RunId, int]]],
    numbers: Collection[int],
) -> Iterator[tuple[int, messages.Fields]]:
    """Each of these jobs that this user submitted, as it was submitted, and what became of it.

    `runs_of`: the runs of a job that are not settled, with their raw ids.
    """
    for token in private.tokens():
        try:
            number = private.bound(token)
            if number is None or number not in numbers:
                continue
            fields = [*_submitted(private, token, number), *_history(private, token)]
            runs = [("run", f"{run} {raw_id}".encode()) for run, raw_id in runs_of(number)]
            yield number, fields + runs
        except SpoolError as error:
            LOG.warning(events.NOT_RESTATED, error.sentence)


def _submitted(private: Private, token: str, number: int) -> messages.Fields:
    stored = private.request(token)
    script = b"" if stored.command == "run_job" else private.script(token)
    return [
        ("job", b"%d" % number),
        ("token", token.encode()),
        ("submitted_at", b"%d" % private.submitted_at(token)),
        ("command", stored.command.encode()),
        ("cwd", _raw(stored.cwd)),
        ("script", script),
        *(("arg", _raw(word)) for word in stored.argv),
        *(("var", _raw(f"{name}={value}")) for name, value in stored.variables.items()),
    ]


def _history(private: Private, token: str) -> messages.Fields:
    return [
        ("over", (f"{last}" if tasks is None else f"{last} {tasks}").encode())
        for last, tasks in private.attempts(token).told()
    ]


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
