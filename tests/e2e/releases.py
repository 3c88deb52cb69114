"""Versions side by side under one private queue, as install.py puts them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from installer import launchers, versions
from tests.e2e.people import REPOSITORY
from tests.e2e.rig import Site

# Until there is a former release to try, copies of this one pass for other releases.
LINES = {
    "version": ("__init__.py", r'__version__ = ".*"', '__version__ = "{}"'),
    "protocol": ("wire/fields.py", r"PROTOCOL = \d+", "PROTOCOL = {}"),
}


def release(site: Site, **claims: object) -> str:
    """Puts another release beside the one in use; answers where it lies."""
    place = site.place / "lib" / "versions" / str(claims["version"])
    (place / "commands").mkdir(parents=True)
    modules = place / "ours" / "tinysched"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "tinysched", modules, ignore=ignored)
    for name, value in claims.items():
        path, pattern, line = LINES[name]
        text = (modules / path).read_text()
        assert re.search(pattern, text), path
        (modules / path).write_text(re.sub(pattern, line.format(value), text, count=1))
    for name in ("bin", "lib", "pyvenv.cfg"):
        (place / name).symlink_to(Path(sys.prefix) / name)
    compile_modules(modules)
    launchers.write(site.choices, str(place))
    return str(place)


def compile_modules(modules: Path) -> None:
    """As install.py does: users cannot write here."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", modules], check=True)


def place_in_use(site: Site) -> str:
    """Where the version lies that commands are of now."""
    return str(Path(site.choices.current).resolve())


def turn_to(site: Site, place: str) -> None:
    """What install.py does last: from now on every command is of this version."""
    versions.use(site.choices, place)


def restart(site: Site) -> None:
    """The dispatcher, as the version in use."""
    site.kill_dispatcher(15)
    site.start()


def is_run_by(place: str, pid: int | None) -> bool:
    """A process is of this version."""
    return pid in versions.running(place)
