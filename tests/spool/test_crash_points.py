"""Every operation of every deed of the store is made the last one, or is made to fail."""

import errno
import os
import re
import shutil
from contextlib import closing, suppress
from dataclasses import replace

import pytest

from tests.spool.deeds import DEEDS, HIGHEST, OLD_SCRIPT, queue
from tests.spool.disks import (
    CountingDisk,
    DyingDisk,
    FailingDisk,
    QuickDisk,
    ShortDisk,
    run_until_death,
)
from tests.spool.made import ended, plain
from tinysched.errors import SpoolError
from tinysched.job.model import Elements, Ended, Granted, Running
from tinysched.job.ranges import Ranges
from tinysched.spool.store import Store, read_only

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]
ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES)
FOR_GOOD = 10**6
EVERY = pytest.mark.parametrize("deed", DEEDS, ids=str)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """One root for each situation, to be copied."""
    top = tmp_path_factory.mktemp("situations")
    made = {}
    for deed in DEEDS:
        root = top / deed.make.__name__
        if deed.make not in made:
            root.mkdir()
            deed.make(str(root))
            made[deed.make] = str(root)
    return made


@pytest.fixture
def fresh(places, tmp_path):
    """Copies a deed's situation to a new place; returns its path."""
    count = iter(range(10**9))

    def copy(deed):
        root = f"{tmp_path}/{next(count)}"
        shutil.copytree(places[deed.make], root)
        return root

    return copy


def begun(root, disk, deed):
    """A store that is ready for the deed; the operations it took until then."""
    if deed.begins:
        return None, None, len(disk.calls)
    store = Store.open(root, disk)
    return store, store.load(0.0), len(disk.calls)


def carry_out(root, disk, deed):
    """Everything, from the opening on; returns the operations where the deed begins and ends."""
    store, loaded, first = begun(root, disk, deed)
    if store is None:
        store = Store.open(root, disk)
        loaded = store.load(0.0)
    deed.do(store, loaded)
    return first, len(disk.calls)


def measured(root, deed):
    """Where the deed begins and ends when nothing goes wrong; it is done then."""
    disk = CountingDisk()
    try:
        return carry_out(root, disk, deed)
    finally:
        disk.die()


def seen(root):
    """What a reader without a dispatcher finds: jobs and tasks, without their revisions."""
    if not os.path.exists(f"{root}/state/format"):
        return {}, {}  # nobody has begun here
    return whole(read_only(root))


def whole(loaded):
    jobs = {job.id: replace(job, revision=0) for job in loaded.jobs}
    tasks = {(one.unit.id.number, one.unit.id.task): one.unit for one in loaded.tasks}
    return jobs, tasks


def check_arrays(found):
    """Each task of an array is waiting, cancelled, live or over; never two of them."""
    jobs, tasks = found
    for number, job in jobs.items():
        if not isinstance(job.work, Elements):
            continue
        mine = {key[1]: unit.state for key, unit in tasks.items() if key[0] == number}
        live = Ranges.of(i for i, state in mine.items() if isinstance(state, Granted | Running))
        over = Ranges.of(i for i, state in mine.items() if isinstance(state, Ended))
        assert over == job.work.ended
        parts = [job.work.todo, job.work.cancelled, live, over]
        assert sorted(index for part in parts for index in part) == list(job.request.array.tasks)


def look(root):
    """Load it as the next dispatcher does, and show that it can be written."""
    before = seen(root)
    with closing(Store.open(root, QuickDisk())) as store:
        loaded = store.load(0.0)
        found = whole(loaded)
        assert not before[0] or found == before, "who only looks saw the same"
        check_arrays(found)
        keys = {(job.id, None) for job in found[0].values() if job.is_final}
        keys |= {key for key, unit in found[1].items() if isinstance(unit.state, Ended)}
        assert {(line.number, line.task) for line in store.ended()} == keys
        number = store.allocate_id()
        assert number > loaded.last_id
        store.publish([plain(number, ended())], b"next")
        assert store.remove([number]) == [number]
        if 1 in found[0]:
            assert store.read_script(1) == OLD_SCRIPT
        assert not store.owes
    assert not os.listdir(f"{root}/tmp")
    return found


