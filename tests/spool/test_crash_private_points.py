"""Every operation of every deed in a user's own directory is made the last one, or fails."""

import errno
import inspect
import os
import re
import shutil
from contextlib import suppress

import pytest

from tests.spool.disks import (
    CountingDisk,
    DyingDisk,
    FailingDisk,
    QuickDisk,
    ShortDisk,
    run_until_death,
)
from tests.spool.private_deeds import DEEDS, LEFT_OUT, UID, own, seen
from tinysched.errors import TinyschedError
from tinysched.spool import outbox
from tinysched.spool.agentlock import AgentLock
from tinysched.spool.beside import Beside
from tinysched.spool.private import Private
from tinysched.spool.runs import RunDir
from tinysched.spool.spares import Spares

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]
ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES)
FOR_GOOD = 10**6
CLAIMS = ("claim", "reclaim")
EVERY = pytest.mark.parametrize("deed", DEEDS, ids=str)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The situation, to be copied."""
    root = tmp_path_factory.mktemp("own") / "root"
    root.mkdir()
    own(str(root))
    return str(root)


@pytest.fixture
def fresh(place, tmp_path):
    """Copies the situation to a new place; returns its path."""
    count = iter(range(10**9))

    def copy():
        return shutil.copytree(place, f"{tmp_path}/{next(count)}")

    return copy


def carry_out(root, disk, deed):
    """Opening, then the deed; returns the operations where it begins and ends."""
    private = Private.open(root, UID, disk)
    first = len(disk.calls)
    deed.do(root, private, disk)
    return first, len(disk.calls)


def measured(root, deed):
    disk = CountingDisk()
    try:
        return carry_out(root, disk, deed)
    finally:
        disk.die()


def old_or_new(found, before, after, deed):
    """What the deed is not about is as it was; what it is about is whole, or not there yet."""
    for key in {*found, *before, *after}:
        if not any(word in key for word in deed.changes.split()):
            assert found.get(key) == before.get(key), key
        elif deed.name not in ("write", "take-back", "collect-garbage"):
            assert found.get(key) in (before.get(key), after.get(key)), key


def test_no_public_operation_is_left_out():
    public = {
        f"{owner.__name__}.{name}"
        for owner in (Private, Beside, Spares, RunDir, AgentLock)
        for name in vars(owner)
        if not name.startswith("_")
    }
    public |= {
        f"outbox.{name}"
        for name, one in vars(outbox).items()
        if inspect.isfunction(one) and one.__module__ == outbox.__name__ and name[0] != "_"
    }
    assert public == {name for deed in DEEDS for name in deed.uses} | LEFT_OUT


@EVERY
def test_a_kill_at_any_operation_leaves_the_old_or_the_new_and_it_can_be_done_again(fresh, deed):
    root = fresh()
    before = seen(root)
    first, last = measured(root, deed)
    after = seen(root)
    assert (after != before) == bool(deed.changes)
    for k in range(first, last):
        root = fresh()
        run_until_death(lambda disk, root=root: carry_out(root, disk, deed), DyingDisk(k))
        found = seen(root)
        old_or_new(found, before, after, deed)
        settle(root, deed)
        measured(root, deed)
        assert seen(root) == after


def settle(root, deed):
    """What an agent does at its start with claims that were not completed."""
    private = Private.open(root, UID, QuickDisk())
    for run in private.runs():
        if run.grant() is None or (deed.name in CLAIMS and run.run.job.number == 10):
            run.forget()
    private.close()


@pytest.mark.soak
@EVERY
def test_a_disk_that_refuses_any_operation_is_told_and_nothing_is_half_done(fresh, deed, soak):
    root = fresh()
    before = seen(root)
    first, last = measured(root, deed)
    after = seen(root)
    ways = [(number, more) for number in ERRORS for more in (0, FOR_GOOD)]
    for k in range(1, last - first + 1):
        for number, more in ways if soak > 1 else [ways[k * 3 % len(ways)]]:
            root = fresh()
            disk = FailingDisk(0, number)
            private = Private.open(root, UID, disk)
            disk.fail_at(k, more)
            with suppress(AssertionError):  # what only looks may see nothing
                was_refused = refused(lambda r=root, p=private, d=disk: deed.do(r, p, d), number)
            assert disk.failed
            disk.work_again()
            found = seen_beside(root, private)
            old_or_new(found, before, after, deed)
            if was_refused and deed.name == "claim":
                assert found == before or more, disk.failed
            if not was_refused and deed.name in ("claim", "bind", "started", "ending"):
                assert found == after
            settle(root, deed)
            deed.do(root, private, disk)
            disk.die()
            assert seen(root) == after, (k, disk.failed)


def seen_beside(root, private):
    """What is found while this process still has everything open: it holds no lock any more."""
    assert private.path
    return seen(root)


def refused(work, number):
    """Whether the disk's refusal reached the caller, as a sentence and nothing else."""
    try:
        work()
    except TinyschedError as error:
        said = error.sentence
    else:
        return False
    assert re.match(r"cannot [a-z ]+ .*: ", said), said
    assert os.strerror(number) in said
    return True


@EVERY
def test_a_disk_that_writes_little_at_a_time_takes_all_of_it(fresh, deed):
    root = fresh()
    measured(root, deed)
    after = seen(root)
    root = fresh()
    disk = ShortDisk()
    carry_out(root, disk, deed)
    disk.die()
    assert seen(root) == after


@pytest.mark.parametrize("torn", [b"", b"4", b"42"])
def test_a_number_that_was_not_written_to_its_end_is_none(fresh, torn):
    root = fresh()
    with open(f"{root}/users/u{UID}/requests/tok/job", "wb") as file:
        file.write(torn)
    private = Private.open(root, UID, QuickDisk())
    assert private.bound("tok") is None
    private.bind("tok", 42)
    assert private.bound("tok") == 42
    private.close()
