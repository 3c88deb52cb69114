"""A private queue with attackers: what they do, and whether anybody else notices."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.people import REPOSITORY, Person, new_people
from tests.e2e.rig import CONFIG, Site
from tests.e2e.user import Done, User

SERVED_S = 10
PRELUDE = """\
import os, socket, sys, time
ROOT = sys.argv[1]
def dial():
    line = socket.socket(socket.AF_UNIX)
    line.connect(ROOT + "/run/ctl.sock")
    line.settimeout(20)
    return line
def pack(verb, **fields):
    words = [verb.encode()]
    for name, value in {"protocol": "1", "version": "x", "command": "tsqueue", **fields}.items():
        words += [name.encode(), value.encode()]
    body = b"".join(len(word).to_bytes(4, "big") + word for word in words)
    return len(body).to_bytes(4, "big") + body
"""


@dataclass
class Realm:
    """The admin, two members of the group, and somebody outside of it."""

    site: Site
    outsider: User

    @property
    def victim(self) -> User:
        return self.site.ann.move()

    @property
    def attacker(self) -> User:
        return self.site.ben.move()

    @property
    def root(self) -> Path:
        return self.site.root

    def begin_attack(self, code: str, *words: object, user: User | None = None, **more: object):
        """A program of the attacker's, begun."""
        command = [sys.executable, "-I", "-c", PRELUDE + code, self.root, *words]
        return (user or self.attacker).start(*command, **more)

    def attack(self, code: str, *words: object, user: User | None = None) -> str:
        """What a program of the attacker's prints; it must not stumble itself."""
        done = self.run_attack(code, *words, user=user)
        assert done.code == 0, done.err
        return done.out.strip()

    def run_attack(self, code: str, *words: object, user: User | None = None) -> Done:
        command = [sys.executable, "-I", "-c", PRELUDE + code, self.root, *words]
        return (user or self.attacker).run(*command)

    def is_denied(self, code: str, *words: object, user: User | None = None) -> bool:
        """The kernel says no to the attacker."""
        done = self.run_attack(code, *words, user=user)
        return done.code != 0 and "PermissionError" in done.err

    def serves_the_victim(self) -> bool:
        """Another user's command is answered in time, even now."""
        began = time.monotonic()
        self.site.ann.ok("tsqueue")
        return time.monotonic() - began < SERVED_S

    def log(self) -> str:
        """What the dispatcher has logged."""
        return (self.root / "logs" / "dispatcher.log").read_text()

    def until_logged(self, words: str) -> None:
        self.site.until(lambda: words in self.log(), f"the log says {words!r}")

    def own_of(self, user: User) -> Path:
        """The directory below users/ that belongs to a user."""
        return self.root / "users" / f"u{user.person.uid}"

    def close(self) -> None:
        self.site.close()


def new_realm(config: str) -> Realm:
    """A private queue, not yet running."""
    site = Site(CONFIG + "poll_interval: 0.2\n" + config)
    uid = new_people(1)[0].uid
    return Realm(site, User(site, Person(uid, uid if os.geteuid() == 0 else os.getegid()), "eve"))


__all__ = ["REPOSITORY", "Realm", "new_realm"]
