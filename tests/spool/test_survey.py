"""A survey finds everything below a root, in the state that places.py speaks of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.spool.made import save_script
from tinysched.errors import SpoolError
from tinysched.spool.private import Private
from tinysched.spool.store import Store
from tinysched.spool.survey import lock_holder, survey


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "queue"
    made.mkdir(mode=0o2750)
    return made


def test_every_place_of_a_queue_is_known_and_none_is_missing(root: Path):
    store = Store.open(str(root))
    Private.open(str(root), os.getuid()).close()
    save_script(store, 7, b"x")
    found = survey(str(root))
    store.close()
    assert [item.path for item in found.found if item.place is None] == []
    assert (found.missing, found.closed) == ((), ())
    paths = {item.path for item in found.found}
    own = f"users/u{os.getuid()}/"
    assert {"", "queue/pending/", "queue/pending/job_7.script", f"{own}requests/"} <= paths
    owners = {item.path: item.owner_uid for item in found.found}
    assert (owners["queue/"], owners[f"{own}runs/"]) == (None, os.getuid())


def test_strangers_links_and_gaps_are_told(root: Path):
    Store.open(str(root)).close()
    (root / "strange" / "deep").mkdir(parents=True)
    (root / "users" / "squatted.u1.5" / "deep").mkdir(parents=True)
    (root / "queue" / "link").symlink_to("/etc")
    (root / "tmp").rmdir()
    found = survey(str(root))
    assert found.missing == ("tmp/",)
    assert [item.path for item in found.found if item.place is None] == ["queue/link", "strange/"]
    assert [item.path for item in found.found if item.is_link] == ["queue/link"]


def test_a_lock_directory_elsewhere_is_followed(root: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (root / "lock").symlink_to(elsewhere)
    store = Store.open(str(root), lock_dir=str(elsewhere))
    found = {item.path: item for item in survey(str(root)).found}
    assert not found["lock/"].is_link
    assert "lock/global.lock" in found
    assert lock_holder(str(root)) == os.getpid()
    store.close()
    assert lock_holder(str(root)) is None


def test_without_a_root_there_is_a_sentence(root: Path):
    with pytest.raises(SpoolError, match=r"cannot look at .*none: No such file"):
        survey(f"{root}/none")
