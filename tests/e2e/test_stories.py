"""The story of a job in the log, and from `tsctl` when the log and the dispatcher are gone."""

from __future__ import annotations

import json
import re

from tests.e2e.rig import Site


def names(lines: list[str]) -> list[str]:
    return [line.split()[2] for line in lines]


def test_the_story_of_a_job_is_in_the_log_and_outlives_it(own_site: Site):
    ann, admin = own_site.ann, own_site.admin
    job = ann.wrap("sleep 60", "--hold", "--time=10", "--job-name=evil job=1 Ended")
    ann.ok("tscontrol", "release", job)
    own_site.until_state(job, "RUNNING")
    ann.ok("tsctl", "why", job)
    own_site.until_start_recorded(job)
    own_site.kill_dispatcher()
    own_site.start()
    own_site.until(lambda: ann.name in admin.ok("tsdaemon", "status"), "its agent is back")
    admin.ok("tscancel", job)
    own_site.until_ended(job)
    log = own_site.root / "logs" / "dispatcher.log"
    lines = [line for line in log.read_text().splitlines() if f" job={job} " in line]
    assert names(lines) == [
        *("Submitted", "Released", "Granted", "Started"),
        *("Found", "Reported", "CancelOrdered", "Ended"),
    ]
    form = (
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d INFO [A-Z]\w+ job=\d+ user=\S+( .*)?"
    )
    assert all(re.fullmatch(form, line) for line in lines)
    assert f"by={admin.person.uid} signal=TERM" in lines[-2]
    assert "evil" not in log.read_text()
    agents = (own_site.root / "users" / f"u{ann.person.uid}" / "agent.log").read_text()
    mine = [line for line in agents.splitlines() if f" job={job} " in line]
    assert names(mine)[:1] == ["Launching"]
    assert "Stopping" in names(mine)
    own_site.kill_dispatcher(15)
    for path in (own_site.root / "logs").iterdir():
        path.unlink()
    offline = ann.run("tsctl", "history", "--json", job)
    assert offline.err == "tsctl: no dispatcher answers; this is what the spool says\n"
    told = json.loads(offline.out)
    [line] = told["jobs"]
    assert told["offline"] is True
    assert (line["state"], line["reason"]) == ("CANCELLED", "Cancelled")
    assert [event["event"] for event in line["events"]] == [
        *("Submitted", "Released", "Granted", "Started", "CancelOrdered", "Ended"),
    ]
    own_site.start()
    words = ann.ok("tsctl", "history", job)
    assert f"cancel ordered by uid {admin.person.uid}, TERM first\n" in words
    assert "ended: CANCELLED (Cancelled), exit 0:15" in words
    assert ann.run("tsctl", "why", "999").code == 1
