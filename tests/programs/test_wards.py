"""What an agent makes of the runs it finds on its disk, without any process of theirs."""

import errno
import os
from dataclasses import replace

import pytest

from tests.fakes import FakeClock
from tests.spool.disks import FailingDisk, QuickDisk
from tests.spool.made import request_files
from tests.wait import until
from tinysched.host import processes, tree
from tinysched.job.model import Exit, JobId, RunId
from tinysched.job.runs import Cause, Ending, Grant
from tinysched.programs.assignment import Registry
from tinysched.programs.launchpad import Launchpad
from tinysched.programs.ward import Ward
from tinysched.programs.wards import Wards
from tinysched.site import Site
from tinysched.spool import outbox
from tinysched.spool.private import Private
from tinysched.spool.runrecords import Started
from tinysched.spool.runs import RunDir
from tinysched.spool.store import Store
from tinysched.wire import messages
from tinysched.wire.channel import Message

RUN = RunId(job=JobId(number=42), attempt=1)
TOKEN = "a" * 32
NO_PID = 2**22 + 1  # more than a kernel gives


class Pad(Launchpad):
    """Starts nothing; says what it would have started, and lets go of the locks as a fork does."""

    def __init__(self, *args):
        super().__init__(*args)
        self.started = []

    def start_worker(self, ward):
        self.started.append(str(ward.grant.run))
        ward.dir.release_locks()


class Ground:
    """A user's directory, and an agent's wards over it."""

    def __init__(self, root, disk=None):
        Store.open(root, QuickDisk()).close()
        self.root = root
        self.uid = os.geteuid()
        self.private = Private.open(root, self.uid, disk or QuickDisk())
        self.clock = FakeClock()
        self.registry = Registry(Site(root, self.uid, "/bin"), self.private)
        self.is_connected = True
        self.told = []
        self.begin()

    def begin(self):
        """A new agent, which knows nothing."""
        self.pad = Pad(self.private, self.registry, self.clock, -1)
        self.wards = Wards(self.private, self.pad, self.clock, self._tell)

    def _tell(self, verb, fields):
        if self.is_connected:
            self.told.append(Message(verb=verb, fields=fields))
        return self.is_connected

    def request(self, **changes):
        files = dict(request_files()) | {n: v for n, v in changes.items()}
        os.close(outbox.write(self.root, self.uid, TOKEN, list(files.items()), QuickDisk()))

    def claim(self, **changes):
        """A run whose worker was killed: nobody holds its locks."""
        run = self.private.claim(granted(**changes))
        run.release_locks()
        return run

    def tend(self):
        self.wards.adopt_all()
        self.wards.tend()
        return [message.verb for message in self.told]

    @property
    def ending(self):
        [message] = [message for message in self.told if message.verb == "ended"]
        return messages.read_ending(message)


def granted(**changes):
    grant = Grant(
        run=RUN, raw_id=42, token=TOKEN, cores=1, memory_mib=1, limit_s=60, kill_wait_s=30.0
    )
    return replace(grant, **changes)


def started(boot_id="boot-1", **changes):
    fact = Started(pid=NO_PID, start_ticks=5, boot_id=boot_id, started_at=1_799_999_000.0)
    return replace(fact, **changes)


ENDED = Ending(
    run=RUN, cause=Cause.EXIT, exit=Exit(code=3), started_at=1.0, ended_at=2.0, elapsed_s=1.0
)


@pytest.fixture
def ground(root):
    ground = Ground(root)
    yield ground
    for run, _ in ground.wards.stages():
        ground.wards._wards[run].close()
    ground.private.close()


def test_an_end_on_the_disk_is_reported_until_it_is_acknowledged(ground):
    ground.request()
    run = ground.claim()
    run.write_started(started())
    run.write_ending(ENDED)
    assert ground.tend() == ["started", "ended"]
    assert ground.ending == ENDED
    assert ground.wards.stages() == [(RUN, "ended")]
    assert ground.tend() == ["started", "ended"], "told once to each dispatcher"
    ground.wards.forget_told()
    assert ground.tend() == ["started", "ended"] * 2
    ground.wards.forget(RUN)
    ground.wards.retiring.now()
    assert ground.private.runs() == []
    assert len(ground.wards) == 0


