"""A queue configured as the recorded Slurm was, on a host that knows alice and bob.

Each has uids of its own and a mount namespace whose accounts say so, and so several can be used at
once.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.people import REPOSITORY, Person
from tests.e2e.rig import Site
from tests.slurm.normalising import Account
from tinysched.host.cores import short_hostname

CONFIG = REPOSITORY / "conf" / "examples" / "like-slurm.yaml"
# Of five digits, so that columns of ids keep their widths.
FIRST_ID = 40001
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Five digits as well, below the ids, and none that another test run uses at the same time.
_FIRST_UID = 20_000 + os.getpid() % 1000 * 16
_LEFT_S = 5.0
_COVER = """\
set -e
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
echo ready
exec sleep infinity
"""


class Town:
    """Such a host, and its queue."""

    def __init__(self, number: int) -> None:
        first = _FIRST_UID + 4 * number
        people = [Person(uid, uid) for uid in range(first, first + 3)]
        self.site = Site(CONFIG.read_text(), people)
        self.host = short_hostname()
        self.accounts = [
            Account(name=name, uid=person.uid, gid=person.gid)
            for name, person in zip(("alice", "bob"), people[1:], strict=True)
        ]
        self._keeper = self._namespace()
        self._count_from(FIRST_ID)
        self.site.start(self.entered("admin"))

    def _namespace(self) -> subprocess.Popen[str]:
        place = self.site.place / "accounts"
        place.mkdir()
        admin = self.site.admin.person
        names = {"admin": admin.uid, **{one.name: one.uid for one in self.accounts}}
        homes = {"admin": self.site.admin, "alice": self.site.ann, "bob": self.site.ben}
        users = [f"{n}:*:{u}:{u}::{homes[n].home}:/bin/bash\n" for n, u in names.items()]
        groups = [f"{n}:x:{u}:{'alice,bob' if n == 'admin' else ''}\n" for n, u in names.items()]
        (place / "passwd").write_text(_without("/etc/passwd", names) + "".join(users))
        (place / "group").write_text(_without("/etc/group", names) + "".join(groups))
        keeper = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", _COVER, "sh", place],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert keeper.stdout is not None
        if keeper.stdout.readline() != "ready\n":
            pytest.skip("CI cannot run this: root has no mount namespaces here")
        return keeper

    def _count_from(self, first: int) -> None:
        """The next job has this id."""
        state = self.site.root / "state"
        state.mkdir(mode=0o2750, exist_ok=True)
        path = state / "last_job_id"
        path.write_text(f"{first - 1}\n")
        for one in (state, path):
            self.site.admin.person.owns(one)

    # At a shell

    def entered(self, who: str) -> list[str]:
        """What makes a command run on this host, as somebody who has an account there."""
        words = ["nsenter", f"--mount=/proc/{self._keeper.pid}/ns/mnt", "--wd=."]
        if who == "root":
            return words
        uid = str(next(uid for name, uid in self._uids() if name == who))
        return [*words, "setpriv", "--reuid", uid, "--regid", uid, "--init-groups"]

    def _uids(self) -> list[tuple[str, int]]:
        return [("admin", self.site.admin.person.uid), *((o.name, o.uid) for o in self.accounts)]

    def environment(self, who: str) -> dict[str, str]:
        """What a login sets, with Slurm's names before all other commands."""
        homes = {"alice": self.site.ann.home, "bob": self.site.ben.home, "root": Path("/root")}
        return {
            "PATH": f"{self.site.bin}/slurm:{SYSTEM_PATH}",
            "HOME": str(homes[who]),
            "USER": who,
            "LOGNAME": who,
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
        }

    def start(
        self, who: str, words: Sequence[object], **more: Any
    ) -> subprocess.Popen[Any]:  # Any: of Popen
        """A command of somebody's, begun; `more` goes to Popen."""
        options = {
            "stdin": subprocess.DEVNULL,
            "start_new_session": True,
            "umask": 0o022,
            "env": self.environment(who),
            **more,
        }
        return subprocess.Popen([*self.entered(who), *map(str, words)], **options)

    # The queue

    def left(self) -> set[str]:
        """The jobs that have not ended."""
        open_states = "PENDING,RUNNING,COMPLETING,SUSPENDED"
        return {line["id"] for line in self.site.lines("-t", open_states)}

    def clear(self) -> None:
        """End every job."""
        if not self.left():
            return
        self.site.ask("cancel", "-t", "PENDING,RUNNING")
        with contextlib.suppress(AssertionError):
            self.site.until(lambda: not self.left(), "all jobs have ended", _LEFT_S)
        self.site.calm()

    def close(self) -> None:
        """Nothing is left of it."""
        try:
            self.site.close()
        finally:
            self._keeper.kill()
            self._keeper.communicate()


def _without(path: str, names: object) -> str:
    """The lines of a file of accounts that are not about these."""
    lines = Path(path).read_text().splitlines(keepends=True)
    return "".join(line for line in lines if line.partition(":")[0] not in names)  # type: ignore[operator]  # a container
