"""Small deeds on files, and facts about the sources."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from installer import files, versions
from tests.installer.asking import REPOSITORY


def test_a_file_is_replaced_whole_with_its_mode(place: Path) -> None:
    path = place / "file"
    path.write_text("old")
    before = os.umask(0o077)
    try:
        files.replace(str(path), "new", 0o644)
    finally:
        os.umask(before)
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [entry.name for entry in place.iterdir()] == ["file"]


def test_what_pyproject_asks_for_is_what_is_installed() -> None:
    words = " ".join(versions.requirements())
    for name in ("click", "psutil", "python-daemon", "pyyaml", "supervisor"):
        assert name in words


def test_an_old_python_is_told_so_and_nothing_else_happens() -> None:
    text = (REPOSITORY / "install.py").read_text()
    first_import_of_ours = text.index("from installer")
    assert text.index("sys.version_info < (3, 10)") < first_import_of_ours
