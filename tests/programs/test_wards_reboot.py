"""What an agent makes of runs that it finds after a restart of the host."""

from tests.programs.test_wards import ENDED, ground, started
from tinysched.job.model import Exit
from tinysched.job.runs import Cause

__all__ = ["ground"]  # a fixture


def test_a_run_claimed_before_a_restart_of_the_host_never_starts(ground):
    ground.request()
    ground.claim(boot_id="boot-0")
    assert ground.tend() == ["ended"]
    assert (ground.ending.cause, ground.ending.started_at) == (Cause.BOOT, None)
    assert ground.pad.started == []


def test_an_end_before_a_restart_of_the_host_is_told_before_the_hello(ground):
    ground.request()
    run = ground.claim(boot_id="boot-0")
    run.write_started(started("boot-0"))
    run.write_ending(ENDED)
    ground.wards.adopt_all()
    ground.wards.tell_former_ends()
    assert ground.ending == ENDED
    ground.told.clear()
    assert ground.tend() == ["started", "ended"], "and once more, for the acknowledgement"


def test_an_end_of_this_boot_is_told_after_the_hello(ground):
    ground.request()
    run = ground.claim(boot_id="boot-1")
    run.write_started(started())
    run.write_ending(ENDED)
    ground.wards.adopt_all()
    ground.wards.tell_former_ends()
    assert ground.told == []


def test_an_exit_code_that_was_written_down_outlives_a_restart_of_the_host(ground):
    ground.request()
    ground.claim(boot_id="boot-0").write_started(started("boot-0", exit=Exit(code=7)))
    ground.tend()
    assert (ground.ending.cause, ground.ending.exit) == (Cause.EXIT, Exit(code=7))