def test_an_end_is_kept_while_there_is_nobody_to_tell(ground):
    ground.request()
    ground.claim().write_ending(ENDED)
    ground.is_connected = False
    assert ground.tend() == []
    ground.is_connected = True
    assert ground.tend() == ["ended"]


def test_a_run_that_was_claimed_and_never_started_is_started(ground):
    ground.request()
    ground.claim()
    assert ground.tend() == []
    assert ground.pad.started == ["42.1"]
    assert ground.wards.stages() == [(RUN, "alive")]


def test_a_run_that_was_claimed_and_cancelled_never_starts(ground):
    ground.request()
    ground.claim()
    ground.wards.adopt_all()
    ground.wards.stop(RUN, kill=False)
    assert ground.tend() == ["ended"]
    assert (ground.ending.cause, ground.ending.exit) == (Cause.CANCEL, None)
    assert ground.pad.started == []


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_run_whose_child_is_about_to_become_the_script_is_waited_for(ground, is_cancelled):
    ground.request()
    held = ground.claim()
    assert held.take_locks()
    held.release_worker_lock()
    ground.wards.adopt_all()
    if is_cancelled:
        ground.wards.stop(RUN, kill=True)
    assert ground.tend() == []
    assert ground.pad.started == []
    assert ground.wards.next_s() <= 0.2
    held.close()
    ground.tend()
    assert ground.pad.started == ([] if is_cancelled else ["42.1"])


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_script_that_came_and_went_between_two_looks_is_not_started_again(
    ground, monkeypatch, is_cancelled
):
    """Whoever looks may be stopped for any time between one look and the next."""

    def comes_and_goes(run):
        run.write_started(started())
        return False

    ground.request()
    ground.claim()
    ground.wards.adopt_all()
    if is_cancelled:
        ground.wards.stop(RUN, kill=False)
    monkeypatch.setattr(RunDir, "job_alive", comes_and_goes)
    ground.tend()
    assert ground.wards.next_s() == 0
    assert ground.tend() == ["started", "ended"]
    cause = Cause.CANCEL if is_cancelled else Cause.LOST
    assert (ground.ending.cause, ground.ending.started_at) == (cause, started().started_at)
    assert ground.pad.started == []


@pytest.mark.parametrize(
    ("fact", "cause"), [(started("boot-0"), Cause.BOOT), (started(), Cause.LOST)]
)
def test_a_started_run_of_which_nobody_lives_is_lost(ground, fact, cause):
    ground.request()
    ground.claim().write_started(fact)
    assert ground.tend() == ["started", "ended"]
    assert (ground.ending.cause, ground.ending.exit) == (cause, None)
    assert ground.ending.started_at == fact.started_at
    assert ground.pad.started == []


@pytest.mark.parametrize(
    ("began_at", "boot_id", "elapsed_s"),
    [(400.0, "boot-1", 600.0), (None, "boot-1", 4600.0)],
    ids=["noted", "older release"],
)
def test_a_step_of_the_clock_does_not_change_how_long_a_run_in_custody_has_run(
    ground, began_at, boot_id, elapsed_s
):
    ground.request()
    fact = started(boot_id, began_at=began_at, started_at=ground.clock.wall() - 600)
    ground.claim().write_started(fact)
    ground.clock.step_wall(4000)
    ground.tend()
    assert ground.ending.elapsed_s == pytest.approx(elapsed_s)


def test_an_exit_code_that_the_worker_wrote_down_is_not_lost_with_it(ground):
    ground.request()
    ground.claim().write_started(started(exit=Exit(code=7)))
    ground.tend()
    assert (ground.ending.cause, ground.ending.exit) == (Cause.EXIT, Exit(code=7))


@pytest.mark.parametrize(
    ("later", "end"),
    [(0, (Cause.EXIT, Exit(code=9))), (1, (Cause.LOST, None))],
    ids=["it", "other"],
)
def test_the_end_of_an_orphan_is_not_taken_for_that_of_a_script_with_the_same_pid(
    ground, later, end
):
    child = processes.fork_worker(lambda: 9)
    ticks = processes.start_ticks(child)
    ground.request()
    ground.claim().write_started(started(pid=child, start_ticks=ticks + later))
    until(lambda: tree.has_ended(child), "the child has ended")
    ground.tend()
    assert (ground.ending.cause, ground.ending.exit) == end


def test_a_cancelled_run_of_which_nobody_lives_is_reported_once(ground):
    ground.request()
    ground.claim().write_started(started())
    ground.wards.adopt_all()
    ground.wards.stop(RUN, kill=False)
    ground.tend()
    assert ground.ending.exit is None


