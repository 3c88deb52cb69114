"""What became of a job can be read in the log, and asked for when the log is gone."""

from __future__ import annotations

import json
import logging

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent, Queue
from tinysched.config import Config
from tinysched.job.history import MOST_LINES
from tinysched.job.runs import Cause


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def logged(log: pytest.LogCaptureFixture, name: str) -> list[str]:
    """The names of the lines about one job or task, in order."""
    lines = [record.getMessage() for record in log.records]
    return [line.split()[0] for line in lines if f" job={name} " in f"{line} "]


def ask(queue: Queue, name: str, uid: int = ADMIN) -> dict[str, object]:
    answer = queue.ask(uid, "story", "history", "--json", name)
    assert answer.exit_code == 0, answer.err
    [line] = json.loads(answer.out)["jobs"]
    return line


def recorded(queue: Queue, name: str) -> list[str]:
    """The names of the events in the history of one job or task, in order."""
    return [event["event"] for event in ask(queue, name)["events"]]


def live_through_everything(queue: Queue, bob: FakeAgent) -> None:
    """Job 1 is held, released, requeued while it runs and after it ended, and runs too long."""
    queue.submit(BOB, "--hold", "--time=1", "-c2")
    queue.ask(ADMIN, "control", "hold", "1")
    queue.ask(ADMIN, "control", "release", "1")
    queue.sleep(1)
    bob.start("1.1")
    queue.sleep(2)
    queue.ask(BOB, "control", "requeue", "1")
    bob.end("1.1", signal=15, cause=Cause.CANCEL)
    bob.start("1.2")
    queue.sleep(60)
    bob.end("1.2", signal=15, cause=Cause.LIMIT)
    queue.ask(BOB, "control", "requeue", "1")
    bob.start("1.3")
    queue.ask(ADMIN, "cancel", "1")
    bob.end("1.3", signal=15, cause=Cause.CANCEL)


EVERYTHING = [
    *("Submitted", "Held", "Released"),
    *("Granted", "Started", "RequeueOrdered", "Ended", "Requeued"),
    *("Granted", "Started", "LimitReached", "Ended", "Requeued"),
    *("Granted", "Started", "CancelOrdered", "Ended"),
]


def test_the_log_tells_the_whole_story_of_a_job(queue, bob, log):
    live_through_everything(queue, bob)
    assert logged(log, "1") == EVERYTHING


def test_the_record_tells_the_same_story_when_the_log_is_gone(queue, bob):
    live_through_everything(queue, bob)
    assert recorded(queue, "1") == EVERYTHING
    queue.restart()
    assert recorded(queue, "1") == EVERYTHING
    queue.sleep(queue.config.min_job_age_s + 1)  # forgotten, and read again
    assert recorded(queue, "1") == EVERYTHING


def test_the_story_names_who_did_what(queue, bob):
    live_through_everything(queue, bob)
    events = ask(queue, "1")["events"]
    by = [(event["event"], event["by"]) for event in events if "by" in event]
    assert by == [
        ("Submitted", BOB),
        ("Held", ADMIN),
        ("Released", ADMIN),
        ("RequeueOrdered", BOB),
        ("Requeued", BOB),
        ("Requeued", BOB),
        ("CancelOrdered", ADMIN),
    ]
    granted = [event for event in events if event["event"] == "Granted"]
    assert [(event["attempt"], event["cores"]) for event in granted] == [(n, 2) for n in (1, 2, 3)]
    ended = [event for event in events if event["event"] == "Ended"]
    assert [event["state"] for event in ended] == ["CANCELLED", "TIMEOUT", "CANCELLED"]


def test_a_job_cancelled_while_it_waits_has_a_whole_story(queue, log):
    queue.submit(BOB)
    queue.ask(BOB, "cancel", "1")
    told = ["Submitted", "CancelOrdered", "Ended"]
    assert (logged(log, "1"), recorded(queue, "1")) == (told, told)


def test_an_array_and_its_tasks_have_stories_of_their_own(queue, bob, log):
    queue.submit(BOB, "--array=1-6%2", "--hold")
    queue.ask(BOB, "control", "release", "1")
    bob.start("1_1.1")
    bob.start("1_2.1")
    queue.ask(BOB, "cancel", "1_[4-6]")
    bob.end("1_1.1")
    bob.end("1_2.1", 3)
    bob.end("1_3.1")
    assert recorded(queue, "1") == ["Submitted", "Released", "Withdrawn", "Ended"]
    assert recorded(queue, "1_2") == ["Submitted", "Released", "Granted", "Started", "Ended"]
    assert logged(log, "1_2") == ["Granted", "Started", "Ended"]
    assert logged(log, "1") == ["Submitted", "Released", "Withdrawn", "ArrayEnded"]
    events = {event["event"]: event for event in ask(queue, "1")["events"]}
    assert events["Withdrawn"]["tasks"] == "4-6"
    queue.restart()
    assert recorded(queue, "1_2") == ["Submitted", "Released", "Granted", "Started", "Ended"]


def test_a_restart_finds_what_runs_and_says_so(queue, bob, log):
    queue.submit(BOB)
    bob.start("1.1")
    queue.sleep(1)
    log.clear()
    queue.restart()
    assert logged(log, "1") == ["Found", "Reported"]
    assert recorded(queue, "1") == ["Submitted", "Granted", "Started"]


