"""What a foreground client hears while it waits for its cores."""

import signal
import socket

import pytest

from tests.fakes import FakeClock
from tinysched.job.model import JobId, RunId
from tinysched.job.runs import Grant
from tinysched.programs.line import PASSED_ON, Line
from tinysched.programs.manners import run_job
from tinysched.site import Site
from tinysched.wire import messages
from tinysched.wire.channel import Channel
from tinysched.wire.fields import pack

RUN_JOB = ["1", "no", "true"]
RUN = RunId(job=JobId(number=42), attempt=1)
GRANT = Grant(run=RUN, raw_id=42, token="t", cores=1, memory_mib=1, limit_s=None, kill_wait_s=30.0)
GRANTED = pack("grant", messages.grant_fields(GRANT))
STOPPED = pack("stop", messages.stop_fields(RUN, kill=False))
ACKNOWLEDGED = pack("ended-ack", messages.run_fields(RUN))
CANCELLED = 128 + signal.SIGTERM


@pytest.fixture
def ends(tmp_path):
    """A line and the dispatcher's end of it; afterwards this process hears signals as before."""
    before = {signum: signal.getsignal(signum) for signum in (*PASSED_ON, signal.SIGCHLD)}
    ours, theirs = socket.socketpair()
    manners = run_job(RUN_JOB, "/")
    line = Line(Site(str(tmp_path), None, "/bin"), FakeClock(), RUN_JOB, "/", manners)
    line._channel = Channel(ours)
    yield line, theirs
    signal.set_wakeup_fd(-1)
    for signum, handler in before.items():
        signal.signal(signum, handler)
    line.hang_up()
    theirs.close()


def test_a_grant_ends_the_wait(ends):
    line, dispatcher = ends
    dispatcher.sendall(GRANTED)
    assert line.wait_for_grant() is None
    assert line.grant == GRANT


@pytest.mark.parametrize(
    "said", [STOPPED, ACKNOWLEDGED, GRANTED + STOPPED, GRANTED + STOPPED + ACKNOWLEDGED]
)
def test_a_job_that_was_cancelled_before_it_began_never_begins(ends, capsys, said):
    line, dispatcher = ends
    dispatcher.sendall(said)
    assert line.wait_for_grant() == CANCELLED
    assert "cannot run the job: it was cancelled" in capsys.readouterr().err


def test_a_client_that_is_told_to_end_does_not_wait(ends):
    line, _ = ends
    line.signals.append(signal.SIGINT)
    assert line.wait_for_grant() == 128 + signal.SIGINT
