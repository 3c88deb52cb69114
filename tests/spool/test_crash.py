"""What a kill, a full disk or a power cut must not take."""

import errno
import os
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest

from tests.spool.disks import (
    CountingDisk,
    DyingDisk,
    FailingDisk,
    WatchingDisk,
    operations,
    run_until_death,
)
from tests.spool.made import (
    RUNS,
    array,
    ended,
    plain,
    save_script,
    task,
    with_state,
)
from tests.spool.power import PowerDisk
from tinysched.errors import SpoolError
from tinysched.job.model import Outcome
from tinysched.spool.atomic import Folder
from tinysched.spool.store import Store

UID = os.geteuid()
pytestmark = pytest.mark.crash


def prepared(tmp_path, name):
    """A root with a job in each state, as a dispatcher left it; opened anew for each try."""
    root = tmp_path / name
    root.mkdir()
    store = Store.open(str(root), CountingDisk())
    store.load()
    first = store.allocate_id()
    save_script(store, first, b"old script")
    store.publish([plain(first)])
    store.publish([plain(store.allocate_id(), RUNS), plain(store.allocate_id(), ended())])
    store.publish([array(store.allocate_id(), 3)])
    store.close()
    return str(root)


def known(job):
    """As it was loaded: each was published once."""
    return replace(job, revision=1)


def publish_one(store):
    """A job moves to another folder."""
    store.publish([with_state(known(plain(2)), ended(Outcome.FAILED))])


def publish_in_place(store):
    """A job's record is replaced where it lies."""
    store.publish([with_state(known(plain(2)), replace(RUNS, pid=99))])


def publish_many(store):
    """Two tasks start and their array moves on."""
    job = known(array(4, 3, todo=""))
    store.publish([task(job, 1), task(job, 2), task(job, 3), job])


def purge(store):
    """An ended job is removed."""
    store.remove([3])


WORK = (publish_one, publish_in_place, publish_many, purge)


def test_a_full_disk_is_named_and_nothing_changes(tmp_path):
    root = prepared(tmp_path, "full")
    before = whole_queue(root)
    disk = FailingDisk(0)
    store = Store.open(root, disk)
    store.load()
    disk.fail_at(1, more=10**6)
    for work in WORK[:3]:
        with pytest.raises(SpoolError, match="No space left on device"):
            work(store)
    disk.work_again()
    store.close()
    assert whole_queue(root) == before


def test_no_revision_is_used_twice_after_a_failed_save(tmp_path):
    """The failed save may be on the disk: the next one must win against it."""

    class Stuck(FailingDisk):
        """Removes nothing, if told so: as if killed just before."""

        stuck = False

        def step(self, call, what):
            super().step(call, what)
            if self.stuck and call == "unlink":
                raise OSError(errno.EIO, "stuck")

    for k in range(1, 12):
        root = prepared(tmp_path, f"k{k}")
        disk = Stuck(0)
        store = Store.open(root, disk)
        [job] = [job for job in store.load().jobs if job.id == 2]
        disk.fail_at(k)
        with suppress(SpoolError):
            [job] = store.publish([with_state(job, ended(Outcome.COMPLETED))])
        assert disk.failed
        disk.stuck = True
        store.publish([with_state(job, ended(Outcome.FAILED))])
        disk.stuck = False
        store.close()
        [saved] = [job for job in whole_queue(root).jobs if job.id == 2]
        assert saved.work.state.outcome is Outcome.FAILED


def whole_queue(root):
    """All that the next dispatcher would see."""
    store = Store.open(root, CountingDisk())
    try:
        return store.load(0.0)
    finally:
        store.close()


def test_ids_are_unique_whatever_is_the_last_operation(tmp_path):
    root = prepared(tmp_path, "root")
    used = {1, 2, 3, 4}

    def work(disk):
        store = Store.open(root, disk)
        store.load()
        for _ in range(3):
            number = store.allocate_id()
            assert number not in used
            used.add(number)
        store.close()

    for k in range(operations(work)):
        run_until_death(work, DyingDisk(k))
    assert len(used) > 10


@pytest.mark.parametrize("work", WORK[:3], ids=lambda work: work.__name__)
def test_a_power_cut_takes_nothing_that_was_published(tmp_path, work):
    wanted = prepared(tmp_path, "wanted")
    store = Store.open(wanted, CountingDisk())
    store.load()
    work(store)
    store.close()
    for seed in range(12):
        disk = PowerDisk(prepared(tmp_path, f"root{seed}"))
        store = Store.open(disk.path, disk)
        store.load()
        work(store)
        disk.cut(f"{tmp_path}/left{seed}", Random(seed))
        assert whole_queue(f"{tmp_path}/left{seed}") == whole_queue(wanted)


def test_a_power_cut_takes_no_id(tmp_path):
    disk = WatchingDisk()
    store = Store.open(prepared(tmp_path, "root"), disk)
    store.load()
    disk.forget()
    for _ in range(600):
        store.allocate_id()
        assert disk.unsafe() == []
    store.close()


def test_the_watching_disk_sees_what_is_missing(tmp_path):
    """Were it blind, the tests above would say nothing."""
    disk = WatchingDisk()
    folder = Folder.open(disk, str(tmp_path))
    folder.take("b", folder, folder.stage(b"x", 0o600))
    assert disk.unsafe() == ["the name b"]
    fd = folder.keep("c", 0o600)
    disk.write(fd, b"x")
    folder.take("d", folder, "c")
    assert disk.unsafe()[0] == "d was renamed before it was synced"
    disk.close(fd)
    folder.close()
