"""The line that says why a job is ended, as readers of logs know it from Slurm."""

import pytest

from tinysched.job.notices import Why, notice, voice


@pytest.mark.parametrize(
    ("why", "command", "line"),
    [
        (
            Why.CANCEL,
            "tsbatch",
            "tinysched: error: *** JOB 42 ON node7 CANCELLED AT 2026-02-03T09:15:02 ***\n",
        ),
        (
            Why.LIMIT,
            "sbatch",
            "slurmstepd-node7: error: *** JOB 42 ON node7 CANCELLED AT 2026-02-03T09:15:02"
            " DUE TO TIME LIMIT ***\n",
        ),
        (
            Why.REQUEUE,
            "sbatch",
            "slurmstepd-node7: error: *** JOB 42 ON node7 CANCELLED AT 2026-02-03T09:15:02"
            " DUE TO JOB REQUEUE ***\n",
        ),
    ],
)
def test_a_job_is_told_why_it_is_ended_by_whom_it_was_given_to(why, command, line):
    assert notice(why, 42, "node7", "2026-02-03T09:15:02", command) == line


def test_only_a_job_of_slurms_hears_of_its_troubles():
    assert voice("node7", "sbatch") == "slurmstepd-node7: error: "
    assert voice("node7", "tsbatch") == ""
