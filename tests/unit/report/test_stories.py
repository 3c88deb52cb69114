"""What `tsctl why` and `tsctl history` print."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.report.made import (
    DONE,
    EXIT_3,
    HERE,
    MORNING,
    RUNS,
    WAITING,
    array,
    plain,
    queue,
    task,
)
from tinysched.job import history as names
from tinysched.job.history import NOTHING, History
from tinysched.job.model import Amended, Cancel, Granted, Hold, Job, Reason, Unit
from tinysched.job.queries import Selector, StoryQuery
from tinysched.job.ranges import Ranges
from tinysched.job.reasons import REASONS
from tinysched.job.snapshot import Prospect, Snapshot
from tinysched.report import story, why

FORTY_TWO = (Selector(number=42),)


def told(verb: str, snapshot: Snapshot, *selectors: Selector) -> str:
    query = StoryQuery(verb=verb, selectors=selectors or FORTY_TWO)
    return story.render(query, snapshot, HERE)


def as_json(snapshot: Snapshot, *selectors: Selector) -> dict[str, object]:
    query = StoryQuery(verb="why", selectors=selectors or FORTY_TWO, json=True)
    return json.loads(story.render(query, snapshot, HERE))


def with_history(job: Job, history: History) -> Job:
    return replace(job, work=replace(job.work, history=history))


STORY = (
    NOTHING.with_event(MORNING + 1, names.HELD, by=0)
    .with_event(MORNING + 2, names.RELEASED, by=1000)
    .with_event(MORNING + 9, names.GRANTED, attempt=1, cores=2, agent=70)
    .with_event(MORNING + 10, names.STARTED, attempt=1, pid=77)
    .with_event(MORNING + 20, names.LIMIT_REACHED, attempt=1, limit_s=10)
    .with_event(
        MORNING + 21, names.ENDED, attempt=1, state="TIMEOUT", reason="TimeLimit", exit="0:15",
        elapsed_s="11.0", cpu_s="0.5", survivors=2,
    )
    .with_event(MORNING + 30, names.REQUEUED, by=1000)
    .with_event(MORNING + 31, names.CANCEL_ORDERED, by=1001, signal="TERM")
)  # fmt: skip


def test_a_history_is_told_in_sentences():
    job = with_history(plain(cpus_per_task=2, limit_s=10, held=True), STORY)
    assert told("history", queue(job)) == (
        "Job 42 of alice: testpi\n"
        "2023-11-14T23:13:20  submitted by alice: 2 cores, time limit 00:00:10, held\n"
        "2023-11-14T23:13:21  held by uid 0\n"
        "2023-11-14T23:13:22  released by alice\n"
        "2023-11-14T23:13:29  attempt 1: given 2 cores, told to the agent with pid 70\n"
        "2023-11-14T23:13:30  attempt 1: started, pid 77\n"
        "2023-11-14T23:13:40  attempt 1: its time limit of 00:00:10 was reached\n"
        "2023-11-14T23:13:41  attempt 1: ended: TIMEOUT (TimeLimit), exit 0:15, after 0:11,"
        " 0.5 s of CPU, 2 processes left behind and stopped\n"
        "2023-11-14T23:13:50  back in the queue by alice\n"
        "2023-11-14T23:13:51  cancel ordered by uid 1001, TERM first\n"
        "2023-11-14T23:15:00  now PENDING, Resources: needs 8 cores, 3 free\n"
    )


def test_what_was_changed_while_it_ran_is_told_and_so_is_when_its_limit_is_over():
    story = (
        NOTHING.with_event(MORNING + 2, names.UPDATED, by=1000, what="TimeLimit,Name")
        .with_event(MORNING + 3, names.SUSPENDED, by=0)
        .with_event(MORNING + 4, names.RESUMED, by=0)
    )
    job = with_history(plain(state=RUNS, limit_s=3600), story)
    text = told("history", queue(job))
    for words in ("changed by alice: TimeLimit, Name", "suspended by uid 0", "resumed by uid 0"):
        assert f"  {words}\n" in text
    at = re.search(r"01:00:00, reached at (\S+)", told("why", queue(job)))
    rested = replace(job, work=replace(job.work, amended=Amended(paused_s=60)))
    later = re.search(r"01:00:00, reached at (\S+)", told("why", queue(rested)))
    assert at is not None
    assert later is not None
    assert at[1] < later[1]
    still = replace(job, work=replace(job.work, amended=Amended(suspended_at=MORNING)))
    assert "do not run while it is suspended" in told("why", queue(still))


def test_what_was_forgotten_is_counted():
    job = with_history(plain(state=DONE), replace(STORY, dropped=3))
    assert "                     (3 older events are forgotten)\n" in told("history", queue(job))


def test_a_record_without_a_history_still_tells_what_its_state_knows():
    text = told("history", queue(plain(state=EXIT_3)))
    assert [line.split("  ")[1].split(" ")[0] for line in text.splitlines()[1:]] == [
        "submitted",
        "started",
        "ended:",
    ]
    assert "ended: FAILED, exit 3:0, after 1:05" in text
    running = told("history", queue(plain(state=RUNS)))
    assert "given 2 cores\n" in running
    assert running.splitlines()[-1].endswith("  now RUNNING")


def test_a_task_shares_what_happened_to_its_array():
    work = (
        NOTHING.with_event(MORNING + 1, names.HELD, by=1000)
        .with_event(MORNING + 2, names.WITHDRAWN, by=1000, tasks="8-9")
        .with_event(MORNING + 12, names.RELEASED, by=1000)
    )
    own = NOTHING.with_event(MORNING + 9, names.GRANTED, attempt=1, cores=1)
    job = with_history(array(42, tasks=Ranges.span(1, 9), todo=Ranges.span(2, 7)), work)
    unit = replace(task(42, 1, RUNS), history=own)
    snapshot = queue(job, units={42: [unit]})
    of_task = told("history", snapshot, Selector(number=42, tasks=Ranges.of([1])))
    words = [line.partition("  ")[2] for line in of_task.splitlines()[1:]]
    assert words[:5] == [
        "submitted by alice: 1 core, time limit none, an array of 9 tasks",
        "held by alice",
        "attempt 1: given 1 core",
        "started",
        "released by alice",
    ]
    whole = told("history", snapshot)
    assert "tasks 8-9 cancelled by alice before they started" in whole
    assert "given" not in whole
    waiting = told("history", snapshot, Selector(number=42, tasks=Ranges.span(3, 5)))
    assert waiting.startswith("Job 42_[3-5] of alice: testpi\n")


def test_an_event_of_a_newer_release_is_shown_as_it_stands():
    job = with_history(plain(), History(lines=("1700000001.0 Teleported to=mars", "nonsense")))
    assert "2023-11-14T23:13:21  Teleported to=mars\n" in told("history", queue(job))


@given(st.lists(st.text(max_size=40) | st.sampled_from(STORY.lines), max_size=5))
def test_no_record_can_break_a_history(lines):
    job = with_history(plain(name="a\n\x1b[2J"), History(lines=tuple(lines)))
    for verb in ("why", "history"):
        text = told(verb, queue(job))
        assert all(line.isprintable() for line in text.split("\n"))
    assert as_json(queue(job))["jobs"]


def test_a_waiting_job_is_told_what_to_expect():
    job = plain(cpus_per_task=8)
    prospect = Prospect(ahead=2, cores_free=3, enough_at=MORNING + 200)
    text = told("why", replace(queue(job), prospect=lambda _job: prospect))
    assert text == (
        "Job 42 of alice (testpi): PENDING\n"
        "  state     waits for its turn; the last column of tsqueue says for what\n"
        "  reason    Resources: needs 8 cores, 3 free\n"
        f"  that is   {REASONS['Resources']}\n"
        "  waits     since 2023-11-14T23:13:20, 1:40 by now\n"
        "  needs     8 of the 8 cores that this queue has\n"
        "  free      3 cores\n"
        "  ahead     2 jobs\n"
        "  enough    at 2023-11-14T23:16:40, if all that runs now uses up its time limit\n"
        "  helps     patience; or cancel it and submit it with fewer cores or less memory\n"
        "  more      tsctl history 42\n"
    )


def test_a_running_job_is_told_its_limit_and_who_stops_it():
    job = plain(state=RUNS, limit_s=60)
    assert "  limit     00:01:00, reached at 2023-11-14T23:14:30\n" in told("why", queue(job))
    assert "  process   its script has pid 77\n" in told("why", queue(job))
    order = Cancel(by_uid=1001, ordered_at=MORNING + 90)
    stopping = replace(job, work=replace(job.work, cancel=order))
    text = told("why", queue(stopping))
    assert text.startswith("Job 42 of alice (testpi): COMPLETING\n")
    assert "  order     cancelled by uid 1001 at 2023-11-14T23:14:50\n" in text


def test_an_ended_job_is_told_why_and_what_it_cost():
    text = told("why", queue(plain(state=replace(EXIT_3, cpu_s=7.25, survivors=("9 sleep",)))))
    assert "  reason    NonZeroExitCode: exit code 3\n" in text
    assert "  ran       from 2023-11-14T23:13:30 to 2023-11-14T23:14:35, 1:05 on 1 core\n" in text
    assert "  left      processes that it left behind were stopped: 9 sleep\n" in text
    assert "  helps     tsout --cat 42 shows what it wrote\n" in text


def test_an_array_is_told_as_a_whole():
    job = array(
        42, tasks=Ranges.span(1, 10**6), todo=Ranges.span(4, 10**6), cancelled=Ranges.of([3])
    )
    snapshot = queue(
        job, units={42: [task(42, 1, RUNS), task(42, 2, Granted(granted_at=1, cores=1))]}
    )
    text = told("why", snapshot)
    assert "  waiting   999997 of its tasks: 4-1000000\n" in text
    assert "  running   2 of its tasks: 1-2\n" in text
    assert "  gone      1 of its tasks, cancelled before they started: 3\n" in text
    [line] = as_json(snapshot)["jobs"]
    assert line["tasks"] == {
        "waiting": "4-1000000",
        "running": "1-2",
        "ended": "",
        "cancelled": "3",
    }


def test_a_task_that_was_taken_away_is_cancelled():
    job = array(42, tasks=Ranges.span(1, 9), todo=Ranges.span(1, 5), cancelled=Ranges.span(6, 9))
    text = told("why", queue(job), Selector(number=42, tasks=Ranges.of([7])))
    assert text.startswith("Job 42_[7] of alice (testpi): CANCELLED\n")


def test_json_has_all_of_it():
    job = with_history(plain(), STORY)
    answer = as_json(queue(job))
    [line] = answer["jobs"]
    assert (answer["format"], line["id"], line["state"]) == (1, "42", "PENDING")
    assert [event["event"] for event in line["events"]][:2] == ["Submitted", "Held"]
    assert line["events"][3] == {
        "attempt": 1, "cores": 2, "agent": 70, "at": MORNING + 9, "event": "Granted",
    }  # fmt: skip


@pytest.mark.parametrize("hold", [None, *Hold])
def test_without_a_dispatcher_nothing_is_promised(hold: Hold | None):
    job = replace(plain(), hold=hold)
    text = told("why", replace(queue(job), offline=True))
    assert "ahead" not in text
    assert as_json(queue(job))["jobs"][0]["prospect"] is None


def test_cures_are_for_reasons_that_exist():
    assert set(why.CURES) <= set(REASONS)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_can_be_told(reason: str):
    job = plain(state=replace(EXIT_3, reason=Reason(name=reason)))
    assert REASONS[reason] in told("why", queue(job)) or reason == "None"


def test_a_unit_without_anything_is_told():
    unit = Unit(id=task(42, 1, WAITING).id, raw_id=7, state=WAITING)
    job = array(42, tasks=Ranges.span(1, 2), todo=Ranges.of([1, 2]))
    snapshot = queue(job, units={42: [unit]})
    assert "PENDING" in told("why", snapshot, Selector(number=42, tasks=Ranges.of([1])))
