from __future__ import annotations

import json
from dataclasses import replace

from tests.unit.report.made import EXIT_3, HERE, RUNS, array, plain, queue, task
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.job.snapshot import Snapshot
from tinysched.report.tscontrol import render_jobs

ALL = (Selector(number=42),)


def pairs(snapshot: Snapshot) -> list[dict[str, str]]:
    """The paragraphs as clients of scontrol read them: words around equals signs."""
    return [
        dict(word.partition("=")[::2] for word in paragraph.split())
        for paragraph in render_jobs(ALL, snapshot, HERE).split("\n\n")
        if paragraph
    ]


def test_a_waiting_job_is_shown_as_scontrol_shows_it():
    job = plain(cpus_per_task=2, limit_s=1800, memory_mib=2048, comment="co mm", account="lab")
    assert render_jobs(ALL, queue(job), HERE) == (
        "JobId=42 JobName=testpi\n"
        "   UserId=alice(1000) Account=lab QOS=(null)\n"
        "   JobState=PENDING Reason=Resources ReasonWords=needs 8 cores, 3 free\n"
        "   Requeue=1 Restarts=0 BatchFlag=1 ExitCode=0:0\n"
        "   RunTime=00:00:00 TimeLimit=00:30:00\n"
        "   SubmitTime=2023-11-14T23:13:20 EligibleTime=2023-11-14T23:13:20\n"
        "   StartTime=Unknown EndTime=Unknown\n"
        "   Partition=(null)\n"
        "   NumNodes=1 NumCPUs=2 NumTasks=1 CPUs/Task=2\n"
        "   MinMemoryNode=2G Exclusive=0\n"
        "   NodeList=\n"
        "   SubmitDir=/home/alice\n"
        "   WorkDir=/home/alice\n"
        "   Comment=co mm\n"
        "   StdErr=/home/alice/slurm-42.err\n"
        "   StdIn=/dev/null\n"
        "   StdOut=/home/alice/slurm-42.out\n"
        "\n"
    )


def test_a_running_job_shows_its_start_and_its_latest_end():
    (job,) = pairs(queue(plain(state=RUNS, limit_s=60)))
    assert job["JobState"] == "RUNNING"
    assert job["RunTime"] == "00:01:30"
    assert (job["StartTime"], job["EndTime"]) == ("2023-11-14T23:13:30", "2023-11-14T23:14:30")
    assert job["NodeList"] == "quant1"


def test_an_ended_job_shows_how_it_ended():
    state = replace(EXIT_3, survivors=("12 sleep", "13 cat"))
    text = render_jobs(ALL, queue(plain(state=state)), HERE)
    assert "JobState=FAILED Reason=NonZeroExitCode ReasonWords=exit code 3\n" in text
    assert "ExitCode=3:0\n" in text
    assert "Survivors=12 sleep, 13 cat\n" in text
    lost = pairs(queue(plain(state=replace(EXIT_3, exit=None))))
    assert lost[0]["ExitCode"] == "unknown"


def test_an_array_is_shown_by_its_started_tasks_and_the_rest_of_it():
    job = array(tasks=Ranges.span(1, 9), todo=Ranges.span(2, 9), limit=2, output="%a-%j")
    started, rest = pairs(queue(job, units={42: [task(42, 1, RUNS, raw_id=43)]}))
    assert [started[key] for key in ("JobId", "ArrayJobId", "ArrayTaskId")] == ["43", "42", "1"]
    assert [rest[key] for key in ("JobId", "ArrayJobId", "ArrayTaskId")] == ["42", "42", "2-9%2"]
    assert rest["StdOut"] == "/home/alice/%a-%j"


def test_no_text_of_a_user_can_fake_a_line():
    text = render_jobs(ALL, queue(plain(name="x\n   JobState=COMPLETED", comment="\x1b[2J")), HERE)
    assert text.count("\n   JobState=") == 1
    assert "\x1b" not in text


def test_json_speaks_of_the_same_jobs():
    answer = json.loads(render_jobs(ALL, queue(plain(), plain(43)), HERE, as_json=True))
    assert [line["id"] for line in answer["jobs"]] == ["42"]
