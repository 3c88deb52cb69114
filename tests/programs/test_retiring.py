"""Runs that are over, and go together."""

from dataclasses import replace

from tests.programs.test_wards import ENDED, RUN, TOKEN, Ground
from tests.spool.disks import CountingDisk
from tinysched.job.model import JobId
from tinysched.spool import outbox


def test_runs_that_are_over_are_removed_together_and_soon(root):
    disk = CountingDisk()
    ground = Ground(root, disk)
    ground.request(argv=outbox.pack([b"--array=0-9", b"job.sh"]))
    runs = [replace(RUN, job=JobId(number=42, task=task)) for task in range(5)]
    for run in runs:
        ground.claim(run=run).write_ending(replace(ENDED, run=run))
    ground.tend()
    before = disk.calls.count("sync")
    for run in runs:
        ground.wards.forget(run)
    ground.wards.tend()
    assert len(ground.private.runs()) == len(runs)
    assert ground.wards.next_s() < 1
    ground.clock.sleep(ground.wards.next_s())
    ground.wards.tend()
    assert ground.private.runs() == []
    assert list(ground.private.attempts(TOKEN).tasks) == [0, 1, 2, 3, 4]
    assert disk.calls.count("sync") - before == 2, "the lines, and the name of their file"
    ground.private.close()
