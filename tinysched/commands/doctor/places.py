"""Whether everything below the root has the owner, group and mode of the table in docs/spool.md."""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tinysched.commands.doctor.verdict import Verdict, fail, ok, shortened, warn
from tinysched.host.access import AccessList
from tinysched.spool.places import ANYBODY, LINK
from tinysched.spool.survey import Found, Survey

WHAT = "places"
LISTS = "access lists"
_SOCKET = "run/ctl.sock"
MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Whom things must belong to, and how users and groups are called."""

    root: str
    admin_uid: int
    gid: int
    user_name: Callable[[int], str]
    group_name: Callable[[int], str]


def judge(survey: Survey, lists: Sequence[AccessList], books: Books) -> list[Verdict]:
    """Every path that is not as it should be, then those that nobody knows, then the rest."""
    bad = [verdict for found in survey.found if (verdict := _judge_one(found, books))]
    bad += [
        fail(WHAT, f"{books.root}/{path} is not there", "'tsdaemon restart' makes it")
        for path in survey.missing
    ]
    strange = [found for found in survey.found if found.place is None]
    return [
        *shortened(bad),
        *_strangers(strange, books),
        *([] if bad else [_rest(survey)]),
        *_judge_lists(lists, books),
    ]


def _rest(survey: Survey) -> Verdict:
    closed = f"; closed to you: {len(survey.closed)} directories" if survey.closed else ""
    return ok(WHAT, f"{len(survey.found)} looked at have their owner, group and mode{closed}")


def _strangers(strange: Sequence[Found], books: Books) -> list[Verdict]:
    if not strange:
        return []
    names = ", ".join(f"{books.root}/{found.path}" for found in strange[:MOST_NAMED])
    more = f" and {len(strange) - MOST_NAMED} more" if len(strange) > MOST_NAMED else ""
    return [warn(WHAT, f"nothing of the queue's: {names}{more}", "remove it if nobody misses it")]


def _judge_one(found: Found, books: Books) -> Verdict | None:
    """The first thing that is wrong with a path; None: nothing is."""
    path = f"{books.root}/{found.path}".rstrip("/")
    if found.place is not None and found.place.writer == ANYBODY:
        return None
    if found.is_link and (found.place is None or found.place.form != LINK):
        return fail(WHAT, f"{path} is a symbolic link", "remove it, or put back what it replaced")
    return (
        _judge_owner(found, path, books)
        or _judge_rights(found, path)
        or _judge_group(found, path, books)
    )


def _judge_owner(found: Found, path: str, books: Books) -> Verdict | None:
    if found.place is None:
        return None
    wanted = books.admin_uid if found.owner_uid is None else found.owner_uid
    if found.uid == wanted:
        return None
    name = books.user_name(wanted)
    return fail(
        WHAT,
        f"{path} belongs to {books.user_name(found.uid)}, not to {name}",
        f"if its content is right, as root: chown {name} '{path}'; else move it away",
    )


def _judge_rights(found: Found, path: str) -> Verdict | None:
    place = found.place
    if place is None or place.mode is None:
        excess = found.mode & (stat.S_IWGRP | stat.S_IWOTH)
        return _too_open(path, found.mode, found.mode & ~excess) if excess else None
    if found.mode & ~place.mode & 0o777:
        return _too_open(path, found.mode, place.mode)
    lost = place.mode & ~found.mode
    if not found.is_folder:
        lost &= 0o770 if found.path == _SOCKET else 0o700
    if not lost:
        return None
    words = f"{path} has mode {found.mode:04o}, not {place.mode:04o}"
    cure = f"chmod {place.mode:04o} '{path}'"
    if lost & (stat.S_ISVTX | 0o700) or found.path == _SOCKET:
        return fail(WHAT, words, cure)
    return warn(WHAT, f"{words}: the group cannot look", cure)


def _too_open(path: str, mode: int, wanted: int) -> Verdict:
    who = "everybody" if mode & ~wanted & 0o007 else "the group"
    may = "write" if mode & ~wanted & 0o022 else "look into"
    return fail(
        WHAT,
        f"{path} has mode {mode:04o}, not {wanted:04o}: {who} may {may} it",
        f"chmod {wanted:04o} '{path}'",
    )


def _judge_group(found: Found, path: str, books: Books) -> Verdict | None:
    is_shared = found.place is not None and bool((found.place.mode or 0) & found.mode & 0o070)
    if not is_shared or found.owner_uid is not None or found.gid == books.gid:
        return None
    name = books.group_name(books.gid)
    return fail(
        WHAT,
        f"{path} is of group {books.group_name(found.gid)}, not {name}",
        f"chgrp {name} '{path}', then chmod g+s on the directory it is in",
    )


def _judge_lists(lists: Sequence[AccessList], books: Books) -> list[Verdict]:
    """Access lists are the admin's business, unless somebody can write by them."""
    if not lists:
        return [ok(LISTS, "there are none below the root; modes say everything")]
    bad = []
    for found in lists:
        cure = f"setfacl -b '{found.path}'"
        if found.writers:
            who = ", ".join(found.writers)
            bad.append(fail(LISTS, f"{found.path} can be written by {who}", cure))
        elif found.is_default:
            words = f"{found.path} hands on an access list: it outweighs the umask of its users"
            bad.append(warn(LISTS, words, f"setfacl -k '{found.path}'"))
    entries = sorted({entry for found in lists for entry in found.entries})
    names = ", ".join(entries[:MOST_NAMED])
    return shortened(bad) or [ok(LISTS, f"{len(lists)} places let in more: {names}")]
