"""What processes take is read off the kernel's own books."""

from __future__ import annotations

import os

import pytest

from tests.host.running import ended, shell
from tests.wait import until
from tinysched.host import consumption, processes
from tinysched.host.launch import launch

pytestmark = pytest.mark.process
NOBODY = 2**22 + 1  # more than a kernel gives


def test_this_process_has_memory_and_took_time():
    resident, mapped = consumption.memory_kib([os.getpid(), NOBODY])
    assert 1000 < resident < mapped
    assert consumption.highest_kib(os.getpid()) >= resident // 2
    sum(range(10**5))
    spent = consumption.spent(os.getpid())
    assert spent.system_s >= 0
    assert 0 < spent.user_s + spent.system_s < os.times().elapsed
    assert min(consumption.disk_bytes(os.getpid())) >= 0


def test_who_is_gone_takes_nothing():
    assert consumption.memory_kib([NOBODY]) == (0, 0)
    assert consumption.highest_kib(NOBODY) == 0
    assert consumption.disk_bytes(NOBODY) == (0, 0)
    assert consumption.spent(NOBODY) == consumption.Spent()


def test_the_peak_of_a_child_is_known_when_it_has_ended(tmp_path):
    pid = launch(shell(tmp_path, "x=$(head -c 40000000 /dev/zero | tr '\\0' x); exit 0")).pid
    found = ended(pid)
    assert found.peak_kib > 38_000
    assert found.cpu_s >= found.system_s >= 0


def test_two_that_live_are_counted_together(tmp_path):
    pids = [launch(shell(tmp_path, "exec sleep 60")).pid for _ in range(2)]
    until(lambda: all(consumption.memory_kib([pid])[0] for pid in pids), says="both have begun")
    one, both = consumption.memory_kib(pids[:1]), consumption.memory_kib(pids)
    for pid in pids:
        processes.send(pid, 9)
        ended(pid)
    assert both[0] > one[0]