def test_a_story_is_no_longer_than_it_may_be(queue, bob):
    queue.submit(BOB)
    for attempt in range(1, 20):
        bob.start(f"1.{attempt}")
        bob.end(f"1.{attempt}")
        queue.ask(BOB, "control", "requeue", "1")
    line = ask(queue, "1")
    assert len(line["events"]) == MOST_LINES + 1  # and its submission
    assert line["events_forgotten"] == 19 * 4 + 1 - MOST_LINES
    assert line["events"][0]["event"] == "Submitted"
    queue.restart()
    assert ask(queue, "1")["events_forgotten"] == line["events_forgotten"]


def test_an_array_of_a_million_stays_one_small_record(queue):
    queue.submit(BOB, "--array=0-999999")
    for _ in range(60):
        queue.ask(BOB, "control", "hold", "1")
        queue.ask(BOB, "control", "release", "1")
    with open(f"{queue.root}/queue/pending/job_1.meta", "rb") as file:
        assert len(file.read()) < 5000


def test_the_story_costs_no_write_of_its_own(queue):
    queue.submit(BOB, "--hold")
    for verb in ("hold", "release", "hold"):
        before = len(queue.disk.calls)
        queue.ask(ADMIN, "control", verb, "1")
        calls = queue.disk.calls[before:]
        assert calls.count("write") == 2  # the journal, and the record
        assert calls.count("sync") == 1


def test_a_job_that_waits_is_told_what_is_ahead_and_until_when(queue, bob):
    queue.submit(BOB, "-c3", "--time=10")
    bob.start("1.1")
    queue.submit(BOB, "-c4")
    queue.submit(BOB, "-c2")
    queue.sleep(1)
    answer = queue.ask(BOB, "story", "why", "3")
    text = answer.out.decode()
    assert "Resources: needs 2 cores, 1 free" in text
    assert "  ahead     1 job\n" in text
    assert "if all that runs now uses up its time limit" in text
    prospect = ask(queue, "3")["prospect"]
    assert (prospect["ahead"], prospect["cores_free"]) == (1, 1)
    assert prospect["enough_at"] == pytest.approx(queue.clock.wall() - 1 + 600)


def test_nobody_can_tell_when_what_runs_has_no_limit(queue, bob):
    queue.submit(BOB, "-c3")
    bob.start("1.1")
    queue.submit(BOB, "-c2")
    assert ask(queue, "2")["prospect"]["enough_at"] is None


def test_an_unknown_or_purged_job_is_a_sentence(queue, bob):
    queue.submit(BOB)
    bob.end("1.1")
    assert queue.ask(ADMIN, "purge", "--keep-last=0").exit_code == 0
    for verb in ("why", "history"):
        answer = queue.ask(BOB, "story", verb, "1")
        assert answer.exit_code == 1
        assert b"cannot find job 1: no such job is known" in answer.err
        assert b"what was purged is forgotten" in answer.err


@pytest.mark.parametrize("words", [(), ("why",), ("sing", "1"), ("why", "x"), ("why", "--json")])
def test_a_wrong_question_is_refused(queue, words):
    assert queue.ask(BOB, "story", *words).exit_code == 2


def test_a_private_queue_tells_nobody_elses_story(tmp_path):
    queue = Queue(str(tmp_path), Config(cpus=4, poll_interval=3600.0, privacy="private"))
    try:
        bob = FakeAgent(queue, BOB)
        queue.submit(BOB, "-c3", "--time=10")
        bob.start("1.1")
        queue.submit(CAROL, "-c2")
        for verb in ("why", "history"):
            assert b"no such job is known" in queue.ask(CAROL, "story", verb, "1").err
            assert queue.ask(BOB, "story", verb, "1").exit_code == 0
            assert queue.ask(ADMIN, "story", verb, "1").exit_code == 0
        answer = queue.ask(CAROL, "story", "why", "--json", "2")
        [line] = json.loads(answer.out)["jobs"]
        assert line["prospect"]["enough_at"] is None  # a limit of somebody else's
    finally:
        queue.close()


def test_a_disk_that_refuses_and_returns_is_logged_once_each(queue, bob, log):
    queue.submit(BOB)
    queue.disk.full = True
    for _ in range(3):
        assert queue.submit(BOB).exit_code != 0
        queue.sleep(1)
    bob.end("1.1")
    queue.disk.full = False
    queue.sleep(1)
    names = [record.getMessage().split()[0] for record in log.records]
    assert (names.count("DiskRefused"), names.count("DiskReturned")) == (1, 1)
    assert names.index("DiskRefused") < names.index("DiskReturned")


def test_a_purged_job_is_logged_by_its_number(queue, bob, log):
    queue.submit(BOB)
    bob.end("1.1")
    queue.ask(ADMIN, "purge", "--keep-last=0")
    assert logged(log, "1")[-1] == "Purged"


def test_a_changed_configuration_names_its_keys(queue, log):
    with open(f"{queue.root}/config.yaml", "w", encoding="utf-8") as file:
        file.write("cpus: 4\npoll_interval: 3600\nkill_wait_s: 7\n")
    queue.ask(ADMIN, "reload")
    [line] = [r.getMessage() for r in log.records if r.getMessage().startswith("ConfigRead")]
    assert line == "ConfigRead cores=4 changed=kill_wait_s"
