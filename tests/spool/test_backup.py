"""What is restored is what was backed up, and a file that is none of ours changes nothing."""

from __future__ import annotations

import io
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.spool.deeds import CLOSURES, HIGHEST, queue
from tests.spool.disks import QuickDisk
from tests.spool.made import GRANTED, RUNS, ended, plain, with_state
from tinysched.errors import RefusedError, SpoolError
from tinysched.job.model import Outcome
from tinysched.spool import backup, restoring
from tinysched.spool.store import Store, read_only


@pytest.fixture
def old(tmp_path: Path) -> str:
    """A queue with jobs in every state."""
    root = tmp_path / "old"
    root.mkdir()
    queue(str(root))
    (root / "config.yaml").write_text("cpus: 3\n")
    return str(root)


@pytest.fixture
def new(tmp_path: Path) -> str:
    """A root that nobody has used yet."""
    root = tmp_path / "new"
    root.mkdir()
    return str(root)


def write(root: str, freeze=None) -> str:
    target = f"{os.path.dirname(root)}/backup.tar"
    backup.write(root, target, 5000.0, freeze)
    return target


def put_back(root: str, path: str, *, force: bool = False) -> restoring.Restored:
    with backup.Alone(root):
        return restoring.restore(root, path, 6000.0, force=force)


def seen(root: str) -> dict[object, object]:
    loaded = read_only(root)
    assert loaded.quarantined == ()
    jobs: dict[object, object] = {job.id: job for job in loaded.jobs}
    return jobs | {task.unit.id: task.unit for task in loaded.tasks}


def freezing(store: Store):
    return lambda: backup.Frozen(**dict(zip(("path", "last_id"), store.freeze(), strict=True)))


@pytest.mark.parametrize("is_running", [True, False])
def test_what_is_restored_is_what_was_backed_up(old: str, new: str, is_running: bool):
    store = Store.open(old, QuickDisk())
    store.load()
    store.save_closures(CLOSURES)
    if is_running:
        path = write(old, freezing(store))
        assert os.listdir(f"{old}/tmp") == []
        store.close()
    else:
        store.close()
        path = write(old)
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert put_back(new, path).jobs == HIGHEST
    assert seen(new) == seen(old)
    store = Store.open(new, QuickDisk())
    assert store.load().quarantined == ()
    assert store.read_script(1) == b"old script"
    assert store.closures() == (CLOSURES, "")
    assert store.allocate_id() > HIGHEST
    store.close()
    assert Path(new, "config.yaml").read_text() == "cpus: 3\n"
    modes = {oct(p.stat().st_mode & 0o7777) for p in Path(new, "queue").rglob("*.script")}
    assert modes == {oct(0o600)}


def test_a_backup_is_of_one_moment_whatever_changes_while_it_is_written(old: str, new: str):
    """Jobs end, are requeued and come between any two steps; none is missing, none is torn."""
    store = Store.open(old, QuickDisk())
    jobs = {job.id: job for job in store.load(0.0).jobs}
    calls = 0

    def change() -> None:
        for number in (1, 2, 3, 8):
            order = (
                (GRANTED, RUNS, ended()),
                (ended(), plain(1).work.state, ended(Outcome.FAILED)),
            )
            state = order[number % 2][calls % 3]
            [jobs[number]] = store.publish([with_state(jobs[number], state)])

    def freeze() -> backup.Frozen:
        nonlocal calls
        change()
        calls += 1
        frozen = freezing(store)()
        change()
        return frozen

    path = write(old, freeze)
    store.close()
    put_back(new, path)
    assert {job.id for job in read_only(new).jobs} == set(range(1, HIGHEST + 1))
    store = Store.open(new, QuickDisk())
    assert store.load().quarantined == ()
    store.close()


def test_a_queue_with_jobs_is_replaced_by_force_only_and_kept(old: str):
    path = write(old)
    store = Store.open(old, QuickDisk())
    store.load()
    number = store.allocate_id()
    store.publish([plain(number)])
    store.close()
    before = seen(old)
    with pytest.raises(RefusedError, match="has 9 jobs, 1 of them not in that file"):
        put_back(old, path)
    assert seen(old) == before
    done = put_back(old, path, force=True)
    assert done.last_id >= number, "numbers never go back"
    assert number not in seen(old)
    assert Path(done.aside, f"queue/pending/job_{number}.meta").exists()
    store = Store.open(old, QuickDisk())
    store.load()
    assert store.allocate_id() > number
    store.close()


def test_what_runs_now_stays_known(old: str):
    path = write(old)
    store = Store.open(old, QuickDisk())
    jobs = {job.id: job for job in store.load().jobs}
    store.allocate_id()
    store.publish([plain(HIGHEST + 1, RUNS), with_state(jobs[1], RUNS)])
    store.close()
    before = seen(old)
    done = put_back(old, path, force=True)
    assert done.kept >= 3
    after = seen(old)
    for number in (1, 2, HIGHEST + 1):
        assert after[number] == before[number]
    store = Store.open(old, QuickDisk())
    assert store.load().quarantined == ()
    store.close()


