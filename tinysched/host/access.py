"""Who else than its owner may write a place, by its mode and by its access list.

The installer judges places alike before anything of ours exists (installer/trust.py); a test
compares the two.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tinysched.host.identity import group_name, user_name

_USER, _GROUP_OBJ, _GROUP = 0x02, 0x04, 0x08
_WRITE = 2
_KINDS = {_USER: "user", _GROUP: "group"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A file or directory. `writers`: who else may write it, in words; '' for nobody."""

    path: str
    uid: int
    mode: int
    writers: str
    is_sticky: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessList:
    """What an access list says besides the mode: its named entries, such as `user bob: rwx`.

    `writers` are those of them that may write. `is_default`: what is made below gets one as well.
    """

    path: str
    entries: tuple[str, ...]
    writers: tuple[str, ...]
    is_default: bool


def chain(path: str, trusted: Collection[int]) -> list[Spot]:
    """The path, links followed, and every directory above it."""
    place = os.path.realpath(path)
    found = []
    while True:
        with contextlib.suppress(OSError):
            found.append(_spot(place, trusted))
        if place == "/":
            return found
        place = os.path.dirname(place)


def below(top: str, trusted: Collection[int]) -> Iterator[Spot]:
    """Everything below a directory but links, as far as the caller may look."""
    for folder, names, others in os.walk(top):
        for name in (*names, *others):
            path = f"{folder}/{name}"
            if not os.path.islink(path):
                with contextlib.suppress(OSError):
                    yield _spot(path, trusted)


def access_list(path: str) -> AccessList | None:
    """The access list of a place; None if its mode says everything.

    Source: acl(5), and the layout of the attribute in the kernel's posix_acl_xattr.h.
    """
    named = [(tag, rights, who) for tag, rights, who in _entries(path) if tag in _KINDS]
    is_default = bool(_entries(path, "system.posix_acl_default"))
    if not named and not is_default:
        return None
    return AccessList(
        path=path,
        entries=tuple(_in_words(*entry) for entry in named),
        writers=tuple(_in_words(*entry) for entry in named if entry[1] & _WRITE),
        is_default=is_default,
    )


def _spot(path: str, trusted: Collection[int]) -> Spot:
    facts = os.stat(path)
    return Spot(
        path=path,
        uid=facts.st_uid,
        mode=stat.S_IMODE(facts.st_mode),
        writers=_writers(path, facts, {0, facts.st_uid, *trusted}),
        is_sticky=bool(facts.st_mode & stat.S_ISVTX),
    )


def _writers(path: str, facts: os.stat_result, trusted: Collection[int]) -> str:
    if facts.st_mode & stat.S_IWOTH:
        return "everybody"
    if not facts.st_mode & stat.S_IWGRP:  # with an access list this bit is the list's mask
        return ""
    entries = _entries(path) or [(_GROUP_OBJ, _WRITE, 0)]
    for tag, rights, who in entries:
        if not rights & _WRITE:
            continue
        if tag == _USER and who not in trusted:
            return user_name(who)
        gid = facts.st_gid if tag == _GROUP_OBJ else who
        if tag in (_GROUP, _GROUP_OBJ) and not _is_private(gid, facts.st_uid):
            return f"group {group_name(gid)}"
    return ""


def _entries(path: str, name: str = "system.posix_acl_access") -> list[tuple[int, int, int]]:
    """Kind, rights and id of every entry; none if there is no list."""
    try:
        raw = os.getxattr(path, name, follow_symlinks=False)
    except OSError:
        return []
    return list(struct.iter_unpack("<HHI", raw[4:]))


def _in_words(tag: int, rights: int, who: int) -> str:
    letters = "".join(
        letter if rights & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1))
    )
    name = user_name(who) if tag == _USER else group_name(who)
    return f"{_KINDS[tag]} {name}: {letters}"


def _is_private(gid: int, uid: int) -> bool:
    """Whether only this user (and root) is in the group, as many systems make one for each user."""
    members: set[str] = set()
    with contextlib.suppress(KeyError):
        members = set(grp.getgrgid(gid).gr_mem)
    users = pwd.getpwall()
    uids = {user.pw_uid for user in users if user.pw_gid == gid or user.pw_name in members}
    return members <= {user.pw_name for user in users} and uids <= {uid, 0}
