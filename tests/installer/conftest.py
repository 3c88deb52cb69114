"""A place to install into that install.py itself would accept."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory whose every parent is safe and open to others."""
    made = Path(tempfile.mkdtemp(prefix="tinysched-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)
