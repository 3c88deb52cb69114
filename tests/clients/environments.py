"""Where the clients live: a virtual environment for each, of what its requirements pin."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e.people import REPOSITORY, is_open_to_others

REQUIREMENTS = Path(__file__).parent / "requirements"
CLIENTS = sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))
VARIABLE = "TINYSCHED_CLIENTS"
_PIP_S = 900


def python_of(client: str) -> Path:
    """The interpreter of a client's environment, which is made, or made anew, if need be."""
    wanted = REQUIREMENTS / f"{client}.txt"
    place = _cache() / client
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, digest = place / "requirements.sha256", _digest(wanted)
        if not stamp.exists() or stamp.read_text() != digest:
            _make(place, wanted)
            stamp.write_text(digest)
    return place / "bin" / "python"


def _cache() -> Path:
    """Below $TINYSCHED_CLIENTS, else ~/.cache; in the checkout if nobody else may go there."""
    if named := os.environ.get(VARIABLE):
        return Path(named).absolute()
    usual = Path.home() / ".cache"
    usual.mkdir(exist_ok=True)
    return usual / "tinysched-clients" if is_open_to_others(usual) else REPOSITORY / ".clients"


def _digest(wanted: Path) -> str:
    return hashlib.sha256(f"{sys.version}\n{wanted.read_text()}".encode()).hexdigest()


def _make(place: Path, wanted: Path) -> None:
    """With the Python of the tests, outside the environment that these live in."""
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    shutil.rmtree(place, ignore_errors=True)
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(wanted)]
    for words in ([python, "-m", "venv", place], [place / "bin" / "python", *pip]):
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            umask=0o022,
            timeout=_PIP_S,
            env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"},
        )
        assert done.returncode == 0, f"cannot make {place}: {done.stdout}"
