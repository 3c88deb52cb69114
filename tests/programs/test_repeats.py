"""What is tried again every second does not fill the log."""

import logging

import pytest

from tests.fakes import FakeClock
from tests.programs.peers import FakeAgent
from tests.programs.queue import BOB
from tinysched.programs import events
from tinysched.programs.repeats import Repeats


def told(clock, log, words, *facts):
    """The line, if it gets through."""
    record = logging.LogRecord("x", logging.ERROR, "", 0, words, facts, None)
    return record.getMessage() if log.filter(record) else None


@pytest.fixture
def clock():
    return FakeClock()


def test_a_failure_is_told_at_once_and_then_ever_more_rarely_with_a_count(clock):
    log, heard = Repeats(clock), {}
    for second in range(24 * 3600):
        line = told(clock, log, events.NOT_GRANTED, 7, "bob", "full")
        if line is not None:
            heard[second] = line
        clock.sleep(1)
    assert list(heard)[:5] == [0, 60, 180, 420, 900]
    assert "times" not in heard[0]
    assert heard[60].endswith("times=61")
    assert len(heard) < 40


def test_each_job_is_told_apart_and_other_lines_are_never_held_back(clock):
    log = Repeats(clock)
    assert told(clock, log, events.NOT_GRANTED, 7, "bob", "full")
    assert told(clock, log, events.NOT_GRANTED, 8, "bob", "full")
    assert not told(clock, log, events.NOT_GRANTED, 8, "bob", "full")
    for _ in range(3):
        assert told(clock, log, events.HELD, 7, "bob", 1)


def test_a_failure_that_comes_back_is_a_new_one(clock):
    log = Repeats(clock)
    assert told(clock, log, events.NOT_GRANTED, 7, "bob", "full")
    clock.sleep(1)
    assert not told(clock, log, events.NOT_GRANTED, 7, "bob", "full")
    clock.sleep(301)
    assert told(clock, log, events.NOT_GRANTED, 7, "bob", "full").endswith("full")


@pytest.mark.timeout(120)
def test_a_disk_that_stays_full_for_hours_costs_few_lines(queue, caplog):
    log = Repeats(queue.clock)
    caplog.handler.addFilter(log)
    queue.submit(BOB)
    bob = FakeAgent(queue, BOB)
    bob.start("1.1")
    queue.submit(BOB, "-c4")
    queue.submit(BOB, "--begin=now+60")
    queue.disk.full = True
    bob.end("1.1")
    for _ in range(6 * 60):
        queue.sleep(60)
    assert queue.cores_taken == 0
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert 2 <= len(lines) < 100, lines
    queue.disk.full = False
    queue.sleep(60)
    bob.obey()
    assert queue.states()["1"] == "COMPLETED"
