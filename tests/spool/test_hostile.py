"""Links, FIFOs, directories and huge files in the place of every file that is read."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from tests.spool.disks import QuickDisk
from tests.spool.made import (
    array,
    ended,
    ending,
    grant,
    plain,
    request_files,
    task,
    write_older_request,
)
from tinysched.errors import SpoolError
from tinysched.spool import outbox
from tinysched.spool.private import Private
from tinysched.spool.requests import OLDER_FILES
from tinysched.spool.runrecords import Started
from tinysched.spool.store import Store, find_only, read_only

UID = os.geteuid()
HUGE = 1 << 40


def fifo(path):
    os.mkfifo(path)


def link(path):
    target = path.parent / "elsewhere"
    target.write_text("123")
    path.symlink_to(target)


def dangling(path):
    path.symlink_to("/nonexistent/x")


def loop(path):
    path.symlink_to(path)


def device(path):
    path.symlink_to("/dev/zero")


def directory(path):
    path.mkdir()
    (path / "inside").write_text("x")


def huge(path):
    """A sparse file: its size is a lie, or it fills the memory."""
    path.touch()
    os.truncate(path, HUGE)


EVILS = (fifo, link, dangling, loop, device, directory, huge)
each_evil = pytest.mark.parametrize("evil", EVILS, ids=lambda evil: evil.__name__)


def put(evil, path):
    """Put something evil in the place of a file."""
    path.unlink(missing_ok=True)
    evil(path)


@each_evil
@pytest.mark.parametrize(
    "place",
    ["pending/job_2.meta", "running/job_3_1.meta", "completed/job_2.meta", "failed/job_5.meta"],
)
def test_such_a_record_is_set_aside_and_harms_nobody(store, root, evil, place):
    store.publish([plain(1), plain(2), array(3, 4), task(array(3, 4), 1), plain(4, ended())])
    store.close()
    path = Path(root, "queue", place)
    put(evil, path)
    seen = read_only(root)
    store = Store.open(root, QuickDisk())
    loaded = store.load(0.0)
    assert {1, 3, 4} <= {job.id for job in loaded.jobs}
    assert {1, 3, 4} <= {job.id for job in seen.jobs}
    assert len(loaded.quarantined) == 1
    assert path.name in loaded.quarantined[0]
    assert not os.path.lexists(path)
    # With a good copy elsewhere it is nothing to come back to.
    is_copy = place == "completed/job_2.meta"
    kept = f"{path.name}.1" if is_copy else f"{path.parent.name}.{path.name}.1"
    assert [item.name for item in Path(root, "queue/quarantine").iterdir()] == [kept]
    store.close()
    store = Store.open(root, QuickDisk())
    assert [kept in sentence for sentence in store.load(0.0).quarantined] == [True] * (not is_copy)
    store.close()


def start(root):
    """What a dispatcher does first."""
    store = Store.open(root, QuickDisk())
    try:
        store.load()
        store.allocate_id()
    finally:
        store.close()


@each_evil
@pytest.mark.parametrize("name", ["last_job_id", "ended.log"])
def test_such_a_state_file_is_named_and_replaced(store, root, evil, name):
    for _ in range(3):
        store.allocate_id()
    store.publish([plain(3, ended())])
    store.close()
    put(evil, Path(root, "state", name))
    assert [job.id for job in read_only(root).jobs] == [3]
    store = Store.open(root, QuickDisk())
    loaded = store.load()
    assert any(name in sentence for sentence in loaded.quarantined)
    assert store.allocate_id() > 3
    assert [line.number for line in store.ended()] == [3]
    store.close()
    assert Path(root, "state", name).is_file()


@each_evil
def test_such_a_format_refuses_the_root(store, root, evil):
    store.close()
    put(evil, Path(root, "state/format"))
    with pytest.raises(SpoolError, match="state/format"):
        Store.open(root, QuickDisk())


@each_evil
def test_such_a_lock_is_refused_and_waited_for_by_nobody(root, evil):
    Path(root, "lock").mkdir()
    put(evil, Path(root, "lock/global.lock"))
    if evil is huge:
        Store.open(root, QuickDisk()).close()
        return
    with pytest.raises(SpoolError, match=r"global\.lock"):
        Store.open(root, QuickDisk())


@each_evil
def test_such_a_directory_is_refused(store, root, evil):
    store.close()
    for name in ("queue/failed", "state", "tmp", "users"):
        place = Path(root, name)
        place.rename(place.with_name("kept"))
        if evil is not directory:
            evil(place)
            with pytest.raises(SpoolError, match=name):
                Store.open(root, QuickDisk())
            place.unlink()
        Path(root, name).with_name("kept").rename(place)
    Store.open(root, QuickDisk()).close()


@each_evil
@pytest.mark.parametrize("name", [name for name, _ in request_files()] + ["request", "job"])
def test_such_a_file_of_a_request_is_refused(private, root, evil, name):
    place = Path(private.path, "requests/tok")
    if name in OLDER_FILES:
        write_older_request(place, request_files())
    else:
        os.close(outbox.write(root, UID, "tok", request_files()))
    put(evil, place / name)
    if name == "slurm_script":
        return  # it is executed, not read
    use = private.bound if name == "job" else private.request
    with pytest.raises(SpoolError, match=rf"requests/tok/{name}: it"):
        use("tok")


@each_evil
def test_such_a_user_directory_is_refused(store, root, evil):
    evil(Path(root, f"users/u{UID}"))
    if evil is directory:
        Private.open(root, UID, QuickDisk()).close()
        return
    for use in (
        lambda: Private.open(root, UID, QuickDisk()),
        lambda: outbox.write(root, UID, "tok", []),
    ):
        with pytest.raises(SpoolError, match=f"users/u{UID}"):
            use()


@each_evil
@pytest.mark.parametrize("name", ["grant", "started", "exit"])
def test_such_a_file_of_a_run_is_refused(private, evil, name):
    run = private.claim(grant())
    run.write_started(Started(pid=1, start_ticks=1, boot_id="x", started_at=1.0))
    run.write_ending(ending(grant()))
    put(evil, Path(run.path, name))
    with pytest.raises(SpoolError, match=f"{name}: it"):
        {"grant": run.grant, "started": run.started, "exit": run.ending}[name]()
    run.forget()


@each_evil
@pytest.mark.parametrize("name", ["worker.lock", "alive"])
def test_such_a_lock_of_a_run_is_no_sign_of_life_and_cannot_be_taken(private, evil, name):
    private.claim(grant()).close()
    [run] = private.runs()
    put(evil, Path(run.path, name))
    with suppress(SpoolError):
        assert not (run.worker_alive() if name == "worker.lock" else run.job_alive())
    if evil is huge:
        return
    with pytest.raises(SpoolError, match=name):
        run.take_locks()
    assert (run.worker_lock_fd, run.alive_fd) == (-1, -1)


@each_evil
def test_an_exit_record_is_not_written_through_such_a_thing(private, evil, tmp_path):
    run = private.claim(grant())
    put(evil, Path(run.path, ".exit"))
    run.write_ending(ending(grant()))
    assert run.ending() == ending(grant())
    run.close()
    elsewhere = Path(run.path, "elsewhere")
    assert not elsewhere.exists() or elsewhere.read_text() == "123"


@each_evil
def test_such_a_claim_or_request_is_garbage_or_taken(private, evil):
    evil(Path(private.path, "runs/7.1"))
    with pytest.raises(SpoolError):
        private.claim(grant())
    [run] = private.runs()
    if evil is not directory:
        with pytest.raises(SpoolError):
            run.worker_alive()
    run.forget()
    assert private.runs() == []
    evil(Path(private.path, "requests/tok"))
    with pytest.raises(SpoolError):
        private.request("tok")
    assert private.collect_garbage([], older_than=10**12)[0] in ("elsewhere", "tok")
    assert not os.path.lexists(f"{private.path}/requests/tok")


@each_evil
def test_such_an_agent_lock_is_refused(private, evil):
    put(evil, Path(private.path, "agent.lock"))
    if evil is huge:
        assert private.agent_pid() is None
        return
    with pytest.raises(SpoolError, match=r"agent\.lock"):
        private.lock_agent()


@each_evil
def test_such_a_script_is_not_read(store, root, evil):
    store.publish([plain(1)])
    put(evil, Path(root, "queue/pending/job_1.script"))
    with pytest.raises(SpoolError, match=r"job_1\.script"):
        store.read_script(1)


def test_a_record_that_another_user_owns_is_not_believed(store, root):
    if UID != 0:
        pytest.skip("CI cannot run this: only root can give a file away")
    store.publish([plain(1)])
    store.close()
    os.chown(Path(root, "queue/pending/job_1.meta"), 54321, -1)
    with pytest.raises(SpoolError, match="belongs to uid 54321"):
        find_only(root, 1)
    store = Store.open(root, QuickDisk())
    assert "belongs to uid 54321" in store.load().quarantined[0]
    store.close()
