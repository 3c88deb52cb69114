"""Whom the programs under test run as, and which processes are theirs.

Started by root, every private queue gets uids that nobody else has, so that users are kept apart
as on a real host and each of their processes can be told from all others. Started by anybody else,
all users of a queue are that one person.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
# Far above accounts of any kind; a range for each test run, since several may go on at a time.
_UIDS = itertools.count(10_000_000 + os.getpid() * 200)


def is_open_to_others(path: Path) -> bool:
    """Whether everybody may go there: the directory and each above it."""
    return all(place.stat().st_mode & 0o001 for place in (path, *path.parents))


CAN_BE_OTHERS = os.geteuid() == 0 and is_open_to_others(REPOSITORY)
SEVERAL_USERS = pytest.mark.skipif(
    not CAN_BE_OTHERS,
    reason="needs root, and a checkout that everybody may read, to start programs as several users",
)


@dataclass(frozen=True)
class Person:
    """A user by number; there need not be an account."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        """What listings call this user."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    @property
    def identity(self) -> dict[str, object]:
        """What makes a child of subprocess this person."""
        if not CAN_BE_OTHERS:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def owns(self, path: Path) -> Path:
        """Hands a file or directory over."""
        if CAN_BE_OTHERS:
            os.chown(path, self.uid, self.gid)
        return path


def new_people(count: int) -> list[Person]:
    """So many people who share a group; one and the same if the tests cannot be others."""
    if not CAN_BE_OTHERS:
        return [Person(os.geteuid(), os.getegid())] * count
    uids = [next(_UIDS) for _ in range(count)]
    return [Person(uid, uids[0]) for uid in uids]


def processes_of(people: list[Person], place: Path) -> dict[int, str]:
    """Living processes of a private queue below `place`: pid and command line."""
    uids = {person.uid for person in people}
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if entry.stat().st_uid not in uids or not is_alive(int(entry.name)):
                continue
            if CAN_BE_OTHERS or _speaks_of(entry, place):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(entry.name)] = line.decode(errors="replace").strip()
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _speaks_of(entry: Path, place: Path) -> bool:
    mark = os.fsencode(place)
    return any(mark in (entry / name).read_bytes() for name in ("environ", "cmdline"))
