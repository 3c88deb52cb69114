"""Which Python the installed commands run with: one that everybody in the group can execute."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from installer import trust
from installer.words import InstallError, step

OLDEST = (3, 10)
CANDIDATES = [
    f"{folder}/python3{minor}"
    for minor in ("", *(f".{number}" for number in range(16, OLDEST[1] - 1, -1)))
    for folder in ("/usr/bin", "/usr/local/bin")
]
_PROBE = "import sys, sysconfig; print(sys.version_info >= {oldest}, sysconfig.get_path('stdlib'))"


def choose(trusted: frozenset[int], running: str = "") -> str:
    """The interpreter that runs this program if it will do for everybody, else the system's.

    `trusted`: whose files everybody may run, besides root's.

    Raises: InstallError naming the package that is missing.
    """
    running = running or os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    good = [path for path in (running, *CANDIDATES) if is_open(path) and is_safe(path, trusted)]
    for path in good:
        if _has_modules(path):
            if path != running:
                step(f"using {path}: {_why_not(running, trusted)}")
            return path
    if not good:
        raise InstallError(
            f"cannot install with {running}: {_why_not(running, trusted)}",
            "install the system's own (Debian, Ubuntu: apt-get install python3 python3-venv)",
        )
    raise InstallError(
        f"cannot make an environment with {good[0]}: it lacks the module venv or ensurepip",
        f"install it (Debian, Ubuntu: apt-get install {_package(good[0])}) and run this again",
    )


def is_safe(path: str, trusted: frozenset[int]) -> bool:
    """Whether nobody else could put another program in its place."""
    try:
        trust.check("the interpreter", os.path.realpath(path), trusted)
    except InstallError:
        return False
    return True


def is_open(path: str) -> bool:
    """Whether it is a Python new enough, and everybody may execute it and read its library."""
    if not reachable(path):
        return False
    answer = _ask(path, _PROBE.format(oldest=OLDEST)).split(maxsplit=1)
    return len(answer) == 2 and answer[0] == "True" and reachable(answer[1].strip())


def reachable(path: str) -> bool:
    """Whether everybody may execute (or list) it and pass every directory above it."""
    try:
        place = Path(path).resolve(strict=True)
        if place.stat().st_mode & 0o005 != 0o005:
            return False
        return all(above.stat().st_mode & 0o001 for above in place.parents)
    except OSError:
        return False


def _why_not(path: str, trusted: frozenset[int]) -> str:
    if not reachable(path):
        return f"other users cannot execute {path}"
    if not is_safe(path, trusted):
        return f"others could put another program in the place of {path}"
    if not is_open(path):
        return f"{path} is older than Python 3.{OLDEST[1]}, or its library cannot be read by others"
    return f"{path} lacks the module venv or ensurepip"


def _has_modules(path: str) -> bool:
    return _ask(path, "import ensurepip, venv; print('yes')").strip() == "yes"


def _package(path: str) -> str:
    version = _ask(path, "import sys; print('%d.%d' % sys.version_info[:2])").strip()
    return f"python{version}-venv" if version else "python3-venv"


def _ask(path: str, program: str) -> str:
    try:
        done = subprocess.run(
            [path, "-I", "-c", program], capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
