"""A root of its own for each test, opened and closed as by a dispatcher."""

import os

import pytest

from tinysched.spool.private import Private
from tinysched.spool.store import Store


@pytest.fixture
def root(tmp_path):
    path = tmp_path / "root"
    path.mkdir()
    return str(path)


@pytest.fixture
def store(root):
    """An open, loaded store."""
    opened = Store.open(root)
    opened.load()
    yield opened
    opened.close()


@pytest.fixture
def private(store, root):
    """The directory of whoever runs this test."""
    opened = Private.open(root, os.geteuid())
    yield opened
    opened.close()
