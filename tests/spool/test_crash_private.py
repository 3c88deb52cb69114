"""Every operation in a user's own directory is made the last one, and each is made to fail."""

import errno
import os
from collections import Counter
from contextlib import suppress
from random import Random

import pytest

from tests.spool.disks import (
    DyingDisk,
    FailingDisk,
    QuickDisk,
    WatchingDisk,
    operations,
    run_until_death,
)
from tests.spool.made import ending, grant, request_files
from tests.spool.power import PowerDisk
from tinysched.errors import SpoolError, TinyschedError
from tinysched.spool import outbox
from tinysched.spool.claims import AlreadyClaimedError
from tinysched.spool.private import Private

UID = os.geteuid()
pytestmark = pytest.mark.crash
each_refusal = pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])


def test_a_request_is_whole_before_anybody_is_told_and_a_dead_writer_is_no_hindrance(store, root):
    def work(disk):
        return outbox.write(root, UID, "tok", request_files(), disk)

    count = operations(work)
    outbox.remove(root, UID, "tok")
    assert count > 20
    for k in range(count):
        run_until_death(work, DyingDisk(k))
        private = Private.open(root, UID)
        private.collect_garbage([], older_than=10**12)
        assert private.tokens() == []
        os.close(outbox.write(root, UID, "tok", request_files()))
        assert private.request("tok").argv == ("-J", "x", "job.sh", "")
        outbox.remove(root, UID, "tok")
        assert private.tokens() == []
        private.close()


@each_refusal
def test_a_request_that_cannot_be_stored_leaves_nothing(store, root, number):
    def work(disk):
        return outbox.write(root, UID, "tok", request_files(), disk)

    Private.open(root, UID).close()
    count = operations(work)
    outbox.remove(root, UID, "tok")
    for k in range(1, count + 1):
        disk = FailingDisk(k, number)
        with pytest.raises(TinyschedError, match=os.strerror(number)):
            work(disk)
        disk.die()
        private = Private.open(root, UID)
        assert private.tokens() == [], disk.failed
        private.close()


def test_a_claim_that_died_half_way_is_known_for_none(private, root):
    def work(disk):
        other = Private.open(root, UID, disk)
        start = len(disk.calls)
        other.claim(grant())
        return start

    probe = DyingDisk(10**9)
    first = work(probe)
    last = len(probe.calls)
    probe.die()
    [run] = private.runs()
    assert run.grant() is not None
    run.forget()
    seen = set()
    for k in range(first, last + 2):  # the last one dies when all is done
        run_until_death(work, DyingDisk(k))
        for run in private.runs():
            assert not run.worker_alive()
            assert not run.job_alive()
            assert run.started() is None
            seen.add(run.grant() is not None)
            if run.grant() is not None:
                assert run.grant() == grant()
            run.forget()
        assert private.runs() == []
        private.claim(grant()).close()
        [run] = private.runs()
        run.forget()
    assert seen == {True, False}


@each_refusal
def test_a_claim_that_the_disk_refuses_leaves_nothing(private, root, number):
    disk = FailingDisk(0, number)
    other = Private.open(root, UID, disk)
    start = len(disk.calls)
    other.claim(grant()).close()
    count = len(disk.calls) - start
    for k in range(1, count + 1):
        private.runs()[0].forget()
        disk.fail_at(k)
        with pytest.raises(SpoolError, match=os.strerror(number)) as caught:
            other.claim(grant())
        assert not isinstance(caught.value, AlreadyClaimedError)
        assert private.runs() == [], disk.failed
        other.claim(grant()).close()
    other.close()


def test_an_exit_record_is_there_whole_or_not_at_all_and_can_be_written_again(private, root):
    private.claim(grant()).close()
    [run] = private.runs()

    def work(disk):
        other = Private.open(root, UID, disk)
        [mine] = other.runs()
        mine.reserve_exit()
        mine.write_ending(ending(grant()))

    count = operations(work)
    assert run.ending() == ending(grant())
    found = set()
    for k in range(count):
        run.forget()
        private.claim(grant()).close()
        run_until_death(work, DyingDisk(k))
        [run] = private.runs()
        found.add(run.ending())
        run.write_ending(ending(grant()))
        assert run.ending() == ending(grant())
    assert found == {None, ending(grant())}


@each_refusal
def test_a_start_is_refused_if_its_end_could_not_be_recorded(private, root, number):
    disk = FailingDisk(0, number)
    other = Private.open(root, UID, disk)
    run = other.claim(grant())
    start = len(disk.calls)
    run.reserve_exit()
    count = len(disk.calls) - start
    words = {}
    for k in range(1, count + 1):
        with suppress(FileNotFoundError):
            os.unlink(f"{run.path}/.exit")
        disk.fail_at(k)
        with pytest.raises(SpoolError, match=os.strerror(number)) as caught:
            run.reserve_exit()
        words[disk.failed] = caught.value.sentence
    assert words["reserve"] == f"cannot reserve the exit record: {os.strerror(number)}"
    run.reserve_exit()
    run.close()
    other.close()


def test_a_power_cut_takes_no_script_request_claim_or_end(store, root):
    disk = WatchingDisk()
    os.close(outbox.write(root, UID, "tok", request_files(), disk))
    assert disk.unsafe() == []
    private = Private.open(root, UID, disk)
    run = private.claim(grant())
    assert disk.unsafe() != []
    run.secure()
    assert disk.unsafe() == []
    run.reserve_exit()
    run.write_ending(ending(grant()))
    assert disk.unsafe() == []
    private.bind("tok", 7)
    assert disk.unsafe() == []
    run.close()
    private.close()


@pytest.mark.parametrize("is_secured", [True, False], ids=["secured", "told"])
def test_a_power_cut_leaves_an_end_that_was_told_whole_or_takes_it(tmp_path, is_secured):
    found = Counter()
    for seed in range(60):
        root, left = f"{tmp_path}/{seed}", f"{tmp_path}/{seed}.left"
        os.makedirs(f"{root}/users")
        disk = PowerDisk(root)
        private = Private.open(root, UID, disk)
        run = private.claim(grant())
        run.secure()
        run.reserve_exit()
        run.note_ending(ending(grant()))
        if is_secured:
            run.secure_ending()
        disk.cut(left, Random(seed))
        [again] = Private.open(left, UID, QuickDisk()).runs()
        found["taken" if again.ending() is None else "whole"] += 1
        again.write_ending(ending(grant()))
        assert again.ending() == ending(grant())
    assert set(found) == ({"whole"} if is_secured else {"whole", "taken"})
