"""A run that stands still, as its watcher sees it. No real process is touched."""

import signal

import pytest

from tests.programs.watched import TERM, Watched
from tinysched.errors import SpoolError
from tinysched.job.model import Exit
from tinysched.job.runs import Amendment, Cause
from tinysched.spool.runrecords import AmendedRun

STILL = [(10.0, signal.SIGSTOP)]


class Halting(Watched):
    """Moves until it is stopped, and again once it is let go on."""

    def __init__(self, limit_s=None):
        super().__init__(limit_s=limit_s, script_dies_of=())
        self.is_moving = True
        self.kept = []
        self.keep = self.kept.append

    def halt(self):
        was_moving, self.is_moving = self.is_moving, False
        if was_moving:
            self.send(signal.SIGSTOP)
        return was_moving

    def amended(self, *, limit_s=None, suspended=False):
        self.amend(Amendment(limit_s=limit_s, is_suspended=suspended))
        self.is_moving = not suspended


def test_it_is_stopped_once_and_again_if_somebody_lets_it_go_on():
    run = Halting().at(10)
    run.amended(suspended=True)
    run.is_moving = True
    run.at(100)
    assert run.sent == STILL
    run.is_moving = True
    run.at(200)
    assert [signum for _, signum in run.sent] == [signal.SIGSTOP, signal.SIGSTOP]
    run.amended()
    assert run.sent[-1] == (200.0, signal.SIGCONT)
    run.exits(code=0)
    run.at(201)
    assert (run.ended.cause, run.ended.elapsed_s) == (Cause.EXIT, pytest.approx(10.0, abs=0.1))


def test_its_limit_does_not_run_meanwhile():
    run = Halting(limit_s=60).at(10)
    run.amended(limit_s=60, suspended=True)
    run.at(1000)
    run.amended(limit_s=60)
    run.at(1049)
    assert TERM[0] not in [signum for _, signum in run.sent]
    run.at(1051)
    assert (pytest.approx(1050.0, abs=0.1), TERM[0]) in run.sent


def test_its_limit_can_be_changed_and_holds_from_its_start():
    run = Halting(limit_s=60).at(10)
    run.amended(limit_s=30)
    run.at(29.9)
    assert run.sent == []
    run.amended(limit_s=None)
    run.at(500)
    assert run.sent == []
    run.amended(limit_s=90)
    run.at(501)
    assert run.sent[0] == (500.0, TERM[0])


def test_whoever_ends_it_ends_it_standing_still():
    run = Halting().at(10)
    run.amended(suspended=True)
    run.at(20)
    run.order_stop(kill=False)
    run.at(21)
    assert [signum for _, signum in run.sent] == TERM
    run.exits(signal=15)
    run.at(22)
    assert (run.ended.cause, run.ended.exit) == (Cause.CANCEL, Exit(signal=15))
    assert run.ended.elapsed_s == pytest.approx(11.0, abs=1.1)


def test_what_is_being_ended_is_not_suspended_any_more():
    run = Halting().at(10)
    run.order_stop(kill=False)
    run.at(11)
    run.amended(limit_s=5, suspended=True)
    assert (run.is_suspended, run.kept) == (False, [])


def test_what_was_changed_is_kept_for_whoever_takes_over():
    run = Halting(limit_s=60).at(10)
    run.amended(limit_s=90, suspended=True)
    run.amended(limit_s=90, suspended=True)
    at = run.clock.boottime()
    assert run.kept == [AmendedRun(limit_s=90, paused_at=at, paused_s=0.0)] * 2
    heir = Halting(limit_s=60)
    heir.clock.sleep(100)
    heir.go_on_as(run.kept[-1])
    heir.at(110)
    assert heir.is_suspended
    heir.amended(limit_s=90)
    assert heir.kept == [AmendedRun(limit_s=90, paused_at=None, paused_s=pytest.approx(100.0))]


def test_a_disk_that_is_full_stops_nobody_from_being_stopped():
    def refuse(_amended):
        raise SpoolError("cannot write: No space left on device")

    run = Halting().at(10)
    run.keep = refuse
    run.amended(suspended=True)
    run.is_moving = True
    run.at(11)
    assert run.sent == STILL
