"""A unit of the user's own systemd that runs a program from boot on, without any login."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from tinysched.errors import TinyschedError
from tinysched.host import errands, identity

PREFIX = "tinysched-agent-"
# Lingering is what has systemd start a user's units at boot. Who finds it on leaves it on.
OUR_LINGER = "# lingering was switched on for this\n"

# KillMode: jobs are in the unit's control group and outlive the agent. OOMPolicy: a job that is
# killed for its memory is no reason to stop the agent.
_UNIT = """\
# Written by 'tsagent enable'; 'tsagent disable' removes it.
{linger}[Unit]
Description=tinysched agent of {root}

[Service]
ExecStart=/usr/bin/env {variable} {program} agent
KillMode=process
OOMPolicy=continue
Restart=on-failure
RestartSec=30

[Install]
WantedBy=default.target
"""


def enable(root: str, program: str) -> str:
    """Have the user's systemd start `program agent` for a root at boot; returns the unit's path.

    Raises: TinyschedError if that cannot be done; then nothing of it is left.
    """
    if any(ord(letter) < ord(" ") for letter in root + program):
        raise TinyschedError("a unit of systemd cannot hold such a path")
    _order("--user", "show", "--property=Version")
    has_lingered = _lingers()
    linger = OUR_LINGER if not has_lingered or _our_linger() else ""
    path = _path(root)
    _write(path, _text(root, program, linger))
    try:
        _order("--user", "daemon-reload")
        _order("--user", "enable", path.name)
        if not has_lingered:
            _linger("enable-linger")
    except TinyschedError:
        _remove(path)
        raise
    return str(path)


def disable(root: str) -> bool:
    """Take away what `enable` did, and no more; False: there was nothing.

    Raises: TinyschedError.
    """
    path = _path(root)
    if not _is_there(path):
        return False
    ours = _our_linger()
    _remove(path)
    if ours and not list(path.parent.glob(f"{PREFIX}*.service")):
        _linger("disable-linger")
    return True


def is_enabled(root: str) -> bool:
    """Whether the unit is there."""
    return _is_there(_path(root))


def _is_there(path: Path) -> bool:
    """False, too, for a home that cannot be looked into."""
    return os.path.exists(path)


def _path(root: str) -> Path:
    home = os.environ.get("HOME") or identity.home(os.getuid())
    config = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    return Path(config, "systemd", "user", f"{PREFIX}{name}.service")


def _text(root: str, program: str, linger: str) -> str:
    return _UNIT.format(
        linger=linger,
        root=root.replace("%", "%%"),
        variable=_quoted(f"TJS_ROOT={root}"),
        program=_quoted(program),
    )


def _quoted(word: str) -> str:
    """One word of ExecStart. Source: systemd.service(5), COMMAND LINES."""
    for sign, escaped in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        word = word.replace(sign, escaped)
    return f'"{word}"'


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise TinyschedError(f"{path} cannot be written: {error.strerror}") from None


def _remove(path: Path) -> None:
    """The unit is gone afterwards, whether or not systemd can be asked to see to it."""
    with contextlib.suppress(TinyschedError):
        _order("--user", "disable", path.name)
    try:
        for place in (path, path.parent / "default.target.wants" / path.name):
            place.unlink(missing_ok=True)
    except OSError as error:
        raise TinyschedError(f"{path} cannot be removed: {error.strerror}") from None
    with contextlib.suppress(TinyschedError):
        _order("--user", "daemon-reload")


def _our_linger() -> bool:
    units = _path("").parent.glob(f"{PREFIX}*.service")
    return any(OUR_LINGER in unit.read_text(errors="replace") for unit in units)


def _lingers() -> bool:
    answer = errands.run("loginctl", "show-user", str(os.getuid()), "--property=Linger")
    if answer.code == 0:
        return answer.out.strip() == "Linger=yes"
    # Of a user who is not logged in, older versions know nothing.
    return os.path.exists(f"/var/lib/systemd/linger/{identity.user_name(os.getuid())}")


def _order(*words: str) -> None:
    answer = errands.run("systemctl", *words)
    if answer.code != 0:
        raise TinyschedError(f"'systemctl {' '.join(words[:2])}' fails: {answer.words}")


def _linger(verb: str) -> None:
    answer = errands.run("loginctl", verb)
    if answer.code != 0:
        raise TinyschedError(f"'loginctl {verb}' fails: {answer.words}")
