"""A user's own directory: requests, claims and the records of runs."""

import errno
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spool.made import ending, grant, request_files, write_older_request
from tinysched.errors import ASK_FOR_GROUP, SpoolError, TryLaterError
from tinysched.spool import outbox
from tinysched.spool.claims import AlreadyClaimedError
from tinysched.spool.disk import Disk
from tinysched.spool.private import Private
from tinysched.spool.requests import OLDER_FILES, apart
from tinysched.spool.runrecords import Started

UID = os.geteuid()
parts = st.dictionaries(st.sampled_from(OLDER_FILES), st.binary(max_size=20))
STARTED = Started(
    pid=77,
    start_ticks=5,
    boot_id="b-1",
    started_at=5.5,
    began_at=2.25,
    is_warned=True,
    is_told=True,
)
FAR = 10**12


@pytest.fixture
def stored(private, root):
    """A request whose submitter is gone."""
    os.close(outbox.write(root, UID, "tok", request_files()))
    return private


def test_a_request_comes_back_as_it_was_submitted(stored, root):
    request = stored.request("tok")
    assert request.argv == ("-J", "x", "job.sh", "")
    assert request.variables == {"SBATCH_TIMELIMIT": "5"}
    assert request.environment == {b"HOME": b"/home/bob", b"EMPTY": b"", b"TWO": b"a=b"}
    assert request.cwd == "/home/bob/a\nb"
    assert request.umask == 0o027
    assert request.limits == "Max open files 1024 4096 files\n"
    assert request.command == "tsbatch"
    assert Path(request.script_path).read_bytes() == b"#!/bin/sh\nexit 3\n"


def test_a_request_of_an_older_release_is_read_as_well(stored, root):
    write_older_request(Path(stored.path, "requests", "old"), request_files())
    old, new = stored.request("old"), stored.request("tok")
    assert replace(old, token="", script_path="") == replace(new, token="", script_path="")
    assert stored.submitted_at("old") == pytest.approx(stored.submitted_at("tok"), abs=60)
    assert stored.submitted_at("none") == 0


