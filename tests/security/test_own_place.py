"""Things in the place of a user's own files, as the user's agent meets them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.spool.made import grant, request_files
from tinysched.errors import SpoolError
from tinysched.job.model import JobId, RunId
from tinysched.spool import outbox
from tinysched.spool.private import Private

UID = os.geteuid()


@pytest.fixture
def stored(root):
    """A stored request `tok`."""
    os.mkdir(f"{root}/users")
    os.close(outbox.write(root, UID, "tok", request_files()))
    return Path(root, f"users/u{UID}/requests/tok")


def open_private(root):
    return Private.open(root, UID)


def symlink(path, content):
    target = path.parent / "elsewhere"
    target.write_bytes(content)
    path.symlink_to(target)


def hard_link(path, content):
    target = path.parent.parent.parent / "elsewhere"
    target.write_bytes(content)
    path.hardlink_to(target)


def fifo(path, _content):
    os.mkfifo(path)


def directory(path, _content):
    path.mkdir()


def others(path, content):
    path.write_bytes(content)
    os.chown(path, 12345, -1)


def writable(path, content):
    path.write_bytes(content)
    path.chmod(0o722)


def huge(path, _content):
    path.touch()
    os.truncate(path, 1 << 40)


def device(path, _content):
    os.mknod(path, 0o20666, os.makedev(1, 5))


EVILS = (symlink, hard_link, fifo, directory, others, writable, huge, device)


@pytest.mark.parametrize("evil", EVILS, ids=lambda evil: evil.__name__)
def test_a_script_that_is_not_what_was_stored_is_not_run(root, stored, evil):
    if evil in (others, device) and UID != 0:
        pytest.skip("only root makes devices and gives files away")
    path = stored / "slurm_script"
    content = path.read_bytes()
    path.unlink()
    evil(path, content)
    private = open_private(root)
    with pytest.raises(SpoolError, match="slurm_script"):
        private.script("tok")
    private.close()


def test_a_directory_that_others_may_write_into_is_not_used(root, stored):
    """Whoever owns users/ could rename an open directory of the victim's own into its place."""
    own = stored.parent.parent
    own.chmod(0o777)
    with pytest.raises(SpoolError, match="others may write into it"):
        open_private(root)


def test_an_attempt_that_is_over_is_never_claimed_again(root, stored):
    private = open_private(root)
    first = grant(1)
    run = private.claim(first)
    private.retire([run], "tok")
    private.close()
    private = open_private(root)
    with pytest.raises(SpoolError, match="attempt 1 of it is over"):
        private.claim(first)
    again = grant(1, attempt=2)
    private.retire([private.claim(again)], "tok")
    for former in (first, again):
        with pytest.raises(SpoolError, match="attempt 2 of it is over"):
            private.claim(former)
    private.close()


def test_a_torn_memory_of_attempts_forgets_none_that_was_whole(root, stored):
    private = open_private(root)
    for index in (1, 2, 3):
        private.retire([private.claim(grant(7, index=index))], "tok")
    private.close()
    path = stored / "attempts"
    path.write_bytes(path.read_bytes()[:-1])
    path.write_bytes(path.read_bytes() + b"\n7_5.1\xff\n7_6.1")
    private = open_private(root)
    over = private.attempts("tok")
    assert [index for index in range(9) if over.last(index)] == [1, 2, 6]
    assert RunId(job=JobId(number=7, task=6), attempt=1) in over
    assert RunId(job=JobId(number=7, task=6), attempt=2) not in over
    private.close()


def test_a_memory_of_attempts_that_cannot_be_read_starts_nothing(root, stored):
    os.mkfifo(stored / "attempts")
    private = open_private(root)
    with pytest.raises(SpoolError, match="attempts"):
        private.claim(grant(1))
    private.close()
