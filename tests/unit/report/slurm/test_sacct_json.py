"""sacct --json, and what a long answer is put together from."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.unit.report.made import EXIT_3, plain
from tests.unit.report.slurm.accounts import ALL_TIME, BARS, MEASURED, SITE, cancelled, show
from tests.unit.report.slurm.listing import known
from tinysched.job.accounting import Accounting
from tinysched.job.model import Exit
from tinysched.job.wanted import Wanted
from tinysched.report.slurm import sacct


def test_json_holds_jobs_and_their_steps():
    snapshot = known(plain(state=MEASURED, comment="hi"), cancelled())
    found = json.loads(show(snapshot, json=True))
    first, second = found["jobs"]
    assert (first["state"]["current"], second["kill_request_user"]) == ("COMPLETED", "1001")
    assert [step["step"]["id"] for step in first["steps"]] == ["batch", 0, 1]
    batch = first["steps"][0]
    assert {"type": "mem", "name": None, "id": 2, "count": 264156 * 1024} in (
        batch["tres"]["requested"]["total"]
    )
    assert batch["time"]["system"] == {"seconds": 0, "microseconds": 362000}
    assert first["tres"]["allocated"][-1]["type"] == "billing"
    assert second["tres"]["allocated"] == []
    killed = plain(state=replace(EXIT_3, exit=Exit(signal=9)))
    [step] = json.loads(show(known(killed), json=True))["jobs"][0]["steps"]
    assert step["exit_code"]["signal"] == {"signal_id": 9, "name": "Killed"}
    nothing = json.loads(show(known(), json=True))
    assert (nothing["jobs"], nothing["errors"][0]["error_number"]) == ([], 9003)


def test_pieces_of_json_are_one_text():
    asked = Accounting(wanted=Wanted(), window=ALL_TIME, style=BARS, json=True)
    snapshot = known(plain(1), plain(2))
    text = sacct.begin(asked)
    for job in snapshot.jobs:
        text += sacct.render(asked, snapshot, [job], SITE, is_first=job.id == 1)
    text += sacct.end(asked, is_any=True)
    assert [job["job_id"] for job in json.loads(text)["jobs"]] == [1, 2]
