"""A walk over everything below a root, for whoever wants to compare it with places.py.

Reads names, owners and modes; opens no file and changes nothing.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tinysched.errors import SpoolError
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import DISK, cannot
from tinysched.spool.locks import GLOBAL_LOCK, is_locked, pid_in
from tinysched.spool.places import UNTENDED, Place, place_of

ROOT = Place(path="", mode=tree.ROOT_MODE, writer="admin", form="", what="the root")
_OWN = re.compile(r"users/u([0-9]+)/")
_TOKEN = re.compile(r"(/requests/)[A-Za-z0-9_-]+")
_BITS = 0o7777
_MOST = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One name below the root. `place` None: nothing of ours; `owner_uid` None: the admin's.

    `path` counts from the root; that of a directory ends in `/`, the root's own is ''.
    """

    path: str
    place: Place | None
    owner_uid: int | None
    mode: int
    uid: int
    gid: int
    is_link: bool
    is_folder: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found. `closed`: directories that the caller may not look into."""

    found: tuple[Found, ...]
    closed: tuple[str, ...]
    missing: tuple[str, ...]


def survey(root: str) -> Survey:
    """Look at everything; what comes or goes meanwhile is left out.

    Raises: SpoolError if there is no root.
    """
    closed: list[str] = []
    try:
        facts = os.stat(root)
    except OSError as error:
        raise cannot("look at", root, error) from error
    found = [_found("", ROOT, facts)]
    for item in _below(root, "", closed):
        found.append(item)
        if len(found) >= _MOST:
            closed.append("the rest: too much to look at")
            break
    there = {item.path for item in found}
    wanted = [f"{path}/" for path, _ in tree.DIRECTORIES] if not closed else []
    return Survey(
        found=tuple(found),
        closed=tuple(closed),
        missing=tuple(path for path in wanted if path not in there),
    )


def lock_holder(root: str) -> int | None:
    """The pid of the dispatcher that holds the lock of a root; None: nobody does.

    Raises: SpoolError if the caller may not know.
    """
    folder = Folder.open_root(DISK, os.path.realpath(tree.lock_dir(root)))
    try:
        if not is_locked(folder, GLOBAL_LOCK):
            return None
        pid = pid_in(folder.read(GLOBAL_LOCK, 64))
        if pid is None:
            raise SpoolError(f"cannot read {folder.where(GLOBAL_LOCK)}: it holds no pid")
        return pid
    finally:
        folder.close()


def _below(root: str, folder: str, closed: list[str]) -> Iterator[Found]:
    try:
        names = sorted(os.listdir(f"{root}/{folder}"))
    except PermissionError:
        closed.append(folder or root)
        return
    except OSError:
        return
    for name in names:
        path = f"{folder}{name}"
        try:
            facts = os.lstat(f"{root}/{path}")
            if path == "lock" and stat.S_ISLNK(facts.st_mode):  # --lock-dir
                facts = os.stat(f"{root}/{path}")
        except OSError:
            continue
        if stat.S_ISDIR(facts.st_mode):
            path += "/"
        place = _place(path)
        yield _found(path, place, facts)
        # What strangers put into a directory of their own is nobody's business.
        if stat.S_ISDIR(facts.st_mode) and place is not None and place.writer not in UNTENDED:
            yield from _below(root, path, closed)


def _found(path: str, place: Place | None, facts: os.stat_result) -> Found:
    own = _OWN.match(path)
    return Found(
        path=path,
        place=place,
        owner_uid=int(own[1]) if own else None,
        mode=facts.st_mode & _BITS,
        uid=facts.st_uid,
        gid=facts.st_gid,
        is_link=stat.S_ISLNK(facts.st_mode),
        is_folder=stat.S_ISDIR(facts.st_mode),
    )


def _place(path: str) -> Place | None:
    """The table is asked once for all paths that differ in numbers only."""
    return _place_of_shape(re.sub(r"[0-9]+", "0", _TOKEN.sub(r"\g<1>0", path)))


@lru_cache(maxsize=4096)
def _place_of_shape(path: str) -> Place | None:
    return place_of(path)
