"""Puts a root in order before it is used: its directories, their modes, what a crash left."""

from __future__ import annotations

import posix
import stat
from collections.abc import Iterable

from tinysched.errors import SpoolError
from tinysched.spool import tree
from tinysched.spool.atomic import Folder

_BITS = 0o7777
_MOST_EVICTED = 1000


def prepare(root: Folder) -> bool:
    """Make what is missing and close what stands too open; true if the root is not yet ours.

    An admin may make modes tighter: they are kept. Raises: SpoolError, for another's directory
    and for a format of a newer release, too.
    """
    _check_format(root)
    _tighten(root, tree.ROOT_MODE)
    for path, mode in tree.DIRECTORIES:
        parent_path, _, name = path.rpartition("/")
        parent = root.open_below(parent_path) if parent_path else root
        try:
            folder = parent.make_below(name, mode, posix.geteuid())
            _tighten(folder, mode)
            folder.close()
        finally:
            if parent is not root:
                parent.close()
    state = root.open_below("state")
    try:
        return state.status(tree.FORMAT_FILE) is None
    finally:
        state.close()


def _check_format(root: Folder) -> None:
    state = root.find_below("state")
    if state is None:
        return
    path = state.where(tree.FORMAT_FILE)
    cure = f"if no newer release has written this queue: rm -rf '{path}'; then start again"
    try:
        raw = state.read(tree.FORMAT_FILE, 64)
    except SpoolError as error:
        raise SpoolError(error.sentence, cure) from error
    finally:
        state.close()
    text = (b"0" if raw is None else raw).strip()
    if not text.isdigit():
        raise SpoolError(f"cannot use {root.path}: {path} holds no number", cure)
    if int(text) > tree.JOURNALLED:
        raise SpoolError(
            f"cannot use {root.path}: its format is {int(text)}, "
            f"this release reads up to {tree.JOURNALLED}",
            "install the newer release again",
        )


def _tighten(folder: Folder, mode: int) -> None:
    """Take away what is too much, and set the bits that hand the group on."""
    found = posix.fstat(folder.fd).st_mode & _BITS
    wanted = (found & mode) | (mode & ~0o777) | 0o700
    if found != wanted:
        folder.set_mode(wanted)


def empty_temps(temps: Folder) -> None:
    """Remove what writers that were killed left behind."""
    for name in temps.names():
        temps.drop_folder(name)


def put_aside(source: Folder, quarantine: Folder, name: str, prefix: str = "") -> str:
    """Move a file that cannot be read where it harms nobody; its new name, '': it stays."""
    for count in range(1, 1000):
        target = f"{prefix}{name}.{count}"
        try:
            if quarantine.status(target) is None:
                quarantine.take(target, source, name)
                return target
        except SpoolError:
            return ""
    return ""


def clear_way(root: Folder, state: Folder, names: Iterable[str]) -> list[str]:
    """Set aside what lies in the place of files of `state` and cannot be renamed over.

    Returns a sentence about each. Raises: SpoolError.
    """
    notes = []
    for name in names:
        found = state.status(name)
        if found is None or stat.S_ISREG(found.st_mode):
            continue
        quarantine = root.open_below(f"queue/{tree.QUARANTINE}")
        try:
            moved = put_aside(state, quarantine, name)
        finally:
            quarantine.close()
        where = f"moved to queue/{tree.QUARANTINE}/{moved}" if moved else "it stays"
        notes.append(f"cannot use {state.where(name)}: it is no regular file; {where}")
    return notes


def evict_squatters(users: Folder) -> list[str]:
    """Rename what sits where a user's own directory belongs, and is another's.

    However much lies there, no call takes long: the rest is for the next one. Returns a sentence
    about each.
    """
    sentences: list[str] = []
    names = users.names()
    taken = set(names)
    for name in names:
        uid = name[1:]
        if not name.startswith("u") or not (uid.isascii() and uid.isdigit() and len(uid) < 11):
            continue
        status = users.status(name)
        if status is None or status.st_uid == int(uid):
            continue
        aside = _free_name(f"squatted.{name}", taken)
        users.take(aside, users, name)
        taken.add(aside)
        sentences.append(f"moved {users.where(name)} of uid {status.st_uid} out of the way")
        if len(sentences) >= _MOST_EVICTED:
            break
    return sentences


def _free_name(stem: str, taken: set[str]) -> str:
    """A name nobody has: by chance, so that nobody can take all of them before."""
    while True:
        name = f"{stem}.{int.from_bytes(posix.urandom(6), 'big')}"
        if name not in taken:
            return name
