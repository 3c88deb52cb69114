"""What a run is told, and that whoever goes on in a killed worker's place does not say it again."""

import os
import signal

import pytest

from tests.fakes import FakeClock
from tests.spool.disks import QuickDisk
from tests.spool.made import request_files
from tinysched.host import cores
from tinysched.job.model import Exit, JobId, RunId
from tinysched.job.notices import Why
from tinysched.job.runs import Grant
from tinysched.job.signals import LimitSignal, Reach
from tinysched.programs.assignment import Registry
from tinysched.programs.herald import Herald
from tinysched.site import Site
from tinysched.spool import outbox
from tinysched.spool.private import Private
from tinysched.spool.runrecords import Started
from tinysched.spool.store import Store

TOKEN = "a" * 32
GRANT = Grant(
    run=RunId(job=JobId(number=42, task=7), attempt=1),
    raw_id=49,
    token=TOKEN,
    cores=1,
    memory_mib=1,
    limit_s=60,
    kill_wait_s=30.0,
)
STARTED = Started(pid=77, start_ticks=5, boot_id="b", started_at=5.5, exit=Exit(code=3))
HOST = cores.short_hostname()


class Spoken:
    """A run that has just started, and its stderr."""

    def __init__(self, root, command):
        self.disk = QuickDisk()
        Store.open(root, self.disk).close()
        self.err = f"{root}/err"
        with open(self.err, "w"):
            pass
        self.clock = FakeClock()
        self.clock.offset_s = 3600
        self.private = Private.open(root, os.geteuid(), self.disk)
        argv = [b"--signal=B:USR1@20", b"--array=7", b"-e", self.err.encode(), b"job.sh"]
        files = dict(request_files()) | {"argv": outbox.pack(argv), "command": command}
        os.close(outbox.write(root, os.geteuid(), TOKEN, list(files.items()), self.disk))
        self.registry = Registry(Site(root, os.geteuid(), "/bin"), self.private)
        self.run = self.private.claim(GRANT)
        self.run.write_started(STARTED)
        self.heralds = []

    def herald(self):
        """Of the worker, or of who takes over."""
        assignment = self.registry.assign(GRANT)
        self.heralds.append(
            Herald(assignment, self.run, self.clock, lambda _signum: None, follow=False)
        )
        return self.heralds[-1]

    def said(self):
        with open(self.err) as file:
            return file.read().splitlines()

    def close(self):
        for herald in self.heralds:
            herald.close()
        self.run.close()
        self.private.close()


@pytest.fixture
def spoken(root, request):
    made = Spoken(root, getattr(request, "param", b"tsbatch\n"))
    yield made
    made.close()


LINE = f"*** JOB 49 ON {HOST} CANCELLED AT 2027-01-15T09:00:00"


def test_a_run_is_told_once_why_it_is_ended_whoever_watches_it(spoken):
    herald = spoken.herald()
    herald.say(Why.LIMIT)
    herald.say(Why.CANCEL)
    spoken.herald().say(Why.CANCEL)
    assert spoken.said() == [f"tinysched: error: {LINE} DUE TO TIME LIMIT ***"]
    assert spoken.run.started().exit == Exit(code=3), "what else is noted there stays"


def test_the_signal_before_the_limit_is_sent_once_whoever_watches_it(spoken):
    wanted = LimitSignal(number=signal.SIGUSR1, before_s=20, reach=Reach.SCRIPT)
    herald = spoken.herald()
    assert herald.warning == wanted
    assert spoken.herald().warning == wanted, "it has not been sent yet"
    assert herald.warn() == wanted
    assert (herald.warning, spoken.herald().warning) == (None, None)
    assert spoken.said() == []
    assert spoken.run.started().exit == Exit(code=3)


@pytest.mark.parametrize(
    ("spoken", "lines"), [(b"tsbatch\n", 0), (b"sbatch\n", 1)], indirect=["spoken"]
)
def test_only_to_slurm_a_signal_that_ends_is_a_cancellation(spoken, lines):
    herald = spoken.herald()
    herald.hear(signal.SIGUSR1)
    assert spoken.said() == []
    herald.hear(signal.SIGTERM)
    herald.hear(signal.SIGKILL)
    assert spoken.said() == [f"slurmstepd-{HOST}: error: {LINE} ***"] * lines


def test_what_cannot_be_noted_is_said_all_the_same(spoken):
    herald = spoken.herald()
    os.unlink(f"{spoken.run.path}/started")
    herald.say(Why.REQUEUE)
    assert herald.warn() is not None
    assert spoken.said() == [f"tinysched: error: {LINE} DUE TO JOB REQUEUE ***"]
    herald.say(Why.REQUEUE)
    assert len(spoken.said()) == 1


def test_a_run_whose_request_is_gone_is_told_nothing(spoken):
    herald = Herald(None, spoken.run, spoken.clock, lambda _signum: None, follow=False)
    herald.say(Why.CANCEL)
    herald.hear(signal.SIGTERM)
    assert (herald.warning, herald.warn(), spoken.said()) == (None, None, [])
