"""Bundles: one file for each command that is called in loops, see tinysched/bundle.py."""

from __future__ import annotations

from installer import files
from installer.launchers import BUNDLED, BUNDLES
from installer.versions import libraries, run

# What no command needs of its code: docstrings, and in which column of a line a call stands.
_LEAN = ("-ISBOO", "-X", "no_debug_ranges")
_WRITE = """\
import sys
sys.path += {libraries!r}
from tinysched import bundle
bundle.write({path!r} + sys.implementation.cache_tag, {command!r})
"""


def write(place: str) -> None:
    """Write the bundles of a version, by its own interpreter.

    Raises: InstallError.
    """
    folder = f"{place}/commands/{BUNDLES}"
    files.directory(folder, 0o755)
    for command in BUNDLED:
        path = f"{folder}/{command}."
        text = _WRITE.format(libraries=libraries(place), path=path, command=command)
        run("bundle the programs", [f"{place}/bin/python", *_LEAN, "-c", text])