def test_nobody_restores_under_a_dispatcher(old: str):
    store = Store.open(old, QuickDisk())
    with pytest.raises(SpoolError, match="another dispatcher holds it"):
        backup.Alone(old)
    store.close()


def test_a_queue_of_a_newer_release_is_left_alone(old: str, new: str):
    path = write(old)
    os.mkdir(f"{new}/state")
    Path(new, "state/format").write_text("99\n")
    with pytest.raises(SpoolError, match="newer release"):
        put_back(new, path, force=True)


def test_a_backup_that_cannot_be_written_leaves_no_file_and_the_former_one(
    old: str, tmp_path: Path
):
    path = write(old)
    before = Path(path).read_bytes()

    def fails() -> backup.Frozen:
        raise SpoolError("cannot freeze")

    with pytest.raises(SpoolError, match="cannot freeze"):
        backup.write(old, path, 1.0, fails)
    assert Path(path).read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["backup.tar", "old"]
    with pytest.raises(SpoolError, match="cannot write /nowhere/"):
        backup.write(old, "/nowhere/x.tar", 1.0, None)


def member(name: str, content: bytes = b"x", **more: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in more.items():
        setattr(info, key, value)
    return info, content


EVIL = {
    "absolute": member("/etc/passwd"),
    "upwards": member("queue/pending/../../../evil"),
    "upwards in quarantine": member("queue/quarantine/.."),
    "link": member("queue/pending/job_9.meta", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": member(
        "queue/pending/job_9.meta", b"", type=tarfile.LNKTYPE, linkname="config.yaml"
    ),
    "device": member("queue/pending/job_9.meta", b"", type=tarfile.CHRTYPE),
    "pipe": member("queue/pending/job_9.meta", b"", type=tarfile.FIFOTYPE),
    "directory": member("queue/pending", b"", type=tarfile.DIRTYPE),
    "no name of ours": member("queue/pending/README"),
    "no place of ours": member("users/u1000/requests/x/slurm_script"),
    "lock": member("lock/global.lock"),
    "too large": member("state/last_job_id", b"1" * (2 << 20)),
    "no number": member("state/last_job_id", b"-5"),
    "twice": member("config.yaml", b"cpus: 9\n"),
}


@pytest.mark.parametrize("name", EVIL)
def test_a_file_with_something_evil_in_it_changes_nothing(old: str, new: str, name: str):
    path = write(old)
    evil = f"{path}.evil"
    with tarfile.open(path) as source, tarfile.open(evil, "w") as target:
        for info in source:
            if info.name == "complete":
                target.addfile(EVIL[name][0], io.BytesIO(EVIL[name][1]))
            if name != "no number" or info.name != "state/last_job_id":
                target.addfile(info, source.extractfile(info))
    with pytest.raises(SpoolError, match="cannot restore"):
        put_back(new, evil)
    assert sorted(os.listdir(new)) == ["lock"]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.99])
def test_half_a_file_changes_nothing(old: str, new: str, share: float):
    path = write(old)
    raw = Path(path).read_bytes()
    end = raw.rindex(b"complete")
    Path(path).write_bytes(raw[: int(end * share)])
    with pytest.raises(SpoolError, match="cannot restore"):
        put_back(new, path)
    assert sorted(os.listdir(new)) == ["lock"]


def test_a_file_with_a_member_missing_changes_nothing(old: str, new: str):
    path = write(old)
    with tarfile.open(path) as source, tarfile.open(f"{path}.less", "w") as target:
        for info in source:
            if info.name != "queue/pending/job_1.meta":
                target.addfile(info, source.extractfile(info))
    with pytest.raises(SpoolError, match="something of it is missing"):
        put_back(new, f"{path}.less")


def test_a_restore_that_is_killed_half_way_can_be_done_again(old: str, new: str, monkeypatch):
    """Killed at each rename: the former queue or the new one is whole, ids do not go back."""
    path = write(old)
    real = os.rename
    for last in range(4):
        count = 0

        def rename(source: str, target: str, last: int = last) -> None:
            nonlocal count
            if count == last:
                raise KeyboardInterrupt
            count += 1
            real(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(os, "rename", rename)
            with pytest.raises(KeyboardInterrupt):
                put_back(old, path, force=True)
        store = Store.open(old, QuickDisk())
        store.load()
        assert store.allocate_id() > HIGHEST
        store.close()
        put_back(old, path, force=True)
        assert {job.id for job in read_only(old).jobs} == set(range(1, HIGHEST + 1))


def test_a_user_of_the_file_who_was_replaced_meanwhile_is_not_believed(old: str, new: str):
    """Records of whatever sort are checked by the load, as ever."""
    store = Store.open(old, QuickDisk())
    [job] = [job for job in store.load().jobs if job.id == 1]
    store.publish([replace(job, user="eve")])
    store.close()
    Path(old, "queue/pending/job_1.meta").write_text("{ torn")
    put_back(new, write(old))
    store = Store.open(new, QuickDisk())
    assert any("pending.job_1.meta" in sentence for sentence in store.load().quarantined)
    store.close()
