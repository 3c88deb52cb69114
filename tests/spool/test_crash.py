"""Every operation on the disk is made the last one, and each is made to fail."""

import errno
import os
from contextlib import suppress
from dataclasses import replace

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
    task,
    with_state,
)
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
    store.save_script(first, b"old script")
    store.publish([plain(first)])
    store.publish([plain(store.allocate_id(), RUNS), plain(store.allocate_id(), ended())])
    store.publish([array(store.allocate_id(), 3)])
    store.close()
    return str(root)


def empty(tmp_path, name):
    """A root that nobody has used yet."""
    root = tmp_path / name
    root.mkdir()
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


def requeue(store):
    """An ended job waits again."""
    store.publish([known(plain(3))])


def submit(store):
    """A new job is accepted."""
    number = store.allocate_id()
    store.save_script(number, b"new script")
    store.publish([plain(number)])


def purge(store):
    """An ended job is removed."""
    store.remove([3])


WORK = (publish_one, publish_in_place, publish_many, requeue, submit, purge)


def whole(loaded):
    """What is in the queue, without revisions: by id."""
    jobs = {job.id: replace(job, revision=0) for job in loaded.jobs}
    tasks = {
        (one.unit.id.number, one.unit.id.task): replace(one.unit.state) for one in loaded.tasks
    }
    return jobs, tasks


def look(root):
    """Load it as the next dispatcher does, and show that it can be written."""
    store = Store.open(root, CountingDisk())
    loaded = store.load(0.0)
    found = whole(loaded)
    assert loaded.quarantined == ()
    number = store.allocate_id()
    assert number > loaded.last_id
    store.save_script(number, b"next")
    assert {(line.number, line.task) for line in store.ended()} == _ended_keys(found)
    store.publish([plain(number, ended())])
    assert store.remove([number]) == [number]
    assert store.read_script(1) == b"old script"
    store.close()
    assert not os.listdir(f"{root}/tmp")
    return found


def _ended_keys(found):
    jobs, tasks = found
    keys = {(job.id, None) for job in jobs.values() if job.is_final}
    return keys | {key for key, state in tasks.items() if hasattr(state, "outcome")}


@pytest.mark.parametrize("work", WORK, ids=lambda work: work.__name__)
def test_a_kill_at_any_operation_leaves_each_record_old_or_new_and_none_lost(tmp_path, work):
    before = look(prepared(tmp_path, "before"))
    done = prepared(tmp_path, "after")
    store = Store.open(done, CountingDisk())
    store.load()
    work(store)
    store.close()
    after = look(done)
    assert after != before

    def try_it(root, disk):
        store = Store.open(root, disk)
        store.load()
        start = len(disk.calls)
        work(store)
        return start, len(disk.calls)

    probe = DyingDisk(10**9)
    first, last = try_it(prepared(tmp_path, "probe"), probe)
    probe.die()
    assert last - first > 2
    for k in range(first, last + 1):
        root = prepared(tmp_path, f"k{k}")
        disk = DyingDisk(k)
        run_until_death(lambda disk, root=root: try_it(root, disk), disk)
        jobs, tasks = look(root)
        for number in {*before[0], *jobs}:
            is_old = jobs.get(number) == before[0].get(number)
            is_new = jobs.get(number) == after[0].get(number)
            # Of an array the tasks' own records may have come first: it is put right by them.
            is_between = number == 4 and work is publish_many and number in jobs
            assert is_old or is_new or is_between, (k, disk.calls[-1], number)
        for key in tasks:
            assert tasks[key] == after[1][key]
        if work is publish_many:
            started = {index for _, index in tasks}
            assert set(jobs[4].work.todo) == {1, 2, 3} - started


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("work", WORK, ids=lambda work: work.__name__)
def test_a_disk_that_fails_at_any_operation_says_so_and_the_store_goes_on(tmp_path, work, number):
    done = prepared(tmp_path, "after")
    probe = FailingDisk(0)
    store = Store.open(done, probe)
    store.load()
    first = len(probe.calls)
    work(store)
    last = len(probe.calls)
    store.close()
    after = look(done)
    root = prepared(tmp_path, "tried")
    for k in range(1, last - first + 1):
        disk = FailingDisk(0)
        store = Store.open(root, disk)
        store.load()
        disk.fail_at(k)
        with suppress(SpoolError):
            work(store)
        assert disk.failed
        with suppress(SpoolError):
            work(store)
        store.close()
        jobs, tasks = look(root)
        if work is not submit:
            assert (jobs, tasks) == after, (k, disk.failed)
        root = prepared(tmp_path, f"k{k}")


def test_a_full_disk_is_named_and_nothing_changes(tmp_path):
    root = prepared(tmp_path, "full")
    before = look(root)
    disk = FailingDisk(0)
    store = Store.open(root, disk)
    store.load()
    disk.fail_at(1, more=10**6)
    for work in WORK[:-1]:
        with pytest.raises(SpoolError, match="No space left on device"):
            work(store)
    disk.work_again()
    store.close()
    assert look(root) == before


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
        with pytest.raises(SpoolError, match="stuck"):
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


@pytest.mark.parametrize("make", [prepared, empty], ids=lambda make: make.__name__)
def test_a_start_may_be_killed_at_any_operation(tmp_path, make):
    def start(disk, root):
        Store.open(root, disk).load()

    first = make(tmp_path, "first")
    for k in range(operations(lambda disk: start(disk, first))):
        root = make(tmp_path, f"k{k}")
        run_until_death(lambda disk, root=root: start(disk, root), DyingDisk(k))
        store = Store.open(root, CountingDisk())
        assert store.load().quarantined == ()
        store.close()


@pytest.mark.parametrize("work", WORK[:3], ids=lambda work: work.__name__)
def test_a_power_cut_takes_nothing_that_was_published(tmp_path, work):
    disk = WatchingDisk()
    store = Store.open(prepared(tmp_path, "root"), disk)
    store.load()
    disk.forget()
    work(store)
    found = [what for what in disk.unsafe() if what != "content"]  # the index is derived
    assert found == []
    store.close()


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
