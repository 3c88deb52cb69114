"""A line in the user's crontab that starts a command at boot; all other lines stay as they are."""

from __future__ import annotations

import shlex

from tinysched.errors import TinyschedError
from tinysched.host import errands


def enable(root: str, program: str) -> str:
    """Have cron run `program start --at-boot` for a root after each boot; returns the line.

    Raises: TinyschedError if there is no cron for this user.
    """
    if any(sign in root + program for sign in "\n\0"):
        raise TinyschedError("a crontab cannot hold a path with a line break")
    before = _read()
    after = with_line(before, root, program)
    if after != before:
        _write(after)
    return _line(root, program)


def disable(root: str) -> bool:
    """Take the line away again; False: there was none.

    Raises: TinyschedError.
    """
    before = _read()
    after = without_line(before, root)
    if after == before:
        return False
    _write(after)
    return True


def is_enabled(root: str) -> bool:
    """Whether the line is there. A user without a crontab has none."""
    try:
        text = _read()
    except TinyschedError:
        return False
    return without_line(text, root) != text


def with_line(text: str, root: str, program: str) -> str:
    """A crontab with the line at its end, once."""
    others = without_line(text, root)
    if others and not others.endswith("\n"):
        others += "\n"
    return f"{others}{_mark(root)}\n{_line(root, program)}\n"


def without_line(text: str, root: str) -> str:
    """A crontab without the line and its mark."""
    return "\n".join(
        line
        for line in text.split("\n")
        if line != _mark(root) and not line.startswith(_beginning(root))
    )


def _mark(root: str) -> str:
    return f"# tinysched, {root}: the next line is of 'tsagent enable'; 'tsagent disable' ends it"


def _beginning(root: str) -> str:
    # env(1), for a SHELL that may be any; cron reads an unquoted % as a line break.
    return f"@reboot /usr/bin/env TJS_ROOT={_quoted(root)} "


def _line(root: str, program: str) -> str:
    return f"{_beginning(root)}{_quoted(program)} start --at-boot"


def _quoted(path: str) -> str:
    return shlex.quote(path).replace("%", "\\%")


def _read() -> str:
    answer = errands.run("crontab", "-l")
    if answer.code == 0:
        return answer.out
    if "no crontab for" in answer.err:
        return ""
    raise TinyschedError(f"crontab refuses: {answer.words}")


def _write(text: str) -> None:
    answer = errands.run("crontab", "-" if text else "-r", stdin=text)
    if answer.code != 0:
        raise TinyschedError(f"crontab refuses: {answer.words}")
    if _read() != text:
        raise TinyschedError("crontab keeps something else than it was given")
