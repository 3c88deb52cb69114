"""The queue on the disk, as its dispatcher sees it."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.spool.disks import QuickDisk
from tests.spool.made import (
    GRANTED,
    RUNS,
    WAITS,
    array,
    ended,
    plain,
    save_script,
    task,
    with_state,
)
from tinysched.errors import SpoolError
from tinysched.job.model import Elements, Outcome
from tinysched.job.ranges import Ranges
from tinysched.spool.store import Store, find_only, read_only


def files(root, folder):
    return sorted(path.name for path in Path(root, "queue", folder).iterdir())


def reloaded(store, root, since=float("inf")):
    store.close()
    opened = Store.open(root, QuickDisk())
    try:
        return opened.load(since)
    finally:
        opened.close()


@pytest.mark.parametrize(
    ("state", "folder"),
    [
        (WAITS, "pending"),
        (GRANTED, "running"),
        (RUNS, "running"),
        (ended(Outcome.COMPLETED), "completed"),
        (ended(Outcome.FAILED), "failed"),
        (ended(Outcome.CANCELLED), "failed"),
        (ended(Outcome.NODE_FAIL), "failed"),
    ],
)
def test_a_record_lies_in_the_folder_of_its_state(store, root, state, folder):
    store.publish([plain(3, state)])
    assert files(root, folder) == ["job_3.meta"]


def test_a_job_moves_with_its_script_and_leaves_nothing_behind(store, root):
    save_script(store, 3, b"#!/bin/sh\n")
    [job] = store.publish([plain(3)])
    for state, folder in ((GRANTED, "running"), (RUNS, "running"), (ended(), "completed")):
        [job] = store.publish([with_state(job, state)])
        assert files(root, folder) == ["job_3.meta", "job_3.script"]
        assert store.read_script(3) == b"#!/bin/sh\n"
    assert not files(root, "pending")
    assert not files(root, "running")
    assert job.revision == 4


def test_an_array_lies_in_pending_until_its_last_task_has_started(store, root):
    [job] = store.publish([array(42, 3)])
    store.publish([task(job, 1), array(42, 3, todo="2-3")])
    assert files(root, "pending") == ["job_42.meta"]
    assert files(root, "running") == ["job_42_1.meta"]
    [_, job] = store.publish([task(job, 2), array(42, 3, todo="")])
    assert files(root, "running") == ["job_42.meta", "job_42_1.meta", "job_42_2.meta"]
    over = replace(job.work, ended=job.request.array.tasks, worst=Outcome.TIMEOUT, ended_at=9.0)
    store.publish([replace(job, work=over)])
    assert files(root, "failed") == ["job_42.meta"]


def test_what_was_published_is_loaded_again(store, root):
    jobs = store.publish([plain(1), plain(2, RUNS), array(3, 5)])
    loaded = reloaded(store, root)
    assert list(loaded.jobs) == jobs
    assert loaded.quarantined == ()


def test_only_jobs_that_ended_lately_are_loaded(store, root):
    store.publish([plain(n, ended(ended_at=n * 100.0)) for n in (1, 2, 3)])
    assert [job.id for job in reloaded(store, root, since=200.0).jobs] == [2, 3]


def test_old_ends_are_not_read_again(store, root):
    """An unreadable old record is not even noticed: the index tells all that a start needs."""
    store.publish([plain(n, ended(ended_at=n * 100.0)) for n in (1, 2, 3)])
    Path(root, "queue/completed/job_1.meta").write_text("spoilt")
    loaded = reloaded(store, root, since=200.0)
    assert loaded.quarantined == ()
    assert loaded.last_id == 3


def test_tasks_are_told_apart_from_their_array_by_what_was_started(store, root):
    """A crash may come between the records of tasks and that of their array."""
    [job] = store.publish([array(42, 10)])
    store.publish(
        [
            task(job, 1, ended(Outcome.COMPLETED, 300.0)),
            task(job, 2, ended(Outcome.TIMEOUT, 100.0)),
            task(job, 3, RUNS),
            task(job, 4, GRANTED),
            task(job, 5, WAITS),
        ]
    )
    loaded = reloaded(store, root, since=200.0)
    [back] = loaded.jobs
    assert isinstance(back.work, Elements)
    assert str(back.work.todo) == "5-10"
    assert str(back.work.ended) == "1-2"
    assert back.work.worst is Outcome.TIMEOUT
    assert [one.unit.id.task for one in loaded.tasks] == [1, 3, 4, 5]
    assert all(one.job == back for one in loaded.tasks)


def test_a_task_that_was_requeued_waits_again_though_the_array_did_not_hear_of_it(store, root):
    [job] = store.publish([array(42, 2, todo="")])
    store.publish([task(job, 1, ended(Outcome.FAILED)), task(job, 2, RUNS)])
    store.publish([task(job, 1, WAITS)])
    [back] = reloaded(store, root).jobs
    assert str(back.work.todo) == "1"
    assert not back.work.ended
    assert back.work.worst is Outcome.COMPLETED


def test_the_higher_revision_counts_when_a_crash_left_two_copies(store, root):
    [job] = store.publish([plain(3)])
    old = Path(root, "queue/pending/job_3.meta").read_bytes()
    store.publish([with_state(job, ended())])
    Path(root, "queue/pending/job_3.meta").write_bytes(old)
    loaded = reloaded(store, root, since=0.0)
    assert [job.revision for job in loaded.jobs] == [2]
    assert not files(root, "pending")
    assert files(root, "completed") == ["job_3.meta"]


def test_two_copies_among_the_ended_are_settled_too(store, root):
    [job] = store.publish([plain(3, ended(Outcome.FAILED))])
    old = Path(root, "queue/failed/job_3.meta").read_bytes()
    store.publish([with_state(job, ended(Outcome.COMPLETED))])
    Path(root, "queue/failed/job_3.meta").write_bytes(old)
    assert [job.revision for job in reloaded(store, root, since=0.0).jobs] == [2]
    assert not files(root, "failed")


@pytest.mark.parametrize("spoil", [b"", b"{", b"\xff" * 50, b'{"format": 99}', b"[]"])
def test_a_record_that_cannot_be_read_is_set_aside_and_named(store, root, spoil):
    good, _ = store.publish([plain(1), plain(2)])
    Path(root, "queue/pending/job_2.meta").write_bytes(spoil)
    loaded = reloaded(store, root)
    assert list(loaded.jobs) == [good]
    assert len(loaded.quarantined) == 1
    assert "job_2.meta" in loaded.quarantined[0]
    assert files(root, "quarantine") == ["pending.job_2.meta.1"]
    assert loaded.last_id == 2


def test_a_record_under_another_name_is_set_aside(store, root):
    store.publish([plain(1)])
    record = Path(root, "queue/pending/job_1.meta")
    record.rename(record.with_name("job_9.meta"))
    assert "it is the record of 1" in reloaded(store, root).quarantined[0]


def test_a_task_without_its_array_is_named_and_left(store, root):
    store.publish([task(array(42, 3), 1)])
    loaded = reloaded(store, root)
    assert loaded.tasks == []
    assert "cannot use job_42_1.meta: there is no record of its array" in loaded.quarantined
    assert [wreck.key for wreck in loaded.wrecks] == [(42, None)]
    assert files(root, "running") == ["job_42_1.meta"]


def test_files_that_are_none_of_ours_are_left_alone(store, root):
    for name in ("README", "job_x.meta", "job_1.meta.swp", "job_01.meta", "job_-1.meta"):
        Path(root, "queue/pending", name).write_text("hello")
    assert reloaded(store, root).jobs == []
    assert len(files(root, "pending")) == 5


def test_a_script_without_a_record_stays_and_may_have_been_a_job(store, root):
    save_script(store, 5, b"x")
    loaded = reloaded(store, root)
    assert [(wreck.key, wreck.folder) for wreck in loaded.wrecks] == [((5, None), "pending")]
    assert loaded.quarantined == ()  # most likely it never was one
    assert files(root, "pending") == ["job_5.script"]


def test_the_script_of_a_record_in_quarantine_stays(store, root):
    save_script(store, 5, b"x")
    store.publish([plain(5)])
    Path(root, "queue/pending/job_5.meta").write_text("spoilt")
    for _ in range(2):
        loaded = reloaded(store, root)
        store = Store.open(root, QuickDisk())
    store.close()
    assert files(root, "pending") == ["job_5.script"]
    assert len(loaded.quarantined) == 1


def test_ids_count_on_exactly_after_a_clean_stop(store, root):
    assert [store.allocate_id() for _ in range(3)] == [1, 2, 3]
    assert reloaded(store, root).last_id == 3


def test_ids_are_never_used_again_after_a_purge(store, root):
    numbers = [store.allocate_id() for _ in range(3)]
    store.publish([plain(n, ended()) for n in numbers])
    assert store.remove(numbers) == numbers
    assert reloaded(store, root).last_id == 3


@pytest.mark.parametrize("content", [None, b"", b"12x", b"-5", b"\xff", b"9" * 60])
def test_ids_never_fall_below_a_file_name_whatever_the_counter_says(store, root, content):
    store.publish([plain(700, ended())])
    store.close()
    counter = Path(root, "state/last_job_id")
    counter.unlink(missing_ok=True)
    if content is not None:
        counter.write_bytes(content)
    store = Store.open(root, QuickDisk())
    loaded = store.load()
    assert store.allocate_id() > 700
    assert "last_job_id" in loaded.quarantined[0]
    store.close()


def test_names_that_are_purged_leave_their_ids_in_the_counter(store, root):
    store.publish([plain(700, ended())])
    store.close()
    Path(root, "state/last_job_id").unlink(missing_ok=True)
    store = Store.open(root, QuickDisk())
    store.load()
    store.remove([700])
    assert reloaded(store, root).last_id >= 700


def test_every_end_has_a_line_and_a_requeue_takes_it_back(store, root):
    [job] = store.publish([array(42, 2, todo="")])
    [first] = store.publish([task(job, 1, ended(Outcome.FAILED, 50.0))])
    over = replace(job.work, ended=Ranges.of([1]), worst=Outcome.FAILED, ended_at=50.0)
    store.publish([replace(job, work=over), plain(43, ended())])
    assert {(line.number, line.task) for line in store.ended()} == {
        (42, 1),
        (42, None),
        (43, None),
    }
    store.publish([replace(first, unit=replace(first.unit, state=WAITS)), job])
    assert [(line.number, line.task) for line in store.ended()] == [(43, None)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda log: log.unlink(),
        lambda log: log.write_bytes(b""),
        lambda log: log.write_bytes(log.read_bytes()[:-9]),
        lambda log: log.write_bytes(b"\xff\0\n" * 9 + log.read_bytes()),
        lambda log: log.write_bytes(log.read_bytes() + b"gone\t2\t-\n"),
        lambda log: log.write_bytes(log.read_bytes().replace(b"\n2\t", b"\n7\t")),
    ],
)
def test_a_damaged_index_is_made_anew_from_the_records(store, root, damage):
    store.publish([plain(n, ended(ended_at=n * 100.0)) for n in (1, 2, 3)])
    before = set(store.ended())
    store.close()
    damage(Path(root, "state/ended.log"))
    store = Store.open(root, QuickDisk())
    assert [job.id for job in store.load(200.0).jobs] == [2, 3]
    assert set(store.ended()) == before
    store.close()


def test_names_of_any_kind_pass_the_index(store):
    name = 'a\tb\nc\\d"\udc80é\r\x1c'
    store.publish([plain(1, ended(), name=name)])
    assert [line.name for line in store.ended()] == [name]


def test_an_array_is_removed_as_one(store, root):
    [job] = store.publish([array(42, 3, todo="")])
    save_script(store, 42, b"x")
    store.publish([task(job, n, ended(Outcome.FAILED if n == 2 else Outcome.COMPLETED))
                   for n in (1, 2, 3)])  # fmt: skip
    assert store.remove([42]) == []
    over = replace(job.work, ended=job.request.array.tasks, ended_at=9.0, worst=Outcome.FAILED)
    store.publish([replace(job, work=over)])
    assert store.remove([42, 77]) == [42]
    for folder in ("pending", "running", "completed", "failed"):
        assert not files(root, folder)
    assert store.ended() == ()
    assert store.find(42) is None


def test_an_unfinished_job_is_never_removed(store, root):
    store.publish([plain(1), plain(2, RUNS)])
    assert store.remove([1, 2]) == []
    assert len(reloaded(store, root).jobs) == 2


def test_an_ended_job_is_found_by_its_number_with_its_tasks(store, root):
    [job] = store.publish([array(42, 3, todo="")])
    made = store.publish([task(job, n, ended()) for n in (1, 3)])
    assert store.find(42) == (job, made)
    assert find_only(root, 42) == (job, made)
    assert find_only(root, 43) is None


def test_a_second_dispatcher_is_refused_and_told_who_is_there(store, root):
    with pytest.raises(SpoolError, match=f"another dispatcher holds it .pid {os.getpid()}."):
        Store.open(root, QuickDisk())


def test_a_newer_format_of_the_spool_is_refused_and_nothing_is_changed(store, root):
    store.publish([plain(1)])
    store.close()
    Path(root, "state/format").write_text("3\n")
    with pytest.raises(SpoolError, match="its format is 3, this release reads up to 2"):
        Store.open(root, QuickDisk())
    assert files(root, "pending") == ["job_1.meta"]
    Path(root, "state/format").write_text("1\n")
    Store.open(root, QuickDisk()).close()


def test_whoever_may_look_reads_the_queue_while_a_dispatcher_holds_it(store, root):
    jobs = store.publish([plain(1), plain(2, ended())])
    assert list(read_only(root).jobs) == jobs
    assert [job.id for job in read_only(root, ended_since=10**12).jobs] == [1]


def test_reading_changes_nothing_not_even_what_is_spoilt(store, root):
    store.publish([plain(1), plain(2), plain(3, ended())])
    store.close()
    Path(root, "queue/pending/job_2.meta").write_text("spoilt")
    Path(root, "state/ended.log").unlink()
    before = sorted((path, path.lstat().st_mtime_ns) for path in Path(root).rglob("*"))
    loaded = read_only(root)
    assert [job.id for job in loaded.jobs] == [1, 3]
    assert len(loaded.quarantined) == 1
    assert sorted((path, path.lstat().st_mtime_ns) for path in Path(root).rglob("*")) == before


def test_a_missing_root_is_named(tmp_path):
    for opener in (Store.open, read_only):
        with pytest.raises(SpoolError, match=r"cannot open .*/nowhere: No such file or directory"):
            opener(str(tmp_path / "nowhere"))


def test_a_record_is_readable_json_with_what_people_look_for(store, root):
    store.publish([plain(3, ended(Outcome.FAILED))])
    record = json.loads(Path(root, "queue/failed/job_3.meta").read_text())
    assert record["request"]["submit_dir"] == "/home/bob"
    assert record["unit"]["state"]["exit"]["code"] == 3
