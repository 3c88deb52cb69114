"""cylc-flow: a workflow whose tasks are jobs: families, retries, a failure, one that is stopped.

Cylc reads the file in which a job notes how far it is, and then asks for the queue: a job that ends
in between counts as lost, and is tried again, here as everywhere.
"""

import os
import sqlite3
import subprocess
from pathlib import Path

from stage import HERE, PARTITION, same, shell, tool, until

_HOME = Path(os.environ["HOME"])
_GLOBAL = f"""
[scheduler]
    [[host self-identification]]
        method = hardwired
        host = localhost
[platforms]
    [[queue]]
        hosts = localhost
        install target = localhost
        job runner = slurm
        communication method = poll
        submission polling intervals = PT2S
        execution polling intervals = PT2S
        submission retry delays = 3*PT1S
        global init-script = export PATH={os.environ["PATH"]}
"""
_FLOW = f"""
[scheduling]
    [[graph]]
        R1 = \"\"\"
            start => MEMBERS
            MEMBERS:succeed-all => gather
            start => doubtful? & endless?
            doubtful:fail? => told
            endless:fail? => told
        \"\"\"
[runtime]
    [[root]]
        platform = queue
        execution time limit = PT4M
        execution retry delays = 3*PT1S
        [[[directives]]]
            --mem = 150M
            --partition = {PARTITION}
    [[MEMBERS]]
        script = test $CYLC_TASK_TRY_NUMBER -gt $TRIES && echo $CYLC_TASK_NAME >>{HERE}/members
        [[[environment]]]
            TRIES = 0
    [[one, two]]
        inherit = MEMBERS
    [[three]]
        inherit = MEMBERS
        [[[environment]]]
            TRIES = 1
    [[start, gather, told]]
        script = echo $SLURM_JOB_NAME in $SLURM_JOB_PARTITION
    [[doubtful]]
        script = exit 5
        execution retry delays =
    [[endless]]
        script = sleep 200
        execution retry delays =
"""


def _jobs(name: str) -> list[tuple]:
    """Number, try and exit status of a task's jobs."""
    path = _HOME / "cylc-run" / "flow" / "log" / "db"
    asks = "SELECT job_id, submit_num, run_status FROM task_jobs WHERE name=? ORDER BY submit_num"
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
        return connection.execute(asks, [name]).fetchall()
    except sqlite3.OperationalError:
        return []


def _state(task: str) -> str:
    done = subprocess.run([tool("cylc"), "dump", "-t", "flow"], capture_output=True, text=True)
    found = dict(line.strip().partition(":")[::2] for line in done.stdout.splitlines())
    return found.get(task, "").partition("(")[0]


def it_runs_a_workflow_to_its_end():
    config = _HOME / ".cylc" / "flow" / "global.cylc"
    config.parent.mkdir(parents=True)
    config.write_text(_GLOBAL)
    source = _HOME / "cylc-src" / "flow"
    source.mkdir(parents=True)
    (source / "flow.cylc").write_text(_FLOW)
    shell(tool("cylc"), "install", "--no-run-name", "flow")
    with (HERE / "play.log").open("w") as log:
        play = subprocess.Popen(
            [tool("cylc"), "play", "--no-detach", "flow"], stdout=log, stderr=log
        )
    until(lambda: _state("1/endless") == "running", "the endless one runs", 120)
    shell(tool("cylc"), "kill", "flow//1/endless")
    same(play.wait(180), 0, (HERE / "play.log").read_text())


def it_tried_a_second_time_what_failed_once():
    same({*(HERE / "members").read_text().split()}, {"one", "two", "three"})
    statuses = [status for _, _, status in _jobs("three")]
    assert len(statuses) > 1, statuses
    same(statuses[-1], 0)


def it_went_on_after_a_failure_and_a_kill():
    for name, status in (("doubtful", 1), ("endless", 1), ("told", 0)):
        same(_jobs(name)[-1][2], status, name)
    number = _jobs("endless")[-1][0]
    listed = shell("squeue", "-h", "-o", "%i", "-j", f"{number},{number}")
    same(listed, "")


def it_keeps_what_jobs_wrote():
    place = _HOME / "cylc-run" / "flow" / "log" / "job" / "1" / "gather" / "01"
    assert f"gather.1.flow in {PARTITION}\n" in (place / "job.out").read_text()
    assert "CYLC_JOB_EXIT=SUCCEEDED" in (place / "job.status").read_text()
