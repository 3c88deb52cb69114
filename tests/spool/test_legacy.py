"""A root of the Bash version is taken over: nothing is lost, nothing is started."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spool.disks import DyingDisk, QuickDisk, operations, run_until_death
from tinysched.errors import SpoolError
from tinysched.job.model import Elements, Exit, Outcome
from tinysched.spool.legacyrecords import is_legacy, parse_lines, translate_config
from tinysched.spool.store import Store

DONE = """\
job_id=5
name="test pi"
user=bob
state=COMPLETED
req_cpus=4
mem_mb=2048
time_limit=00:05:00
submit_dir=/home/bob/work
output=pi_%j.out
submit_time=1700000000
start_time=1700000010
end_time=1700000070
exit_code=0
mystery=kept
"""


@pytest.fixture
def old(tmp_path):
    """What the Bash version leaves: open modes, KEY=VALUE files, arrays as single tasks."""
    root = tmp_path / "old"
    files = {
        "config": "CPU_FRACTION=0.5\nPOLL_INTERVAL=2\nDEFAULT_MEM_MB=1024\n",
        "state/last_job_id": "41\n",
        "queue/completed/job_5.meta": DONE,
        "queue/completed/job_5.script": "#!/bin/bash\n",
        "queue/failed/job_6.meta": DONE.replace("exit_code=0", "exit_code=3").replace(
            "state=COMPLETED", "state=FAILED"
        ),
        "queue/failed/job_9.meta": DONE.replace("COMPLETED", "CANCELLED"),
        "queue/completed/job_7_1.meta": DONE,
        "queue/failed/job_7_2.meta": DONE.replace("COMPLETED", "FAILED"),
        "queue/pending/job_40.meta": "name=next\nuser=carol\nsubmit_dir=/home/carol\n",
        "queue/pending/job_40.script": "#!/bin/bash\necho next\n",
        "queue/running/job_41_2.meta": "name=now\nstate=RUNNING\nstart_time=1700000000\n",
        "lock/global.lock": "",
        "tmp/rest": "x",
        "logs/daemon.log": "hello\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in [root, *root.rglob("*")]:
        path.chmod(0o2775 if path.is_dir() else 0o664)
    return root


def taken_over(root, disk=None):
    store = Store.open(str(root), disk or QuickDisk())
    loaded = store.load(0.0)
    return store, loaded


def test_ended_jobs_are_read_as_they_are(old):
    store, loaded = taken_over(old)
    jobs = {job.id: job for job in loaded.jobs}
    job = jobs[5]
    assert (job.user, job.request.name, job.request.cores) == ("bob", "test pi", 4)
    assert (job.request.limit_s, job.request.memory_mib) == (300, 2048)
    assert job.request.submit_dir == "/home/bob/work"
    assert job.work.state.outcome is Outcome.COMPLETED
    assert job.work.state.exit == Exit(code=0)
    assert job.work.state.elapsed_s == 60.0
    assert job.unknown["bash_version"]["mystery"] == "kept"
    assert jobs[6].work.state.outcome is Outcome.FAILED
    assert jobs[6].work.state.exit == Exit(code=3)
    assert jobs[9].work.state.outcome is Outcome.CANCELLED
    assert store.read_script(5) == b"#!/bin/bash\n"
    assert (old / "queue/completed/job_5.meta").read_text() == DONE
    store.close()


def test_tasks_of_an_old_array_are_found_together_and_can_be_purged(old):
    store, loaded = taken_over(old)
    [job] = [job for job in loaded.jobs if job.id == 7]
    assert isinstance(job.work, Elements)
    assert str(job.work.ended) == "1-2"
    assert job.work.worst is Outcome.FAILED
    assert [one.unit.id.task for one in loaded.tasks] == [1, 2]
    assert {(line.number, line.task) for line in store.ended()} == {
        (5, None), (6, None), (9, None), (7, None), (7, 1), (7, 2),
    }  # fmt: skip
    assert store.remove([7, 5]) == [7, 5]
    assert not list((old / "queue/completed").iterdir())
    store.close()


def test_what_had_not_ended_is_set_aside_and_listed(old):
    store, loaded = taken_over(old)
    assert sorted(item.name for item in (old / "queue/legacy").iterdir()) == [
        "RESUBMIT", "job_40.meta", "job_40.script", "job_41_2.meta",
    ]  # fmt: skip
    listed = (old / "queue/legacy/RESUBMIT").read_text().splitlines()
    assert listed[-2:] == [
        f"job 40: user carol, submitted in /home/carol, script {old}/queue/legacy/job_40.script",
        "job 41_2: user unknown, submitted in unknown, script not found",
    ]
    assert loaded.quarantined == (
        "set aside job_40.meta, to be submitted again",
        "set aside job_41_2.meta, to be submitted again",
    )
    assert not [job for job in loaded.jobs if not job.is_final]
    store.close()


def test_ids_continue(old):
    store, loaded = taken_over(old)
    assert loaded.last_id == 41
    assert store.allocate_id() == 42
    store.close()


def test_the_group_loses_its_hand_on_the_queue(old):
    taken_over(old)[0].close()
    for path in [old, *(old / "queue").iterdir(), old / "state", old / "logs"]:
        assert path.stat().st_mode & 0o7777 == 0o2750, path
    assert (old / "tmp").stat().st_mode & 0o7777 == 0o2700
    assert (old / "users").stat().st_mode & 0o7777 == 0o3770


def test_a_takeover_may_be_killed_at_any_operation(old, tmp_path):
    def files_of(root):
        return sorted(path.name for path in (root / "queue").rglob("*") if path.is_file())

    def copy(name):
        target = tmp_path / name
        for path in sorted(old.rglob("*")):
            if path.is_file():
                (target / path.relative_to(old)).parent.mkdir(parents=True, exist_ok=True)
                (target / path.relative_to(old)).write_bytes(path.read_bytes())
        return target

    def work(disk, root):
        Store.open(str(root), disk)

    whole = copy("whole")
    count = operations(lambda disk: work(disk, whole))
    for k in range(count):
        root = copy(f"k{k}")
        run_until_death(lambda disk, root=root: work(disk, root), DyingDisk(k))
        store, loaded = taken_over(root)
        assert {job.id for job in loaded.jobs} == {5, 6, 7, 9}
        assert files_of(root) == files_of(whole)
        assert "job 40" in (root / "queue/legacy/RESUBMIT").read_text()
        assert "job 41_2" in (root / "queue/legacy/RESUBMIT").read_text()
        store.close()


def test_a_queue_of_ours_is_not_taken_over_again(old):
    taken_over(old)[0].close()
    (old / "queue/pending/job_50.meta").write_text("name=late\n")
    store, loaded = taken_over(old)
    assert "job_50.meta" not in os.listdir(old / "queue/legacy")
    assert loaded.quarantined == (
        f"cannot use {old}/queue/pending/job_50.meta: the Bash version wrote it;"
        f" moved to {old}/queue/quarantine/pending.job_50.meta.1",
    )
    store.close()


def test_the_config_is_translated_and_what_is_unknown_stays_to_be_read():
    text = (
        "# settings\nCPU_FRACTION=0.5\nexport POLL_INTERVAL='2'\nDEFAULT_MEM_MB = 1024 # MiB\n"
        "FAVOURITE=blue\nCPU_FRACTION_X=1\nPOLL=\n"
    )
    assert translate_config(text) == (
        "# Translated from the file `config` of the Bash version.\n"
        "cpu_fraction: 0.5\n"
        "poll_interval: 2\n"
        "default_mem_mb: 1024\n"
        "# not translated: FAVOURITE=blue\n"
        "# not translated: CPU_FRACTION_X=1\n"
        "# not translated: POLL=\n"
    )


@pytest.mark.parametrize("value", ["$(nproc)", "nan", "", "1; rm -rf /", "a\u2028cpus: 9"])
def test_a_setting_that_is_no_number_is_not_translated(value):
    lines = translate_config(f"CPU_FRACTION={value}\n").splitlines()
    assert all(line.startswith("#") for line in lines)


@given(text=st.text())
def test_any_config_gives_comments_and_known_keys(text):
    for line in translate_config(text).split("\n"):
        key = line.partition(":")[0]
        assert not line or line[0] == "#" or key in (
            "cpu_fraction", "poll_interval", "default_mem_mb",
        )  # fmt: skip


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_an_old_record_or_not(raw):
    if is_legacy(raw):
        parse_lines(raw.decode("utf-8", "surrogateescape"))


@given(text=st.text(max_size=200))
def test_any_old_record_is_read_or_set_aside(text, tmp_path_factory):
    root = tmp_path_factory.mktemp("old")
    (root / "queue/failed").mkdir(parents=True)
    (root / "queue/failed/job_3.meta").write_text(f"state={text}", encoding="utf-8")
    store = Store.open(str(root), QuickDisk())
    loaded = store.load(-(10.0**9))
    assert len(loaded.jobs) + len(loaded.quarantined) == 1
    store.close()


def test_an_old_record_of_nothing_is_an_end_without_a_time(tmp_path):
    root = tmp_path / "old"
    (root / "queue/completed").mkdir(parents=True)
    record = root / "queue/completed/job_3.meta"
    record.write_text("# nothing\nx=1\n")
    store = Store.open(str(root), QuickDisk())
    found = store.find(3)
    assert found is not None
    assert found[0].work.state.outcome is Outcome.COMPLETED
    assert found[0].work.state.ended_at == 0.0
    assert record.read_text() == "# nothing\nx=1\n"
    record.write_text("nothing at all\n")
    with pytest.raises(SpoolError, match=r"job_3\.meta"):
        store.find(3)
    store.close()
