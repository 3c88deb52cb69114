"""A root of its own for each test, opened and closed as by a dispatcher."""

import os

import pytest

from tests.spool.disks import QuickDisk
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
    opened = Store.open(root, QuickDisk())
    opened.load()
    yield opened
    opened.close()


@pytest.fixture
def private(store, root):
    """The directory of whoever runs this test."""
    opened = Private.open(root, os.geteuid(), QuickDisk())
    yield opened
    opened.close()
