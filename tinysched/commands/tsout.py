"""tsout: shows where the output of jobs is, prints it, follows it as it grows.

The dispatcher only names the files; they are looked at and opened here, with the caller's rights.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from tinysched.commands import asking, console
from tinysched.commands.following import Follower
from tinysched.errors import EXIT_DONE, EXIT_REFUSED, TinyschedError, TryLaterError, WireError
from tinysched.report import tsout
from tinysched.report.tsout import OutFile
from tinysched.script import options
from tinysched.script.grammar import has, split
from tinysched.site import Site

NAME = "tsout"


class _AnsweredError(Exception):
    """The dispatcher has said no, and said it to the user: only the exit code is left."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def main(site: Site, argv: list[str]) -> int:
    """Lists, prints or follows the files of jobs."""
    text = asking.help_text(NAME, argv)
    if text is not None:
        console.say(text.encode())
        return EXIT_DONE
    found, _ = split(options.TSOUT, argv, NAME)
    try:
        files = _look(site, argv, says_so=True)
        if has(found, "follow"):
            return _print(Follower(lambda: _look(site, argv, says_so=False)), files)
    except _AnsweredError as answer:
        return answer.exit_code
    if has(found, "cat"):
        return _print(Follower(lambda: ()), [replace(file, growing=False) for file in files])
    listing = tsout.render([(file, _size(file.path)) for file in files])
    console.say(listing.encode("utf-8", "backslashreplace"))
    return EXIT_DONE


def _look(site: Site, argv: list[str], *, says_so: bool) -> list[OutFile]:
    """The files as the dispatcher knows them, or else the spool."""
    try:
        reply = asking.ask(site, NAME, "out", argv)
    except TryLaterError as nobody:
        from tinysched.commands import offline

        return offline.out(site, argv, nobody, says_so=says_so)
    code = asking.deliver(site, NAME, reply)
    if code != EXIT_DONE:
        raise _AnsweredError(code)
    try:
        return tsout.unpack(reply.values.get("files", b""))
    except ValueError:
        raise WireError("cannot read the dispatcher's answer: it is no list of files") from None


def _print(follower: Follower, files: Sequence[OutFile]) -> int:
    unread = follower.run(files)
    for sentence in unread:
        console.complain(NAME, TinyschedError(sentence))
    return EXIT_REFUSED if unread else EXIT_DONE


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):
        return None  # not there, or not for this caller to see
