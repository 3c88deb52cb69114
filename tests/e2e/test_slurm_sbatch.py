"""sbatch with a real queue: what it prints, where outputs go, and whether it waits."""

from __future__ import annotations

import re
import socket

from tests.e2e.rig import Site
from tests.e2e.user import User

SBATCH = "slurm/sbatch"
HOST = socket.gethostname().split(".")[0]


def test_a_job_of_sbatch_runs_as_slurm_would_run_it(site: Site, ann: User):
    ann.script(
        "#SBATCH --job-name='two words' -c 2 # a remark\n#PBS -l walltime=1:30\n"
        'echo "$SLURM_JOB_NAME|$SLURM_CPUS_ON_NODE|$0|$*"; echo err >&2; exit 3'
    )
    done = ann.run(SBATCH, "--wait", "job.sh", "-J", "x y")
    assert (done.code, done.err) == (3, "")
    found = re.fullmatch(r"Submitted batch job (\d+)\n", done.out)
    assert found is not None
    out, err = ann.read(f"slurm-{found[1]}.out").splitlines()
    assert err == "err"
    assert out.startswith("two words|2|/")
    assert out.endswith("/slurm_script|-J x y")
    line = site.job(found[1])
    assert (line["limit_s"], line["state"]) == (120, "FAILED")


def test_an_array_of_sbatch_is_waited_for(site: Site, ann: User):
    command = "--wrap=exit $SLURM_ARRAY_TASK_ID"
    done = ann.run(SBATCH, "-W", "--parsable", "-a", "0-2", "-o", "/dev/null", command)
    assert (done.code, done.err) == (2, "")
    assert done.out.strip().isdigit()


def test_a_cancel_before_the_start_ends_the_wait(site: Site, ann: User):
    with ann.start(SBATCH, "--wait", "--parsable", "-H", "--wrap=true") as waiting:
        assert waiting.stdout is not None
        number = waiting.stdout.readline().strip()
        ann.ok("slurm/scancel", number)
        assert waiting.wait() == 0


def test_a_test_tells_when_and_where(site: Site, ann: User):
    done = ann.run(SBATCH, "--test-only", "-c", "2", "--wrap=true")
    assert (done.code, done.out) == (0, "")
    found = re.match(r"sbatch: Job (\d+) to start at \S+ using 2 processors on nodes", done.err)
    assert found is not None
    assert f" on nodes {HOST} in partition " in done.err
    assert found[1] not in {line["id"] for line in site.lines()}
