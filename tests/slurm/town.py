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
from tests.e2e.user import User
from tests.slurm.normalising import Account
from tinysched.host.cores import short_hostname

CONFIG = REPOSITORY / "conf" / "examples" / "like-slurm.yaml"
# Of five digits, so that columns of ids keep their widths.
FIRST_ID = 40001
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Five digits as well, below the ids, and none that another test run uses at the same time.
_FIRST_UID = 20_000 + os.getpid() % 600 * 32
_GID_ABOVE = 16
# The group whose members may use the queue is called as it was in the recorded Slurm.
_GROUPS = {"admin": "quantlab"}
_MEMBERS = {"quantlab": "alice,bob"}
_LEFT_S = 5.0
# Homes are below /home, beside those that are there.
_COVER = """\
set -e
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
mount --rbind /home "$1/homes"
mount -t tmpfs -o mode=755 none /home
for path in "$1"/homes/*; do
    [ -d "$path" ] || continue
    mkdir "/home/${path##*/}"
    mount --rbind "$path" "/home/${path##*/}"
done
mkdir -p /home/alice /home/bob
mount --bind "$2" /home/alice
mount --bind "$3" /home/bob
echo ready
exec sleep infinity
"""


class Town:
    """Such a host, and its queue."""

    def __init__(self, number: int) -> None:
        first = _FIRST_UID + 4 * number
        people = [Person(uid, uid + _GID_ABOVE) for uid in range(first, first + 3)]
        self.site = Site(CONFIG.read_text(), people)
        self.host = short_hostname()
        self.accounts = [
            Account(name=name, uid=person.uid, gid=person.gid)
            for name, person in zip(("alice", "bob"), people[1:], strict=True)
        ]
        self._keeper = self._namespace()
        self._count_from(FIRST_ID)
        try:
            self.site.start(self.entered("admin"))
        except BaseException:
            self.close()
            raise

    def _namespace(self) -> subprocess.Popen[str]:
        site = self.site
        place = site.place / "accounts"
        (place / "homes").mkdir(parents=True)
        users, groups = list[str](), list[str]()
        for name, user in self._users.items():
            person = user.person
            group = _GROUPS.get(name, name)
            home = site.admin.home if name == "admin" else f"/home/{name}"
            users.append(f"{name}:*:{person.uid}:{person.gid}::{home}:/bin/bash\n")
            groups.append(f"{group}:x:{person.gid}:{_MEMBERS.get(group, '')}\n")
        (place / "passwd").write_text(_without("/etc/passwd", users) + "".join(users))
        (place / "group").write_text(_without("/etc/group", groups) + "".join(groups))
        keeper = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", _COVER, "sh", place, site.ann.home, site.ben.home],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert keeper.stdout is not None
        if keeper.stdout.readline() != "ready\n":
            pytest.skip("CI cannot run this: root has no mount namespaces here")
        return keeper

    @property
    def _users(self) -> dict[str, User]:
        return {"admin": self.site.admin, "alice": self.site.ann, "bob": self.site.ben}

    def user(self, who: str) -> User:
        """Somebody as the queue knows them; their home, outside, is what /home/WHO is here."""
        return self._users[who]

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
        person = self.user(who).person
        ids = ["--reuid", str(person.uid), "--regid", str(person.gid)]
        return [*words, "setpriv", *ids, "--init-groups"]

    def environment(self, who: str) -> dict[str, str]:
        """What a login sets, with Slurm's names before all other commands."""
        return {
            "PATH": f"{self.site.bin}/slurm:{SYSTEM_PATH}",
            "HOME": "/root" if who == "root" else f"/home/{who}",
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


def _without(path: str, others: Sequence[str]) -> str:
    """The lines of a file of accounts but for those of the names that others have."""
    names = {line.partition(":")[0] for line in others}
    lines = Path(path).read_text().splitlines(keepends=True)
    return "".join(line for line in lines if line.partition(":")[0] not in names)
