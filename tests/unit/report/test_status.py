from __future__ import annotations

from tinysched.report import tspurge
from tinysched.report.status import CURE, Status, render


def test_a_healthy_dispatcher_is_told_in_a_few_lines():
    status = Status(
        pid=77,
        uptime_s=3725.5,
        version="0.1.0",
        root="/scratch/q",
        cores_used=3,
        cores_total=8,
        jobs={"PENDING": 2, "RUNNING": 3, "FAILED": 0},
        agents=("bob", "alice"),
        config_file="/scratch/q/config.yaml",
    )
    assert render(status) == (
        "state:   running\n"
        "pid:     77\n"
        "uptime:  1:02:05\n"
        "version: 0.1.0\n"
        "root:    /scratch/q\n"
        "cores:   3 of 8 taken\n"
        "jobs:    2 PENDING, 3 RUNNING\n"
        "agents:  alice, bob\n"
        "config:  /scratch/q/config.yaml\n"
    )


def test_troubles_are_told_one_a_line():
    status = Status(
        pid=1,
        uptime_s=0,
        version="0.1.0",
        root="/q",
        cores_used=0,
        cores_total=1,
        agents_missing=("carol",),
        config_errors=("config.yaml line 3: unknown key 'cpus_'",),
        quarantined=("queue/quarantine/job_7.meta",),
    )
    lines = render(status).splitlines()
    assert lines[-5:] == [
        "agent missing: carol",
        "config error:  config.yaml line 3: unknown key 'cpus_'",
        "config error:  the configuration read before stays in force",
        "quarantined:   queue/quarantine/job_7.meta",
        f"cure:          {CURE}",
    ]


def test_a_purge_tells_what_it_did_and_a_dry_run_what_it_would_do():
    assert tspurge.render([3, 7], dry_run=False) == "removed job 3\nremoved job 7\nremoved 2 jobs\n"
    assert tspurge.render([3], dry_run=True) == "would remove job 3\nwould remove 1 job\n"
    assert tspurge.render([], dry_run=True) == "would remove 0 jobs\n"
