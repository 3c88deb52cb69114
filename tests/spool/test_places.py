"""What is under a root is what docs/spool.md says, with its mode, whatever the umask."""

import os
from pathlib import Path

import pytest

from tests.spool.disks import QuickDisk
from tests.spool.made import (
    RUNS,
    array,
    ended,
    ending,
    grant,
    plain,
    request_files,
    save_script,
    task,
)
from tinysched.job.model import Outcome
from tinysched.spool import outbox, tree
from tinysched.spool.places import PLACES, place_of, table
from tinysched.spool.private import Private
from tinysched.spool.runrecords import Started
from tinysched.spool.store import Store

DOCS = Path(__file__).parents[2] / "docs" / "spool.md"
UID = os.geteuid()


def test_docs_spool_md_has_the_table_of_the_code(golden):
    text = DOCS.read_text(encoding="utf-8")
    head = text.partition("| path |")[0]
    golden(DOCS, head + table())


def test_no_two_places_are_written_the_same():
    assert len({place.path for place in PLACES}) == len(PLACES)


@pytest.fixture(params=[0o000, 0o077, 0o022, 0o177])
def used(request, tmp_path):
    """A root in which everything has been done once, under some umask."""
    root = tmp_path / "root"
    root.mkdir(mode=0o755)
    before = os.umask(request.param)
    try:
        use(str(root))
    finally:
        os.umask(before)
    return root


def use(root):
    store = Store.open(root, QuickDisk())
    store.load()
    for number, state in ((1, RUNS), (2, ended()), (3, ended(Outcome.FAILED))):
        assert store.allocate_id() == number
        save_script(store, number, b"x")
        store.publish([plain(number)])
        store.publish([plain(number, state)])
    job = array(4, 3)
    save_script(store, 4, b"x")
    store.publish([job, task(job, 1), task(job, 2, ended())])
    Path(root, "queue/running/job_9.meta").write_text("spoilt")
    os.close(outbox.write(root, UID, "tok", request_files()))
    private = Private.open(root, UID, QuickDisk())
    private.lock_agent().release()
    private.save_shell(b"nice 0\n")
    private.bind("tok", 1)
    run = private.claim(grant())
    run.write_started(Started(pid=1, start_ticks=1, boot_id="b", started_at=1.0))
    run.reserve_exit()
    run.show_script(1, "tok")
    other = private.claim(grant(8))
    other.write_ending(ending(grant(8)))
    for one in (run, other):
        one.close()
    private.close()
    store.close()
    store = Store.open(root, QuickDisk())
    assert len(store.load().quarantined) == 1
    store.close()


def test_every_file_is_known_and_has_its_mode(used):
    seen = set()
    for path in sorted(used.rglob("*")):
        is_folder = path.is_dir() and not path.is_symlink()
        name = str(path.relative_to(used)) + ("/" if is_folder else "")
        place = place_of(name)
        assert place is not None, name
        seen.add(place.path)
        if place.mode is not None:
            assert oct(path.lstat().st_mode & 0o7777) == oct(place.mode), name
    assert used.stat().st_mode & 0o7777 == tree.ROOT_MODE
    assert len(seen) > 35


def test_every_file_has_the_group_of_the_root(tmp_path):
    if UID != 0:
        pytest.skip("CI cannot run this: only root can hand a directory to any group")
    root = tmp_path / "root"
    root.mkdir()
    os.chown(root, -1, 54321)
    use(str(root))
    for folder in ("queue", "state", "logs", "run", "tmp"):
        for path in [root / folder, *(root / folder).rglob("*")]:
            if path.parent.name != "quarantine":
                assert path.lstat().st_gid == 54321, path


def test_modes_that_an_admin_made_tighter_stay(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    Store.open(str(root), QuickDisk()).close()
    (root / "queue").chmod(0o2700)
    (root / "logs").chmod(0o2777)
    Store.open(str(root), QuickDisk()).close()
    assert (root / "queue").stat().st_mode & 0o7777 == 0o2700
    assert (root / "logs").stat().st_mode & 0o7777 == 0o2750


def test_records_may_be_kept_from_the_group(tmp_path):
    store = Store.open(str(tmp_path), meta_mode=0o600)
    store.publish([plain(1), plain(2, ended())])
    store.close()
    for name in ("queue/pending/job_1.meta", "queue/completed/job_2.meta", "state/ended.log"):
        assert (tmp_path / name).stat().st_mode & 0o7777 == 0o600
