"""Directories of runs that are over, used again: nothing of the run before is found in them."""

import os
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spool.disks import Death, QuickDisk
from tests.spool.made import ending, grant
from tests.spool.power import PowerDisk
from tinysched.errors import SpoolError
from tinysched.job.model import Exit
from tinysched.spool import seals
from tinysched.spool.claims import AlreadyClaimedError
from tinysched.spool.private import Private
from tinysched.spool.runrecords import AmendedRun, Started

UID = os.geteuid()
STARTED = Started(pid=4711, start_ticks=7, boot_id="b", started_at=1.0)
OVER = replace(STARTED, exit=Exit(code=3))


def granted(number):
    return replace(grant(number), token=f"{number:032x}")


def lived(private, number):
    """A run from its claim to its end, with all that may be written of it."""
    run = private.reclaim(granted(number))
    run.secure()
    run.reserve_exit()
    run.write_started(STARTED)
    run.write_lingering(("1 sleep",))
    run.write_amended(AmendedRun(limit_s=60))
    run.show_script(number, "tok")
    run.write_started(OVER)
    run.note_ending(ending(granted(number)))
    return run


def live(private, number):
    """One that is forgotten, too."""
    private.retire([lived(private, number)], granted(number).token)


@pytest.fixture
def private(root):
    os.makedirs(f"{root}/users", exist_ok=True)
    private = Private.open(root, UID, QuickDisk())
    yield private
    private.close()


def test_a_run_in_a_used_directory_finds_nothing_of_the_run_before(private):
    live(private, 1)
    [spare] = Path(private.beside.path).iterdir()
    file = (spare / "worker.lock").stat().st_ino
    (spare / "steps").write_text("a step\n")
    run = private.reclaim(granted(2))
    assert (Path(run.path) / "worker.lock").stat().st_ino == file
    assert os.listdir(private.beside.path) == ["2.1"]
    assert run.grant() == granted(2)
    assert (run.started(), run.ending(), run.lingering(), run.amended()) == (None, None, (), None)
    assert (run.start_noted_at, run.end_noted_at) == (0.0, 0.0)
    assert not os.path.exists(run.started_path)
    assert run.worker_alive()
    assert run.job_alive()
    run.reserve_exit()
    run.write_started(replace(STARTED, pid=1))
    assert run.started() == replace(STARTED, pid=1)
    run.write_ending(ending(granted(2), code=9))
    assert run.ending() == ending(granted(2), code=9)
    run.close()


def test_only_what_every_run_has_is_kept(private):
    live(private, 1)
    [spare] = Path(private.beside.path).iterdir()
    assert sorted(os.listdir(spare)) == [".exit", ".started", "alive", "grant", "worker.lock"]


def test_a_directory_that_somebody_of_the_run_before_still_holds_is_not_used(private):
    run = private.reclaim(granted(1))
    sign = os.dup(run.alive_fd)
    run.write_ending(ending(granted(1)))
    private.retire([run], granted(1).token)
    again = private.reclaim(granted(2))
    assert again.grant() == granted(2)
    assert os.fstat(sign).st_nlink == 0, "another was made, and this one removed"
    again.close()
    os.close(sign)


def test_an_attempt_is_claimed_once_however_many_directories_there_are(private):
    for number in (1, 2):
        live(private, number)
    run = private.reclaim(granted(3))
    with pytest.raises(AlreadyClaimedError, match=r"3\.1: it was claimed before"):
        private.reclaim(granted(3))
    assert run.grant() == granted(3)
    assert run.worker_alive()
    run.close()


@pytest.mark.parametrize("name", ["grant", "worker.lock", "alive"])
def test_a_used_directory_with_something_strange_in_it_is_used_no_more(private, name):
    live(private, 1)
    [spare] = Path(private.beside.path).iterdir()
    (spare / name).unlink()
    (spare / name).symlink_to("/etc/passwd")
    run = private.reclaim(granted(2))
    assert run.grant() == granted(2)
    run.close()
    assert os.listdir(private.beside.path) == ["2.1"]


def test_spares_are_removed_when_they_are_not_wanted_and_those_of_others_by_the_next_agent(
    private, root
):
    live(private, 1)
    other = Private.open(root, UID, QuickDisk())
    private.beside.clear()
    assert os.listdir(private.beside.path) == [".spare.1.1"]
    other.beside.clear()
    assert os.listdir(private.beside.path) == []
    other.close()
    live(private, 2)
    private.beside.spares.drop()
    assert os.listdir(private.beside.path) == []


def test_where_a_worker_listens_is_removed_by_its_agent_or_by_the_next_one(private, root):
    for _ in range(2):
        Path(private.beside.path, private.beside.new_ear()).touch()
    private.beside.clear()
    assert len(os.listdir(private.beside.path)) == 2
    private.beside.leave()
    assert os.listdir(private.beside.path) == []
    Path(private.beside.path, private.beside.new_ear()).touch()
    other = Private.open(root, UID, QuickDisk())
    other.beside.clear()
    assert os.listdir(private.beside.path) == []
    other.close()


@pytest.mark.crash
@pytest.mark.soak
@pytest.mark.parametrize("way", ["power", "kill"])
def test_no_end_of_the_host_or_the_agent_gives_a_run_what_was_of_another(tmp_path, way, soak):
    seen = Counter()
    for seed in range(100 * soak):
        random = Random(seed)
        root, left = f"{tmp_path}/{seed}", f"{tmp_path}/{seed}.left"
        os.makedirs(f"{root}/users")
        disk = PowerDisk(root, random.randrange(60, 420))
        with suppress(Death):
            private = Private.open(root, UID, disk)
            over = []
            for number in range(1, 6):
                over.append(lived(private, number))
                if len(over) == 2:
                    private.retire([over.pop(0)], granted(number - 1).token)
        if way == "power":
            disk.cut(left, random)
        else:
            disk.die()
            os.rename(root, left)
        private = Private.open(left, UID, QuickDisk())
        for run in private.runs():
            number = run.run.job.number
            with suppress(SpoolError):  # torn: it says nothing at all
                assert run.grant() in (None, granted(number))
                seen["claims"] += run.grant() is not None
            with suppress(SpoolError):
                assert run.started() in (None, STARTED, OVER)
                seen["starts"] += run.started() is not None
            assert run.ending() in (None, ending(granted(number)))
            seen["ends"] += run.ending() is not None
            if way == "kill" and run.grant() is None:
                assert run.start_noted_at == run.end_noted_at == 0.0
        private.close()
    assert min(seen[what] for what in ("claims", "starts", "ends")) > 5, seen


TEXTS = st.dictionaries(st.text(max_size=5), st.text(max_size=30) | st.integers(), max_size=4)


@given(old=TEXTS, new=TEXTS, cut=st.integers(0, 400))
def test_a_record_half_written_over_another_is_the_new_one_the_old_one_or_none(old, new, cut):
    before, after = seals.sealed(old), seals.sealed(new)
    torn = after[:cut] + before[min(cut, len(after)) :]
    assert seals.whole(torn) in (None, before, after)
    assert seals.whole(after + before[len(after) :]) == after
    assert seals.whole(before + bytes(100)) == before
