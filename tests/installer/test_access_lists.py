"""--secure-acl for an owner who is not root: what modes cannot do, access lists do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.people import CAN_BE_OTHERS
from tests.installer.asking import REPOSITORY

OWNER, FOREIGN = 65534, 12
# As the owner of the files, for a group that the owner is not in.
PROGRAM = """\
import sys
sys.path.insert(0, sys.argv[1])
from installer import queue_root
queue_root._shut_out_others(sys.argv[2], int(sys.argv[3]))
"""


@pytest.mark.skipif(
    not CAN_BE_OTHERS or shutil.which("setfacl") is None,
    reason="needs root to act as another user, and setfacl (package acl)",
)
def test_where_the_group_cannot_be_changed_an_access_list_lets_it_in(place: Path) -> None:
    prefix = place / "lib"
    (prefix / "sub").mkdir(parents=True)
    (prefix / "sub" / "program").write_text("#!/bin/sh\n")
    for path in (prefix, prefix / "sub", prefix / "sub" / "program"):
        path.chmod(0o755)
        os.chown(path, OWNER, OWNER)
    command = [sys.executable, "-c", PROGRAM, REPOSITORY, prefix, str(FOREIGN)]
    done = subprocess.run(
        command, user=OWNER, group=OWNER, extra_groups=[], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")

    def reads(uid: int, gid: int) -> bool:
        look = ["cat", prefix / "sub" / "program"]
        return not subprocess.run(
            look, user=uid, group=gid, extra_groups=[], capture_output=True, check=False
        ).returncode

    assert reads(OWNER, OWNER)
    assert reads(54321, FOREIGN)
    assert not reads(54321, 54321)
