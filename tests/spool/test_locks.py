"""Held means alive: with real processes."""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.spool.made import grant
from tests.wait import until
from tinysched.errors import SpoolError
from tinysched.spool.private import Private
from tinysched.spool.store import Store

pytestmark = pytest.mark.process

UID = os.geteuid()


@pytest.fixture
def child():
    """Runs a function in a child process that stays until it is killed."""
    pids = []

    def start(work):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(reader)
                work()
                os.write(writer, b"ready")
                os.close(writer)
                signal.pause()
            finally:
                os._exit(1)
        pids.append(pid)
        os.close(writer)
        assert os.read(reader, 5) == b"ready"
        os.close(reader)
        return pid

    yield start
    for pid in pids:
        end(pid)


def end(pid):
    """Kill a child of this test, and wait for it."""
    try:
        os.kill(pid, signal.SIGKILL)  # noqa: TID251 -- a child that this test made itself
        os.waitpid(pid, 0)
    except ProcessLookupError:
        pass
    except ChildProcessError:
        pass


def test_removing_the_lock_files_lets_no_second_dispatcher_in(root, child):
    child(lambda: Store.open(root))
    for path in Path(root, "lock").iterdir():
        path.unlink()
    with pytest.raises(SpoolError, match="another dispatcher holds it"):
        Store.open(root)


def test_a_dispatcher_that_was_killed_leaves_nothing_to_clear(root, child):
    pid = child(lambda: Store.open(root))
    with pytest.raises(SpoolError, match=f"pid {pid}"):
        Store.open(root)
    end(pid)
    Store.open(root).close()


def test_the_lock_may_lie_elsewhere(root, tmp_path, child):
    place = str(tmp_path / "locks")
    child(lambda: Store.open(root, lock_dir=place))
    with pytest.raises(SpoolError, match=f"cannot take the lock in {place}"):
        Store.open(root, lock_dir=place)
    assert not Path(root, "lock").exists()


def test_a_killed_worker_whose_job_runs_on_is_told_from_both_being_gone(private, root, child):
    """The worker holds both locks, its job inherits only the sign of life."""
    run = private.claim(grant())
    job_fd = run.alive_fd

    def work():
        job = os.fork()
        if job == 0:
            os.set_inheritable(job_fd, True)
            os.execv(sys.executable, [sys.executable, "-c", "import signal; signal.pause()"])
        Path(run.path, "job.pid").write_text(str(job))

    worker = child(work)
    run.close()
    [seen] = private.runs()
    assert (seen.worker_alive(), seen.job_alive()) == (True, True)
    job = int(Path(run.path, "job.pid").read_text())
    until(
        lambda: b"signal.pause" in Path(f"/proc/{job}/cmdline").read_bytes(),
        says="the job's program runs",
    )
    end(worker)
    assert (seen.worker_alive(), seen.job_alive()) == (False, True)
    os.kill(job, signal.SIGKILL)  # noqa: TID251 -- a grandchild that this test made itself
    until(lambda: not seen.job_alive(), says="the job's sign of life goes")


def test_a_workers_lock_names_the_worker_as_long_as_it_lives(private, child):
    run = private.claim(grant())
    worker = child(run.sign)
    run.close()
    [seen] = private.runs()
    assert seen.worker_pid() == worker
    end(worker)
    assert seen.worker_pid() is None


def test_the_agents_lock_goes_with_the_agent(private, root, child):
    pid = child(lambda: Private.open(root, UID).lock_agent())
    assert private.lock_agent() is None
    assert private.agent_pid() == pid
    end(pid)
    lock = private.lock_agent()
    assert lock is not None
    lock.release()


def test_an_agent_whose_whole_root_was_replaced_notices(private, root, child, tmp_path):
    lock = private.lock_agent()
    shutil.move(private.path, tmp_path / "away")
    os.mkdir(private.path)
    assert lock.is_in_place()  # seen through its own descriptor it is where it was
    shutil.rmtree(tmp_path / "away")
    assert not lock.is_in_place()
    lock.release()


def test_asking_is_never_taken_for_holding(private, root):
    """Others ask at any moment whether an agent lives: the one that starts must not give up."""
    asker = os.fork()
    if asker == 0:
        try:
            other = Private.open(root, UID)
            while True:
                other.agent_alive()
        finally:
            os._exit(1)
    try:
        for _ in range(300):
            lock = private.lock_agent()
            assert lock is not None
            lock.release()
    finally:
        end(asker)
