"""Records damaged under real programs, backups of a queue that runs, and the seed's cure."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.rig import Site

WAITS = "until [ -e go ]; do sleep 0.05; done; exit 3"


def lock_holders(site: Site) -> set[int]:
    """Every dispatcher of this queue that is alive."""
    found = set()
    for pid, words in site.processes().items():
        if "dispatcher" in words and "tinysched" in words:
            found.add(pid)
    return found


def until_known(site: Site, number: int) -> None:
    """Its owner's agent has told the dispatcher of it."""
    site.until(lambda: site.ask("queue", "-j", str(number)).exit_code == 0, f"{number} is known")


def test_jobs_whose_records_are_damaged_go_on_and_come_back(own_site: Site):
    site, ann = own_site, own_site.ann.move()
    running = ann.wrap(WAITS, "-c", "3")
    array = ann.wrap(f"echo x >>starts.$SLURM_ARRAY_TASK_ID; {WAITS}", "-c", "1", "--array=0-2%1")
    waiting = ann.wrap("true", "-c", "4", "-J", "patient")
    site.until_state(running, "RUNNING")
    site.until_state(f"{array}_0", "RUNNING")
    ann.until_file("starts.0")
    site.kill_dispatcher(15)  # which empties the journal: it would mend them
    queue = site.root / "queue"
    for name in (f"running/job_{running}", f"running/job_{array}_0", f"pending/job_{array}"):
        (queue / f"{name}.meta").write_bytes(b"\xff" * 100)
    (queue / f"pending/job_{waiting}.meta").unlink()
    site.start()
    for number in (running, array, waiting):
        until_known(site, number)
    site.until_state(running, "RUNNING")
    site.until_state(f"{array}_0", "RUNNING")
    site.until_state(waiting, "PENDING")
    assert site.job(waiting)["name"] == "patient"
    status = site.admin.ok("tsdaemon", "status")
    assert "4 of 4 taken" in status
    assert f"running.job_{running}.meta.1" in status
    assert "cure:" in status
    doctor = site.admin.run("tsctl", "doctor").out
    assert f"running.job_{running}.meta.1" in doctor
    ann.file("go", "")
    for number in (array, waiting):
        assert ann.run("tscontrol", "release", number).code == 0
    assert site.until_ended(running)[str(running)]["exit_code"] == 3
    ended = site.until_ended(array)
    assert {line["exit_code"] for line in ended.values()} == {3}
    site.completes(waiting)
    assert [ann.read(f"starts.{index}") for index in range(3)] == ["x\n"] * 3


def test_a_backup_is_made_while_the_queue_runs_and_put_back(own_site: Site):
    site, ann, admin = own_site, own_site.ann.move(), own_site.admin
    done = ann.wrap("exit 4")
    site.until_ended(done)
    running, held = ann.wrap(WAITS, "-c", "2"), ann.wrap("exit 5", "-H")
    site.until_state(running, "RUNNING")
    tar = f"{site.place}/b.tar"
    refused = ann.run("tsctl", "backup", tar)
    assert refused.code == 1
    assert "the queue's admin" in refused.err
    site.place.chmod(0o1777)
    said = admin.ok("tsctl", "backup", tar)
    assert "users/ is not in it" in said
    assert os.stat(tar).st_mode & 0o777 == 0o600
    assert os.stat(tar).st_uid == admin.person.uid
    assert not list((site.root / "tmp").iterdir())
    later = ann.wrap(WAITS, "-c", "1")
    site.until_state(later, "RUNNING")
    assert "'tsdaemon stop' first" in admin.run("tsctl", "restore", tar).err
    site.kill_dispatcher(15)
    refused = admin.run("tsctl", "restore", tar)
    assert (refused.code, "--force" in refused.err) == (1, True)
    said = admin.ok("tsctl", "restore", "--force", tar)
    assert "what runs now" in said
    site.start()
    assert site.job(done)["exit_code"] == 4
    for number in (running, later):
        until_known(site, number)
        site.until_state(number, "RUNNING")
    assert ann.wrap("true") > later, "numbers never go back"
    ann.ok("tscontrol", "release", held)
    ann.file("go", "")
    assert site.until_ended(held)[str(held)]["exit_code"] == 5
    for number in (running, later):
        assert site.until_ended(number)[str(number)]["exit_code"] == 3
    assert "FAIL  places" not in admin.run("tsctl", "doctor").out


@pytest.mark.parametrize("is_stopped", [True, False])
def test_the_old_cure_is_safe_also_from_two_shells_at_once(own_site: Site, is_stopped: bool):
    """tsdaemon stop, rm -f lock/*, tsdaemon start: the last two also without the first."""
    site, ann, admin = own_site, own_site.ann.move(), own_site.admin
    job = ann.wrap(WAITS, "-c", "2")
    site.until_state(job, "RUNNING")
    if is_stopped:
        site.kill_dispatcher(15)
    lock = site.root / "lock"
    cure = f"rm -f '{lock}'/*; exec '{site.bin}/tsdaemon' start"
    shells = [admin.start("sh", "-c", cure) for _ in range(2)]
    for shell in shells:
        out, err = shell.communicate(timeout=60)
        assert shell.returncode == 0, out + err
    # The one that came too late says so in its log, and ends.
    site.until(lambda: lock_holders(site) == {site.dispatcher_pid}, "there is one dispatcher")
    ann.file("go", "")
    assert site.until_ended(job)[str(job)]["exit_code"] == 3
    assert Path(lock).is_dir()