@given(parts, st.data())
def test_parts_that_are_one_file_come_apart_again_or_are_seen_to_be_torn(parts, data):
    whole = outbox.together(parts.items())
    assert apart(whole) == parts
    assert apart(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None


def test_a_request_shows_no_secret_when_printed(stored):
    assert "bob" not in repr(stored.request("tok")).replace("/home/bob/a", "")


def test_no_words_and_one_empty_word_differ():
    assert outbox.pack([]) == b""
    assert outbox.pack([b""]) == b"\0"


def test_bytes_of_no_encoding_pass(private, root):
    files = [*request_files()[2:], ("argv", outbox.pack([b"\xff"])), ("slurm_script", b"")]
    os.close(outbox.write(root, UID, "tok", files))
    assert os.fsencode(private.request("tok").argv[0]) == b"\xff"


def test_a_request_without_a_script_is_one_of_run_job(private, root):
    os.close(outbox.write(root, UID, "tok", request_files()[1:]))
    assert private.request("tok").script_path == ""


def test_a_request_is_kept_while_its_submitter_waits_for_an_answer(private, root):
    fd = outbox.write(root, UID, "tok", request_files())
    assert private.collect_garbage([], older_than=FAR) == []
    os.close(fd)
    assert private.collect_garbage([], older_than=FAR) == ["tok"]


def test_a_known_or_young_request_is_kept(stored):
    assert stored.collect_garbage(["tok"], older_than=FAR) == []
    assert stored.collect_garbage([], older_than=0.0) == []
    assert stored.tokens() == ["tok"]


def test_a_request_is_bound_to_one_job_for_good(stored):
    assert stored.bound("tok") is None
    stored.bind("tok", 42)
    stored.bind("tok", 42)
    assert stored.bound("tok") == 42
    with pytest.raises(SpoolError, match="for job 43: it is job 42"):
        stored.bind("tok", 43)


@pytest.mark.parametrize("token", ["", ".", "..", "a/b", "../x", "a" * 65, "ä", "a\0", "a b"])
def test_a_token_is_no_path(private, root, token):
    for use in (
        lambda: outbox.write(root, UID, token, []),
        lambda: private.request(token),
        lambda: private.bind(token, 1),
    ):
        with pytest.raises(SpoolError, match="bad token"):
            use()
    outbox.remove(root, UID, token)
    assert Path(root, "users").exists()


def test_a_request_taken_back_leaves_nothing(stored, root):
    outbox.remove(root, UID, "tok")
    outbox.remove(root, UID, "tok")
    assert stored.tokens() == []
    with pytest.raises(SpoolError, match="No such file"):
        stored.request("tok")


def test_the_directory_of_another_is_refused(store, root):
    Path(root, "users/u54321").mkdir()
    with pytest.raises(SpoolError, match=f"belongs to uid {UID}, not to uid 54321"):
        Private.open(root, 54321)
    with pytest.raises(TryLaterError, match="belongs to uid"):
        outbox.write(root, 54321, "tok", [])


def test_whoever_is_not_in_the_group_is_told_whom_to_ask(store, root):
    class ClosedDisk(Disk):
        def step(self, call, what):
            if what.endswith("users"):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with pytest.raises(SpoolError, match=r"users: Permission denied") as caught:
        outbox.write(root, UID, "tok", [], ClosedDisk())
    assert caught.value.cure == ASK_FOR_GROUP


def test_a_squatter_is_moved_away_by_the_dispatcher(store, root):
    Path(root, "users/u54321/mine").mkdir(parents=True)
    Path(root, f"users/u{UID}").mkdir()
    [sentence] = store.evict_squatters()
    assert f"of uid {UID} out of the way" in sentence
    names = sorted(path.name for path in Path(root, "users").iterdir())
    assert [name.rpartition(".")[0] for name in names] == ["squatted.u54321", ""]
    assert names[1] == f"u{UID}"
    assert store.evict_squatters() == []


def test_a_claim_holds_both_signs_of_life(private):
    run = private.claim(grant())
    [seen] = private.runs()
    assert seen.grant() is not None
    assert seen.grant() == grant()
    assert (seen.worker_alive(), seen.job_alive()) == (True, True)
    run.release_worker_lock()
    assert (seen.worker_alive(), seen.job_alive()) == (False, True)
    run.release_alive()
    assert (seen.worker_alive(), seen.job_alive()) == (False, False)


def test_an_attempt_is_claimed_once_and_the_next_one_is_another(private):
    private.claim(grant()).close()
    with pytest.raises(AlreadyClaimedError):
        private.claim(grant())
    private.claim(grant(attempt=2)).close()
    private.claim(grant(index=3)).close()
    assert [str(run.run) for run in private.runs()] == ["7.1", "7.2", "7_3.1"]


def test_a_run_is_usable_by_another_process_that_opens_it_again(private, root):
    run = private.claim(grant())
    run.reserve_exit()
    run.write_started(STARTED)
    run.close()
    other = Private.open(root, UID)
    [again] = other.runs()
    assert again.started() == STARTED
    assert again.take_locks()
    assert private.runs()[0].worker_alive()
    again.write_ending(ending(grant()))
    assert private.runs()[0].ending() == ending(grant())
    again.close()
    other.close()


def test_locks_of_the_living_are_not_taken(private):
    run = private.claim(grant())
    run.release_worker_lock()
    [other] = private.runs()
    assert not other.take_locks()
    assert (other.worker_lock_fd, other.alive_fd) == (-1, -1)
    assert not other.worker_alive()
    run.close()
    assert other.take_locks()
    other.close()


def test_the_first_ending_stays(private):
    run = private.claim(grant())
    run.write_ending(ending(grant(), code=3))
    run.write_ending(ending(grant(), code=4))
    assert run.ending() == ending(grant(), code=3)
    run.close()


def test_the_room_for_the_exit_record_is_taken_before_the_start(private):
    run = private.claim(grant())
    run.reserve_exit()
    assert os.stat(f"{run.path}/.exit").st_blocks * 512 >= 4096
    run.reserve_exit()
    run.write_ending(ending(grant()))
    assert not os.path.exists(f"{run.path}/.exit")
    run.close()


def test_a_run_that_is_forgotten_is_gone_with_whatever_lies_in_it(private):
    run = private.claim(grant())
    Path(run.path, "left").write_text("x")
    Path(run.path, "empty").mkdir()
    run.forget()
    run.forget()
    assert private.runs() == []
    assert list(Path(private.path, "runs").iterdir()) == []


def test_a_script_is_shown_below_the_number_of_its_job_as_long_as_the_run_is_kept(stored, root):
    run = stored.claim(grant())
    path = run.show_script(49, "tok")
    assert path.endswith("/job49/slurm_script")
    assert run.show_script(49, "tok") == path, "to a worker that starts it in place of another"
    assert os.path.samefile(path, stored.request("tok").script_path)
    run.forget()
    assert os.path.exists(stored.request("tok").script_path)


def test_descriptors_do_not_grow_with_runs(private):
    for number in range(1, 40):
        private.claim(grant(number)).close()
    before = len(os.listdir("/proc/self/fd"))
    runs = private.runs()
    assert all(run.grant() is not None and not run.job_alive() for run in runs)
    assert len(os.listdir("/proc/self/fd")) == before
    fd = runs[0].directory_fd
    assert stat.S_ISDIR(os.fstat(fd).st_mode)
    assert runs[0].directory_fd == fd
    runs[0].close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_names_that_are_no_runs_are_not_taken_for_some(private):
    for name in ("42", "x.1", "42.", ".1", "42_.1", "042.1", "42.1.2", "-1.1", "42_1_2.1"):
        Path(private.path, "runs", name).mkdir()
    assert private.runs() == []


def test_one_agent_at_a_time_and_its_pid_can_be_asked_for(private, root):
    assert private.agent_pid() is None
    lock = private.lock_agent()
    assert lock is not None
    other = Private.open(root, UID)
    assert other.lock_agent() is None
    assert other.agent_alive()
    assert other.agent_pid() == os.getpid()
    lock.release()
    assert not other.agent_alive()
    assert other.agent_pid() is None
    other.close()


def test_an_agent_notices_that_its_directory_was_taken_away(private):
    lock = private.lock_agent()
    assert lock.is_in_place()
    Path(private.path, "agent.lock").unlink()
    assert not lock.is_in_place()
    lock.release()
