"""Users and groups as the machine knows them."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd


def user_name(uid: int) -> str:
    """Name a user; one that is not known any more goes by the number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def uid_of(name: str) -> int | None:
    """Find a user by name or by number; None if there is none of that name."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name).pw_uid
    return int(name) if name.isascii() and name.isdigit() else None


def home(uid: int) -> str:
    """Find a user's home; `/` for one that is not known."""
    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        return "/"


def home_of_caller() -> str:
    """Find the caller's home: what the environment says, else what the machine's books say."""
    return os.environ.get("HOME") or home(os.getuid())


def shell(uid: int) -> str:
    """Find a user's login shell."""
    try:
        return pwd.getpwuid(uid).pw_shell or "/bin/sh"
    except KeyError:
        return "/bin/sh"


def primary_gid(uid: int) -> int | None:
    """Find a user's primary group."""
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return None


def group_name(gid: int) -> str:
    """Name a group; one that is not known goes by the number."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def gid_of(name: str) -> int | None:
    """Find a group by name or by number; None if there is none of that name."""
    with contextlib.suppress(KeyError):
        return grp.getgrnam(name).gr_gid
    return int(name) if name.isascii() and name.isdigit() else None


def groups_of(uid: int) -> frozenset[int]:
    """Find all groups a user is in by the machine's books."""
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return frozenset()
    return frozenset(os.getgrouplist(user.pw_name, user.pw_gid))
