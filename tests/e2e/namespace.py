"""This host as some users see it: with accounts of their own, and a cron that knows only them.

A mount namespace covers /etc/passwd, /etc/group, cron's files and /run; the host itself is not
changed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.rig import Site
from tests.e2e.user import Done, User

CRONTABS = "/var/spool/cron/crontabs"
COVER = """\
set -e
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
mount --bind "$1/crontabs" {crontabs}
for place in /etc/crontab /etc/cron.d; do
    [ ! -d $place ] || mount --bind "$1/empty" $place
    [ ! -f $place ] || mount --bind /dev/null $place
done
mount -t tmpfs none /run
echo ready
exec sleep 600
"""


class Host:
    """Such a view of this host."""

    def __init__(self, site: Site) -> None:
        self._place = site.place / "host"
        self._place.mkdir()
        (self._place / "empty").mkdir()
        self._copy_accounts(site)
        self._copy_crontabs()
        self._keeper = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", COVER.format(crontabs=CRONTABS), "sh", self._place],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._keeper.stdout is not None
        if self._keeper.stdout.readline() != "ready\n":
            self.close()
            pytest.skip("CI cannot run this: root has no mount namespaces here")

    def _copy_accounts(self, site: Site) -> None:
        accounts = [
            f"{user.home.name}:*:{user.person.uid}:{user.person.gid}::{user.home}:/bin/bash\n"
            for user in (site.admin, site.ann, site.ben)
        ]
        (self._place / "passwd").write_text(Path("/etc/passwd").read_text() + "".join(accounts))
        group = f"queue:x:{site.admin.person.gid}:\n"
        (self._place / "group").write_text(Path("/etc/group").read_text() + group)

    def _copy_crontabs(self) -> None:
        """The directory as the package cron made it, without anybody's crontab."""
        facts = os.stat(CRONTABS)
        folder = self._place / "crontabs"
        folder.mkdir()
        os.chown(folder, facts.st_uid, facts.st_gid)
        folder.chmod(facts.st_mode & 0o7777)

    def run(self, user: User, *command: object, **more: Any) -> Done:  # Any: of Popen
        """A command of a user of this host."""
        person = user.person
        program = str(command[0])
        path = user.site.bin / program
        words = [str(path) if path.exists() else program, *command[1:]]
        become = ["--reuid", person.uid, "--regid", person.gid, "--clear-groups"]
        root = {"user": 0, "group": 0, "extra_groups": []}
        return user.run(*self._inside("setpriv", *become, *words), **{**more, **root})

    def ok(self, user: User, *command: object, **more: Any) -> str:  # Any: of Popen
        """What it prints if it goes well."""
        done = self.run(user, *command, **more)
        assert (done.code, done.err) == (0, ""), (command, done)
        return done.out

    @contextlib.contextmanager
    def cron(self) -> Iterator[None]:
        """The cron daemon, for which this host has just booted."""
        program = shutil.which("cron") or "/usr/sbin/cron"
        with subprocess.Popen(self._inside(program, "-f"), cwd="/") as daemon:
            try:
                yield
            finally:
                daemon.terminate()

    def _inside(self, *words: object) -> list[str]:
        keeper = str(self._keeper.pid)
        return ["nsenter", f"--mount=/proc/{keeper}/ns/mnt", "--wd=.", *map(str, words)]

    def close(self) -> None:
        """The view is gone with its last process."""
        self._keeper.kill()
        self._keeper.communicate()
