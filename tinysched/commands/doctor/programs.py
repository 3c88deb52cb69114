"""Whether nobody else can change what everybody runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tinysched.commands.doctor.verdict import Verdict, fail, ok, shortened, warn
from tinysched.host.access import Spot

WHAT = "programs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """What --secure-acl has to have done: nobody outside the group reads what is in `prefix`.

    `admin` '': they own it; else an access list has to let them in: `lists_admin`.
    """

    prefix: str
    admin: str
    lists_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Where commands, environment and root lie. `above`: each of them with its parents.

    `below` is what lies in them. `trusted`: who may own it and write it.
    """

    above: Sequence[Spot]
    below: Sequence[Spot]
    trusted: Collection[int]
    tops: Collection[str]
    secured: Secured | None


def judge(programs: Programs, user_name: Callable[[int], str]) -> list[Verdict]:
    """Whatever somebody else could replace."""
    bad = [
        verdict
        for spot in dict.fromkeys((*programs.above, *programs.below))
        if (verdict := _judge_one(spot, programs, user_name))
    ]
    places = ", ".join(sorted(programs.tops))
    verdicts = shortened(bad) or [ok(WHAT, f"nobody else can write {places}, or what is above")]
    if programs.secured is not None:
        verdicts.append(_judge_secured(programs.secured, programs.below))
    return verdicts


def _judge_secured(secured: Secured, below: Sequence[Spot]) -> Verdict:
    what, cure = "--secure-acl", "run install.py again, with the same --bin-dir"
    still_open = [
        spot.path
        for spot in below
        if spot.mode & 0o007 and spot.path.startswith(f"{secured.prefix}/")
    ]
    if still_open:
        words = f"everybody may look into {len(still_open)} files, such as {still_open[0]}"
        return fail(what, words, cure)
    if secured.admin and not secured.lists_admin:
        words = f"no access list lets {secured.admin} write {secured.prefix}"
        return warn(what, words, f"{cure}; the package acl is needed")
    return ok(what, f"all but the group are shut out of {secured.prefix}")


def _judge_one(spot: Spot, programs: Programs, user_name: Callable[[int], str]) -> Verdict | None:
    if spot.uid not in programs.trusted:
        return fail(
            WHAT,
            f"{spot.path} belongs to {user_name(spot.uid)}, who can run code as everybody",
            "install again in a place that only the admin and root can write",
        )
    # Of others in a sticky directory nobody can rename anything.
    is_guarded = spot.is_sticky and spot.path not in programs.tops
    if not spot.writers or is_guarded:
        return None
    return fail(
        WHAT,
        f"{spot.path} (mode {spot.mode:04o}) can be written by {spot.writers}, who can run code"
        " as everybody",
        f"chmod go-w '{spot.path}'",
    )