def test_a_run_without_its_request_cannot_be_started_any_more(ground):
    ground.request()
    ground.claim()
    outbox.remove(ground.root, ground.uid, TOKEN)
    assert ground.tend() == ["ended"]
    assert (ground.ending.cause, ground.ending.words) == (
        Cause.LAUNCH,
        "it cannot be started any more",
    )


def test_a_claim_that_was_cut_short_is_forgotten(ground):
    ground.request()
    path = ground.claim().path
    os.unlink(f"{path}/grant")
    assert ground.tend() == []
    assert ground.private.runs() == []


def test_a_grant_is_claimed_and_started_once(ground):
    ground.request()
    for _ in range(3):
        ground.wards.begin(granted())
    assert ground.pad.started == ["42.1"]
    ground.begin()
    ground.wards.begin(granted())
    assert ground.pad.started == [], "claimed before: adopted, not begun"
    assert ground.wards.stages() == [(RUN, "alive")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token": "b" * 32}, "No such file"),
        ({"token": "../../etc"}, "bad token"),
        ({"run": RunId(job=JobId(number=42, task=3), attempt=1)}, "the request has no such task"),
        ({"cluster": "$(reboot)"}, "its cluster or partition is no name"),
        ({"partition": "a b"}, "its cluster or partition is no name"),
    ],
)
def test_a_grant_of_what_was_never_submitted_is_refused(ground, changes, words):
    ground.request()
    ground.wards.begin(granted(**changes))
    assert ground.ending.cause is Cause.LAUNCH
    assert words in ground.ending.words
    assert (ground.pad.started, len(ground.wards), ground.private.runs()) == ([], 0, [])


def test_a_request_that_became_one_job_is_not_run_as_another(ground):
    ground.request()
    ground.wards.begin(granted())
    other = RunId(job=JobId(number=43), attempt=1)
    ground.wards.begin(granted(run=other))
    assert "it is job 42" in ground.ending.words
    assert ground.pad.started == ["42.1"]


def test_a_foreground_run_given_up_by_its_client_is_claimed_and_ended(ground):
    ground.request(command=b"run_job", argv=outbox.pack([b"1", b"no", b"true"]))
    ground.wards.begin(granted())
    ground.wards.tend()
    assert (ground.ending.cause, ground.pad.started) == (Cause.CANCEL, [])
    with pytest.raises(Exception, match="claimed"):
        ground.private.claim(granted())


def test_a_foreground_run_that_its_client_claimed_is_left_to_it(ground):
    ground.request(command=b"run_job", argv=outbox.pack([b"1", b"no", b"true"]))
    client = ground.private.claim(granted())
    ground.wards.begin(granted())
    assert ground.tend() == []
    client.write_started(started())
    client.write_ending(ENDED)
    client.close()
    assert ground.tend() == ["started", "ended"]
    assert ground.ending == ENDED


def test_orders_for_unknown_runs_are_no_trouble(ground):
    ground.wards.stop(RUN, kill=True)
    ground.wards.signal(RUN, 10)
    ground.wards.forget(RUN)
    ground.wards.retiring.now()
    assert ground.tend() == []


def test_a_ward_is_alive_until_its_end_is_on_the_disk(ground):
    ground.request()
    run = ground.claim()
    ward = Ward(run, granted(), None)
    assert ward.stage == "alive"
    run.write_ending(ENDED)
    ward.look()
    assert ward.stage == "ended"
    ward.close()


def test_a_user_beyond_the_quota_hears_of_it_and_the_agent_lives_on(root):
    """Whichever operation is the one that the disk refuses."""
    disk = FailingDisk(0, errno.EDQUOT)
    ground = Ground(root, disk)
    ground.request()
    for attempt in range(1, 400):
        grant = granted(run=RunId(job=RUN.job, attempt=1))
        disk.fail_at(attempt)
        ground.wards.begin(grant)
        if ground.pad.started:
            break
        disk.work_again()
        assert "Disk quota exceeded" in ground.ending.words
        assert ground.ending.cause is Cause.LAUNCH
        assert ground.private.runs() == []
        ground.told.clear()
        ground.registry.forget(TOKEN)
    assert attempt > 10
    for ward in ground.wards._wards.values():
        ward.close()
    ground.private.close()
