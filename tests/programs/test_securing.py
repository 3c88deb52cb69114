"""Ends that are told before they are on the disk."""

import errno
import logging

import pytest

from tests.programs.test_wards import ENDED, RUN, TOKEN, Ground
from tests.spool.disks import CountingDisk, FailingDisk
from tinysched.programs.securing import SAFE_AFTER_S


def syncs_after_an_end(ground, disk):
    """A run ends; returns how often its agent has waited for the disk since."""
    ground.request()
    ground.private.bind(TOKEN, RUN.job.number)
    ground.claim().note_ending(ENDED)
    before = disk.calls.count("sync")
    ground.tend()
    assert ground.ending == ENDED
    return lambda: disk.calls.count("sync") - before


def wait(ground):
    """So long that an end that nobody has acknowledged is made safe here."""
    assert ground.wards.next_s() <= SAFE_AFTER_S + 0.01
    ground.clock.sleep(SAFE_AFTER_S + 0.01)
    ground.wards.tend()


def test_an_end_that_the_dispatcher_has_on_its_disk_is_not_waited_for(root):
    disk = CountingDisk()
    ground = Ground(root, disk)
    syncs = syncs_after_an_end(ground, disk)
    ground.wards.forget(RUN)
    assert syncs() == 0
    wait(ground)
    assert syncs() == 2, "the line that it is over, and the name of its file"
    ground.private.close()


@pytest.mark.parametrize("is_connected", [True, False])
def test_an_end_that_is_not_acknowledged_soon_is_made_safe_once(root, is_connected):
    disk = CountingDisk()
    ground = Ground(root, disk)
    ground.is_connected = True
    syncs = syncs_after_an_end(ground, disk)
    ground.is_connected = is_connected
    assert syncs() == 0
    wait(ground)
    assert syncs() == 2, "the record, and its name"
    ground.clock.sleep(60)
    ground.wards.tend()
    assert syncs() == 2
    ground.private.close()


def test_an_end_that_an_agent_finds_when_it_begins_is_made_safe(root):
    disk = CountingDisk()
    ground = Ground(root, disk)
    syncs = syncs_after_an_end(ground, disk)
    ground.begin()
    ground.tend()
    wait(ground)
    assert syncs() == 2
    ground.private.close()


def test_a_disk_that_refuses_is_asked_again(root, caplog):
    disk = FailingDisk(0, errno.EIO)
    ground = Ground(root, disk)
    syncs = syncs_after_an_end(ground, disk)
    disk.fail_at(2, more=10)
    with caplog.at_level(logging.ERROR):
        wait(ground)
    assert "Input/output error" in caplog.text
    disk.work_again()
    failed = syncs()
    ground.clock.sleep(1.01)
    ground.wards.tend()
    assert syncs() == failed + 2
    ground.private.close()