def old_or_new(found, before, after):
    """Each record is the old one or the new one; an array may be between, by its tasks."""
    for number in {*found[0], *before[0], *after[0]}:
        job, was, will = (where[0].get(number) for where in (found, before, after))
        is_array = was is not None and isinstance(was.work, Elements) and job and will
        assert job in (was, will) or is_array, number
    for key in {*found[1], *before[1], *after[1]}:
        assert found[1].get(key) in (before[1].get(key), after[1].get(key)), key


def test_no_public_operation_is_left_out():
    public = {name for name in vars(Store) if not name.startswith("_")}
    assert public == {name for deed in DEEDS for name in deed.uses}


@EVERY
def test_a_kill_at_any_operation_leaves_each_record_old_or_new(fresh, deed):
    root = fresh(deed)
    before = seen(root)
    first, last = measured(root, deed)
    after = look(root)
    assert not deed.writes or after != before
    assert last - first > 1 or not deed.writes
    for k in range(first, last + 1):
        root = fresh(deed)
        disk = DyingDisk(k)
        run_until_death(lambda disk, root=root: carry_out(root, disk, deed), disk)
        found = look(root)
        old_or_new(found, before, after)
        if deed.name == "allocate-id":
            assert HIGHEST in found[0]


def attempts(first, last, soak):
    """Which operation fails, how, and for how long: each in one way, in a soak in every way."""
    ways = [(number, more) for number in ERRORS for more in (0, FOR_GOOD)]
    for k in range(1, last - first + 1):
        for number, more in ways if soak > 1 else [ways[k * 3 % len(ways)]]:
            yield k, number, more


def refused(work, number):
    """Whether the disk's refusal reached the caller, as a sentence and nothing else."""
    try:
        work()
    except SpoolError as error:
        said = error.sentence
    else:
        return False
    assert re.match(r"cannot [a-z ]+ .+: ", said)
    assert os.strerror(number) in said
    return True


@pytest.mark.soak
@EVERY
def test_a_disk_that_refuses_any_operation_is_told_and_nothing_is_half_done(fresh, deed, soak):
    root = fresh(deed)
    before = seen(root)
    first, last = measured(root, deed)
    after = look(root)
    if deed.begins:
        before = after  # nothing is to be done but to put things right
    for k, number, more in attempts(first, last, soak):
        root = fresh(deed)
        disk = FailingDisk(0, number)
        store, loaded, _ = begun(root, disk, deed)
        disk.fail_at(k, more)
        if deed.begins:
            refused(lambda disk=disk, root=root: carry_out(root, disk, deed), number)
            disk.die()
            assert look(root) == after
            continue
        was_refused = refused(lambda s=store, was=loaded: deed.do(s, was), number)
        assert disk.failed, (k, number)
        disk.work_again()
        if more:
            store.catch_up()
        found = seen(root)
        assert_all_or_nothing(deed, found, before if was_refused else after, after)
        if was_refused and deed.name != "close":
            deed.do(store, loaded)
            assert deed.name.startswith("remove") or seen(root) == after
        with suppress(SpoolError):
            store.close()
        disk.die()
        assert look(root) == after or was_refused


def assert_all_or_nothing(deed, found, wanted, after):
    """A refused deed has not happened; of several jobs to remove some may be gone."""
    if deed.name == "remove-all":
        old_or_new(found, wanted, after)
    else:
        assert found == wanted


@EVERY
def test_a_disk_that_writes_little_at_a_time_takes_all_of_it(fresh, deed):
    root = fresh(deed)
    measured(root, deed)
    after = look(root)
    root = fresh(deed)
    disk = ShortDisk()
    carry_out(root, disk, deed)
    disk.die()
    assert look(root) == after


def test_the_situations_are_what_they_are_meant_to_be(tmp_path):
    queue(str(tmp_path))
    jobs, tasks = look(str(tmp_path))
    assert sorted(jobs) == list(range(1, HIGHEST + 1))
    assert len(tasks) == 5
