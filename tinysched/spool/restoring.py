"""Puts a queue's state back from a tar file that `backup.py` made; nothing of the present is lost.

The file is not trusted: only names of ours, only plain files, of bounded size. It is unpacked
beside the queue and put in place by renaming, the former queue going aside.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from tinysched.errors import RefusedError, SpoolError
from tinysched.spool import tree
from tinysched.spool.backup import COMPLETE, FORMAT, MANIFEST
from tinysched.spool.disk import cannot
from tinysched.spool.endedlog import LARGEST_LOG
from tinysched.spool.queuefiles import LARGEST_RECORD

MOST_MEMBERS = 20_000_000
_FOLDERS = (*tree.FOLDERS, tree.QUARANTINE, tree.LEGACY)
_SMALL = 1 << 20
_SMALL_STATES = (f"state/{tree.LAST_ID}", f"state/{tree.CLOSED_PLACES}")


@dataclass(slots=True)
class Contents:
    """What a tar file holds, once all of it was looked at."""

    root: str = ""
    made_at: float = 0.0
    last_id: int = 0
    jobs: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came of it. `aside`: where the former queue is, '' if there was none.

    `kept` counts the records of what ran when the queue was replaced: they stay.
    """

    jobs: int
    last_id: int
    aside: str
    kept: int


def inspect(path: str) -> Contents:
    """Look at all of a tar file.

    Raises: SpoolError if it is none of ours, not whole, or holds what it must not.
    """
    found, seen = Contents(), set[str]()
    for tar, member in _members(path):
        if member.name in seen:
            raise _bad(path, f"{member.name!r} is in it twice")
        if COMPLETE in seen or (not seen) != (member.name == MANIFEST):
            raise _bad(path, "it does not begin and end as ours do")
        _check(path, member)
        seen.add(member.name)
        if member.name == MANIFEST:
            _learn(path, found, _content(tar, member))
        elif member.name == f"state/{tree.LAST_ID}":
            found.last_id = max(found.last_id, _number(path, _content(tar, member)))
        elif member.name == COMPLETE and _number(path, _content(tar, member)) != len(seen) - 1:
            raise _bad(path, "something of it is missing")
        _count(found, member.name)
    if COMPLETE not in seen:
        raise _bad(path, "its end is missing")
    return found


def restore(root: str, path: str, now: float, *, force: bool) -> Restored:
    """Replace the queue of a root, whose lock the caller holds, by what a tar file holds.

    Raises: RefusedError if there are jobs now, and no `force`; SpoolError.
    Writes: queue/, state/; config.yaml if there is none.
    """
    found = inspect(path)
    _check_root(root)
    present = {number for number, _ in _present(root)}
    if present and not force:
        newer = len(present - found.jobs)
        raise RefusedError(
            f"cannot restore {path}: the queue in {root} has {len(present)} jobs, {newer} of them"
            " not in that file",
            "--force moves them aside, with all that is in queue/ and state/; what runs is kept",
        )
    last_id = max([found.last_id, _stored_id(root), *present, *found.jobs])
    staged = _free(f"{root}/restored.{int(now)}")
    try:
        _unpack(path, staged)
        kept = _keep_running(root, staged)
        _write(f"{staged}/state/{tree.LAST_ID}", b"%d\n" % last_id, tree.OPEN_FILE_MODE)
        _write(f"{staged}/state/{tree.FORMAT_FILE}", b"%d\n" % tree.FORMAT, tree.OPEN_FILE_MODE)
        os.sync()  # all of it is on the disk before anything moves
        aside = _exchange(root, staged, int(now))
    except OSError as error:
        shutil.rmtree(staged, ignore_errors=True)
        raise cannot("restore", path, error) from error
    return Restored(jobs=len(found.jobs), last_id=last_id, aside=aside, kept=kept)


def _members(path: str) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    try:
        with tarfile.open(path, mode="r|") as tar:
            for count, member in enumerate(tar):
                if count >= MOST_MEMBERS:
                    raise _bad(path, "it holds too much")
                yield tar, member
    except (OSError, EOFError, tarfile.TarError, ValueError) as error:
        raise _bad(path, str(error)) from error


def _check(path: str, member: tarfile.TarInfo) -> None:
    """Raises: SpoolError for whatever `backup.py` would not have written."""
    if not member.isreg() or member.issparse():
        raise _bad(path, f"{member.name!r} is no plain file")
    limit = _limit(member.name)
    if limit is None:
        raise _bad(path, f"{member.name!r} is no name of ours")
    if not 0 <= member.size <= limit:
        raise _bad(path, f"{member.name!r} is larger than {limit} bytes")


def _limit(name: str) -> int | None:
    """How large a member of that name may be; None: none may have it."""
    top, *rest = name.split("/")
    if name in (MANIFEST, COMPLETE, "config.yaml", *_SMALL_STATES):
        return _SMALL
    if name == f"state/{tree.ENDED_LOG}":
        return LARGEST_LOG
    if top != "queue" or len(rest) != 2 or rest[0] not in _FOLDERS:
        return None
    if rest[0] in tree.FOLDERS and tree.read_name(rest[1]) is None:
        return None
    is_plain = rest[1] not in ("", ".", "..") and "\0" not in rest[1] and len(rest[1]) < 200
    return LARGEST_RECORD if is_plain else None


