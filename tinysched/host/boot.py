"""Who starts a program when this host boots, as far as the caller may look."""

from __future__ import annotations

import glob
import os

from tinysched.errors import TinyschedError
from tinysched.host import errands, identity

_SYSTEM = ("/etc/crontab", "/etc/cron.d/*", "/etc/rc.local", "/etc/systemd/system/*.service")
_LARGEST = 1 << 20


def starters(names: tuple[str, ...]) -> list[str]:
    """The crontabs and units that name one of these programs in a line that is in force.

    Of crontabs, lines with @reboot count.
    """
    found = []
    if any(_starts(line, names) and "@reboot" in line for line in _crontab()):
        found.append("your crontab")
    for path in _files():
        lines = _lines(path)
        is_cron = path.startswith("/etc/cron")
        if any(_starts(line, names) and (not is_cron or "@reboot" in line) for line in lines):
            found.append(path)
    return found


def _starts(line: str, names: tuple[str, ...]) -> bool:
    return not line.lstrip().startswith(("#", ";")) and any(name in line for name in names)


def _crontab() -> list[str]:
    try:
        answer = errands.run("crontab", "-l")
    except TinyschedError:
        return []
    return answer.out.splitlines() if answer.code == 0 else []


def _files() -> list[str]:
    home = os.environ.get("HOME") or identity.home(os.getuid())
    config = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    wanted = f"{glob.escape(config)}/systemd/user/*.wants/*.service"
    return [path for pattern in (*_SYSTEM, wanted) for path in sorted(glob.glob(pattern))]


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_LARGEST).splitlines()
    except OSError:
        return []
