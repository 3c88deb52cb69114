"""Records that cannot be read are kept, tried again at each start, and remembered until then."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.spool.disks import QuickDisk
from tests.spool.made import (
    RUNS,
    array,
    ended,
    plain,
    save_script,
    task,
)
from tinysched.job.model import Elements, Outcome
from tinysched.job.ranges import Ranges
from tinysched.spool.store import Store


def load(root):
    """One start and its end; what it found."""
    store = Store.open(root, QuickDisk())
    loaded = store.load(0.0)
    store.close()
    return loaded


def keys(loaded):
    return [(wreck.key, wreck.folder) for wreck in loaded.wrecks]


def test_a_record_of_a_newer_release_is_back_when_that_release_is(store, root):
    [job] = store.publish([plain(1)])
    store.close()
    path = Path(root, "queue/pending/job_1.meta")
    old = path.read_bytes()
    path.write_text(json.dumps(json.loads(old) | {"format": 99}))
    newer = path.read_bytes()
    for _ in range(2):
        loaded = load(root)
        assert (loaded.jobs, keys(loaded)) == ([], [((1, None), "pending")])
    aside = Path(root, "queue/quarantine/pending.job_1.meta.1")
    assert aside.read_bytes() == newer
    aside.write_bytes(old)  # to a newer release its own format is no riddle
    loaded = load(root)
    assert (loaded.jobs, keys(loaded)) == ([job], [])
    assert "can be read again" in loaded.quarantined[0]
    assert not aside.exists()


def test_a_record_that_was_replaced_never_comes_back(store, root):
    store.publish([plain(1)])
    store.close()
    path = Path(root, "queue/pending/job_1.meta")
    good = path.read_bytes()
    path.write_text("{")
    store = Store.open(root, QuickDisk())
    store.load()
    store.publish([plain(1, ended())])
    store.rebuilt((1, None))
    assert store.remove([1]) == [1]
    store.close()
    [kept] = Path(root, "queue/quarantine").iterdir()
    kept.write_bytes(good)
    loaded = load(root)
    assert (loaded.jobs, loaded.wrecks, loaded.last_id) == ([], (), 1)


def test_a_bad_copy_never_comes_back_after_its_job_is_gone(store, root):
    """A crash left two copies, and one of them was damaged: the other is the job."""
    store.publish([plain(1, ended())])
    store.close()
    good = Path(root, "queue/completed/job_1.meta").read_bytes()
    Path(root, "queue/running/job_1.meta").write_text("{")
    store = Store.open(root, QuickDisk())
    store.load()
    store.remove([1])
    store.close()
    [kept] = Path(root, "queue/quarantine").iterdir()
    kept.write_bytes(good)
    assert load(root).jobs == []


@pytest.mark.parametrize("starts", [1, 2])
def test_a_task_without_its_record_is_not_started_again(store, root, starts):
    job = array(5, 6)
    done = replace(task(job, 4, ended(Outcome.FAILED)))
    store.publish([job, task(job, 2), task(job, 3, ended()), done])
    store.close()
    for name in ("running/job_5_2", "completed/job_5_3", "failed/job_5_4"):
        Path(root, f"queue/{name}.meta").write_text("spoilt")
    for _ in range(starts):
        loaded = load(root)
    [found] = loaded.jobs
    assert isinstance(found.work, Elements)
    assert (found.work.todo, found.work.ended) == (Ranges.parse("1,5-6"), Ranges.parse("3-4"))
    assert found.work.worst is Outcome.FAILED
    assert keys(loaded)[0] == ((5, 2), "running")


@pytest.mark.parametrize(
    ("kept", "cores", "uid"), [(1.0, 6, 1000), (0.6, 6, 1000), (0.1, None, 1000), (0, None, None)]
)
def test_what_can_be_read_of_a_torn_record_counts(store, root, kept, cores, uid):
    job = plain(1, RUNS)
    store.publish([replace(job, request=replace(job.request, ntasks=2, cpus_per_task=3))])
    path = Path(root, "queue/running/job_1.meta")
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * kept) - 3] if kept else b"")
    store.close()
    [wreck] = load(root).wrecks
    assert (wreck.cores, wreck.uid, wreck.had_cores) == (cores, uid, True)


@pytest.mark.parametrize("folder", ["pending", "running"])
def test_a_record_that_was_removed_leaves_a_trace_in_its_script(store, root, folder):
    save_script(store, 1, b"x")
    [job] = store.publish([plain(1)])
    if folder == "running":
        store.publish([replace(plain(1, RUNS), revision=job.revision)])
    store.close()
    os.unlink(f"{root}/queue/{folder}/job_1.meta")
    loaded = load(root)
    assert keys(loaded) == [((1, None), folder)]
    assert len(loaded.quarantined) == (folder == "running")
