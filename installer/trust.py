"""Who could change what everybody runs: places that others can write are refused.

Whoever can write a program, or rename a directory above it, can run code as each of its users.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
import struct

from installer.words import InstallError

_USER, _GROUP_OBJ, _GROUP, _MASK = 0x02, 0x04, 0x08, 0x10


def check(what: str, path: str, trusted: frozenset[int]) -> None:
    """Look at a place, or where it will be made, and at all directories above it.

    `trusted`: the uids that may write there; root always may.

    Raises: InstallError naming the directory, who can write it, and how to change that.
    """
    for place in _chain(path):
        facts = os.stat(place)
        if facts.st_uid not in trusted | {0}:
            raise InstallError(
                f"cannot use {what} {path}: {place} belongs to {_user(facts.st_uid)}, who could"
                " then run code as everybody",
                "choose another place",
            )
        sticky = facts.st_mode & stat.S_ISVTX and place != path
        if not sticky and (who := _writers(place, facts, trusted)):
            raise InstallError(
                f"cannot use {what} {path}: {place} (mode {stat.S_IMODE(facts.st_mode):04o}) can be"
                f" written by {who}, who could then run code as everybody",
                f"take that right away (chmod go-w {place}), or choose another place",
            )


def _chain(path: str) -> list[str]:
    """The path and everything above it, as far as it exists, links followed."""
    place = os.path.realpath(path)
    found = []
    while True:
        if os.path.exists(place):
            found.append(place)
        if place == "/":
            return found
        place = os.path.dirname(place)


def _writers(place: str, facts: os.stat_result, trusted: frozenset[int]) -> str:
    """Who else than the owner can write there, in words; '' for nobody."""
    if facts.st_mode & stat.S_IWOTH:
        return "everybody"
    if not facts.st_mode & stat.S_IWGRP:  # with an access list this bit is the list's mask
        return ""
    entries = _access_list(place) or [(_GROUP_OBJ, 0)]
    for tag, who in entries:
        if tag == _USER and who not in trusted | {0, facts.st_uid}:
            return _user(who)
        gid = facts.st_gid if tag == _GROUP_OBJ else who
        if tag in (_GROUP, _GROUP_OBJ) and not _is_private(gid, facts.st_uid):
            return f"group {_group(gid)}"
    return ""


def _access_list(place: str) -> list[tuple[int, int]]:
    """The entries of an access list that grant write: kind and id. Empty if there is no list.

    Source: acl(5), and the layout of the attribute in the kernel's posix_acl_xattr.h.
    """
    try:
        raw = os.getxattr(place, "system.posix_acl_access")
    except OSError:
        return []
    found = [(tag, who) for tag, rights, who in struct.iter_unpack("<HHI", raw[4:]) if rights & 2]
    return found or [(_MASK, 0)]


def _is_private(gid: int, uid: int) -> bool:
    """Whether only this user (and root) is in the group, as many systems make one for each user."""
    members = set()
    with contextlib.suppress(KeyError):
        members = set(grp.getgrgid(gid).gr_mem)
    uids = {
        entry.pw_uid for entry in pwd.getpwall() if entry.pw_gid == gid or entry.pw_name in members
    }
    if not members <= {entry.pw_name for entry in pwd.getpwall()}:
        return False
    return uids <= {uid, 0}


def _user(uid: int) -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"uid {uid}"


def _group(gid: int) -> str:
    with contextlib.suppress(KeyError):
        return grp.getgrgid(gid).gr_name
    return str(gid)