def _learn(path: str, found: Contents, raw: bytes) -> None:
    try:
        told = json.loads(raw)
        formats = int(told["format"]), int(told["spool_format"])
        found.root, found.made_at = str(told["root"]), float(told["made_at"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _bad(path, "its head cannot be read") from error
    if formats[0] > FORMAT or formats[1] > tree.FORMAT:
        raise SpoolError(
            f"cannot restore {path}: a newer release made it", "restore it with that release"
        )


def _count(found: Contents, name: str) -> None:
    folder, _, last = name.rpartition("/")
    parts = tree.read_name(last)
    if parts is not None and folder.removeprefix("queue/") in tree.FOLDERS:
        found.jobs.add(parts[0])


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return b"" if file is None else file.read()


def _number(path: str, raw: bytes) -> int:
    text = raw.strip()
    if not text.isdigit() or len(text) > 18:
        raise _bad(path, f"{text[:20]!r} is no number")
    return int(text)


def _bad(path: str, why: str) -> SpoolError:
    return SpoolError(f"cannot restore {path}: {why}", "is it a file of 'tsctl backup'?")


def _check_root(root: str) -> None:
    """Raises: SpoolError if a newer release owns it, or it is not ours."""
    with suppress(FileNotFoundError), open(f"{root}/state/{tree.FORMAT_FILE}", "rb") as file:
        text = file.read(64).strip()
        if text.isdigit() and int(text) > tree.JOURNALLED:
            raise SpoolError(f"cannot restore into {root}: a newer release has written it")


def _present(root: str) -> Iterator[tuple[int, str]]:
    """The jobs that have a record now, and where."""
    for folder in tree.FOLDERS:
        with suppress(OSError):
            for name in os.listdir(f"{root}/queue/{folder}"):
                parts = tree.read_name(name)
                if parts is not None and parts[2] == tree.META:
                    yield parts[0], f"queue/{folder}/{name}"


def _stored_id(root: str) -> int:
    try:
        with open(f"{root}/state/{tree.LAST_ID}", "rb") as file:
            text = file.read(64).strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() and len(text) <= 18 else 0


def _unpack(path: str, staged: str) -> None:
    os.mkdir(staged, 0o700)
    for folder in ("state", "queue", *(f"queue/{name}" for name in _FOLDERS)):
        os.mkdir(f"{staged}/{folder}", 0o700)
        os.chmod(f"{staged}/{folder}", tree.OPEN_DIR_MODE)
    for tar, member in _members(path):
        _check(path, member)  # nobody says that it is the file that was looked at
        if member.name not in (MANIFEST, COMPLETE):
            is_closed = member.name.endswith(f".{tree.SCRIPT}") or not member.mode & 0o040
            mode = tree.CLOSED_FILE_MODE if is_closed else tree.OPEN_FILE_MODE
            _write(f"{staged}/{member.name}", _content(tar, member), mode)


def _keep_running(root: str, staged: str) -> int:
    """What runs now goes on, and has to be known: its records, with those of its arrays, stay.

    Of a record that is in the file as well, the higher revision counts at the next start.
    """
    running = {number for number, path in _present(root) if path.startswith("queue/running/")}
    kept = 0
    for number, path in _present(root):
        if number not in running or path.split("/")[1] not in (tree.PENDING, tree.RUNNING):
            continue
        with suppress(FileNotFoundError):
            os.unlink(f"{staged}/{path}")
        os.link(f"{root}/{path}", f"{staged}/{path}")
        kept += 1
        script = f"{path.rpartition('/')[0]}/{tree.script_name(number)}"
        if os.path.exists(f"{root}/{script}") and not os.path.exists(f"{staged}/{script}"):
            os.link(f"{root}/{script}", f"{staged}/{script}")
    return kept


def _free(stem: str) -> str:
    return next(name for n in range(1000) if not os.path.lexists(name := f"{stem}.{n}"))


def _write(path: str, content: bytes, mode: int) -> None:
    flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, 0o600), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)


def _exchange(root: str, staged: str, now: int) -> str:
    """Former queue aside, new one in. A kill in between leaves both whole, and ids in state/."""
    aside = ""
    if os.path.exists(f"{root}/queue") or os.path.exists(f"{root}/state"):
        aside = _free(f"{root}/former.{now}")
        os.mkdir(aside, 0o700)
    for name in ("queue", "state"):
        with suppress(FileNotFoundError):
            if aside:
                os.rename(f"{root}/{name}", f"{aside}/{name}")
        os.rename(f"{staged}/{name}", f"{root}/{name}")
    if os.path.exists(f"{staged}/config.yaml") and not os.path.lexists(f"{root}/config.yaml"):
        os.rename(f"{staged}/config.yaml", f"{root}/config.yaml")
    with suppress(OSError):
        os.unlink(f"{staged}/config.yaml")
        os.rmdir(staged)
    with suppress(OSError):
        os.rmdir(staged)
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return aside
