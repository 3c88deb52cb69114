"""What programs may expect of a clock: the real one and the fake keep the same contract."""

import os
import select

import pytest

from tests.fakes import FakeClock
from tinysched.host.clock import LONGEST_WAIT_S, Clock, SystemClock, timeout_ms


@pytest.fixture(params=[SystemClock, FakeClock])
def clock(request) -> Clock:
    return request.param()


def test_sleep_moves_both_clocks_by_at_least_its_length(clock):
    wall, boottime = clock.wall(), clock.boottime()
    clock.sleep(0.01)
    assert clock.boottime() - boottime >= 0.0099
    assert clock.wall() - wall >= 0.0099


def test_a_negative_sleep_is_refused(clock):
    with pytest.raises(ValueError, match="non-negative"):
        clock.sleep(-1)


def test_time_since_boot_does_not_run_backwards(clock):
    moments = [clock.boottime() for _ in range(100)]
    assert moments == sorted(moments)
    assert moments[0] > 0


def test_wall_time_is_of_this_century_in_seconds(clock):
    assert 1_600_000_000 < clock.wall() < 4_200_000_000


def test_a_boot_keeps_its_name(clock):
    assert clock.boot_id()
    assert clock.boot_id() == clock.boot_id()


def test_local_time_is_less_than_a_day_from_utc(clock):
    assert isinstance(clock.utc_offset_s(clock.wall()), int)
    assert abs(clock.utc_offset_s(clock.wall())) < 86400


def test_a_stepped_wall_clock_leaves_the_other_alone():
    clock = FakeClock()
    wall, boottime = clock.wall(), clock.boottime()
    clock.step_wall(-3600)
    assert (clock.wall(), clock.boottime()) == (wall - 3600, boottime)


def test_a_reboot_begins_another_time():
    clock = FakeClock()
    before = (clock.boot_id(), clock.boottime(), clock.wall())
    clock.reboot()
    assert clock.boot_id() != before[0]
    assert clock.boottime() < before[1]
    assert clock.wall() > before[2]


@pytest.mark.parametrize("wait_s", [-1.0, 0.0, 0.0004, 1.0, 2.6e6, 1e300, float("inf")])
def test_whatever_is_waited_for_the_kernel_takes_it_as_a_timeout(wait_s):
    reader, writer = os.pipe()
    os.write(writer, b"x")
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    assert poll.poll(timeout_ms(wait_s))
    assert timeout_ms(wait_s) / 1000 >= min(wait_s, LONGEST_WAIT_S)
    assert timeout_ms(None) is None
    os.close(reader)
    os.close(writer)
