"""Who may read what: as the people of one group see it."""

import os
import shutil
import tempfile

import pytest

from tests.spool.made import (
    ended,
    plain,
    request_files,
    save_script,
)
from tinysched.errors import SpoolError
from tinysched.job.model import Outcome
from tinysched.spool import outbox
from tinysched.spool.private import Private
from tinysched.spool.store import Store, read_only

GROUP = 54000
MEMBER = 54001
STRANGER = 54002
ROOT_ONLY = "CI cannot run this: only root can become somebody else"

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(os.geteuid() != 0, reason=ROOT_ONLY),
]


@pytest.fixture
def shared():
    """A root of root's for a group, in a directory that others may enter."""
    place = tempfile.mkdtemp()
    os.chmod(place, 0o755)
    yield made(f"{place}/shared")
    shutil.rmtree(place)


def made(root):
    """A root with one job in each folder that counts."""
    os.mkdir(root)
    os.chown(root, -1, GROUP)
    store = Store.open(root)
    store.load()
    save_script(store, 1, b"secret")
    store.publish([plain(1), plain(2, ended(Outcome.FAILED))])
    store.close()
    return root


def as_user(uid, groups, work):
    """Run some work as somebody else; returns what it says."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups(groups)
            os.setgid(uid)
            os.setuid(uid)
            try:
                said = str(work())
            except (SpoolError, OSError) as error:
                said = f"{type(error).__name__}: {error}"
            os.write(writer, said.encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(pid, 0)
    return said


def test_a_member_of_the_group_reads_the_records(shared):
    said = as_user(MEMBER, [GROUP], lambda: [job.id for job in read_only(shared).jobs])
    assert said == "[1, 2]"


def test_a_stranger_sees_nothing(shared):
    said = as_user(STRANGER, [], lambda: read_only(shared))
    assert "Permission denied" in said


def test_a_member_reads_no_script_and_writes_nowhere_but_in_users(shared):
    def look():
        with open(f"{shared}/queue/pending/job_1.script"):
            return "read"

    assert "PermissionError" in as_user(MEMBER, [GROUP], look)
    for folder in ("", "queue/pending", "state", "run", "logs", "tmp", "lock"):
        said = as_user(MEMBER, [GROUP], lambda folder=folder: os.mkdir(f"{shared}/{folder}/x"))
        assert "PermissionError" in said, folder


def test_a_member_cannot_hold_the_dispatchers_lock(shared):
    for name in ("lock", "lock/global.lock"):
        said = as_user(MEMBER, [GROUP], lambda name=name: os.open(f"{shared}/{name}", os.O_RDONLY))
        assert "PermissionError" in said


def test_a_member_stores_a_request_that_not_even_the_group_reads(shared):
    def submit():
        os.close(outbox.write(shared, MEMBER, "tok", request_files()))
        return Private.open(shared, MEMBER).request("tok").umask

    assert as_user(MEMBER, [GROUP], submit) == str(0o027)
    said = as_user(STRANGER, [GROUP], lambda: os.listdir(f"{shared}/users/u{MEMBER}"))
    assert "PermissionError" in said
    said = as_user(STRANGER, [GROUP], lambda: os.rename(
        f"{shared}/users/u{MEMBER}", f"{shared}/users/mine"
    ))  # fmt: skip
    assert "PermissionError" in said


def test_records_that_a_member_may_not_read_are_left_out_and_named(shared):
    os.chmod(f"{shared}/queue/pending/job_1.meta", 0o600)
    said = as_user(
        MEMBER,
        [GROUP],
        lambda: ([job.id for job in read_only(shared).jobs], read_only(shared).quarantined),
    )
    assert said.startswith("([2], ")
    assert "job_1.meta: Permission denied" in said


def test_a_dispatcher_that_is_not_the_owner_is_refused(shared):
    assert "belongs to uid 0" in as_user(MEMBER, [GROUP], lambda: Store.open(shared))
