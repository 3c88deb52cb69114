"""Command lines of the small commands: whom they mean and what is to happen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tinysched.errors import UsageError
from tinysched.job.queries import (
    CancelQuery,
    ControlQuery,
    Filter,
    OutQuery,
    PurgeQuery,
    QueueQuery,
    Selector,
)
from tinysched.job.signals import Reach, number_of
from tinysched.job.states import MEANINGS
from tinysched.script.grammar import Option, cure, has, shown, split, values
from tinysched.script.jobnames import check_length, check_steps, selectors, whole
from tinysched.script.options import TSCANCEL, TSCONTROL, TSOUT, TSPURGE, TSQUEUE

VERBS = ("hold", "release", "requeue", "show")

_SHORT_STATES = {
    "PD": "PENDING",
    "R": "RUNNING",
    "S": "SUSPENDED",
    "CG": "COMPLETING",
    "CD": "COMPLETED",
    "F": "FAILED",
    "CA": "CANCELLED",
    "TO": "TIMEOUT",
    "OOM": "OUT_OF_MEMORY",
    "NF": "NODE_FAIL",
    "DL": "DEADLINE",
}
_ALL = "ALL"
_UNFINISHED = ("PENDING", "RUNNING", "SUSPENDED", "COMPLETING")
_MOST_JOBS = 100_000

_Found = list[tuple[Option, str | None]]
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    _T = TypeVar("_T")


def queue(argv: Sequence[str], *, me: str) -> QueueQuery:
    """What `tsqueue` was asked; `me` is the caller's name. Raises: UsageError."""
    command = "tsqueue"
    found, rest = split(TSQUEUE, argv, command)
    if rest:
        raise _wrong(command, f"{shown(rest[0])} is no option; name jobs with --jobs=42,43")
    states = _states(found, "states", (*MEANINGS, _ALL), command)
    everything = has(found, "all")
    if states is not None and _ALL in states:
        states, everything = None, True
    return QueueQuery(
        filter=Filter(
            selectors=_jobs(found, command),
            users=_users(found, me, command),
            states=states,
            names=_words(found, "name", command),
        ),
        everything=everything,
        one_line_a_task=has(found, "array"),
        json=has(found, "json"),
        header=not has(found, "noheader"),
    )


def cancel(argv: Sequence[str], *, me: str) -> CancelQuery:
    """What `tscancel` was told; `me` is the caller's name. Raises: UsageError."""
    command = "tscancel"
    found, rest = split(TSCANCEL, argv, command)
    wanted = Filter(
        selectors=ids(rest, command) if rest else None,
        users=_users(found, me, command),
        states=_states(found, "state", _UNFINISHED, command),
        names=_words(found, "name", command),
    )
    if wanted == Filter():
        raise _wrong(command, "neither a job nor a filter is given")
    signals = _each(found, "signal", lambda text: (number_of(text),), command)
    for name in ("batch", "full"):
        if has(found, name) and not signals:
            raise _wrong(command, f"--{name} needs a --signal")
    if has(found, "batch") and has(found, "full"):
        raise _wrong(command, "--batch and --full exclude each other")
    return CancelQuery(
        filter=wanted,
        signal=signals[-1] if signals else None,
        reach=Reach.SCRIPT if has(found, "batch") else Reach.ALL,
        quiet=has(found, "quiet"),
        verbose=has(found, "verbose"),
    )


def control(argv: Sequence[str]) -> ControlQuery:
    """What `tscontrol` was told. Raises: UsageError."""
    command = "tscontrol"
    found, rest = split(TSCONTROL, argv, command)
    verb, words = (rest[0], rest[1:]) if rest else ("", [])
    if verb not in VERBS:
        raise _wrong(command, f"expected one of {', '.join(VERBS)}, not {shown(verb) or 'nothing'}")
    if verb == "show":
        if words[:1] != ["job"]:
            raise _wrong(command, "only jobs can be shown: show job 42")
        words = words[1:]
    elif has(found, "json"):
        raise _wrong(command, f"--json goes with show, not with {verb}")
    if not words:
        raise _wrong(command, f"{verb} needs the number of a job")
    return ControlQuery(verb=verb, selectors=ids(words, command), json=has(found, "json"))


def out(argv: Sequence[str]) -> OutQuery:
    """What `tsout` was asked; how it shows the files is its own affair. Raises: UsageError."""
    command = "tsout"
    _, rest = split(TSOUT, argv, command)
    if not rest:
        raise _wrong(command, "no job is given")
    return OutQuery(selectors=ids(rest, command))


def purge(argv: Sequence[str]) -> PurgeQuery:
    """What `tspurge` was told. Raises: UsageError."""
    command = "tspurge"
    found, rest = split(TSPURGE, argv, command)
    if rest:
        raise _wrong(command, f"{shown(rest[0])} is no option")
    keep = _each(found, "keep-last", lambda text: (whole(text),), command)
    days = _each(found, "age-days", lambda text: (_days(text),), command)
    if keep is None and days is None:
        raise _wrong(command, "give --keep-last or --age-days or both")
    return PurgeQuery(
        keep_last=keep[-1] if keep else None,
        age_days=days[-1] if days else None,
        dry_run=has(found, "dry-run"),
    )


def ids(words: Sequence[str], command: str) -> tuple[Selector, ...]:
    """The jobs and tasks that the words of a command line name. Raises: UsageError."""
    named: list[Selector] = []
    try:
        check_length(words)
    except ValueError as why:
        raise _wrong(command, str(why)) from None
    for word in words:
        try:
            named.extend(selectors(word))
        except ValueError as why:
            raise _wrong(command, f"{shown(word)} is no job: {why}") from None
        if len(named) > _MOST_JOBS:
            raise _wrong(command, f"more than {_MOST_JOBS} jobs are named")
    return _checked(named, command)


def _jobs(found: _Found, command: str) -> tuple[Selector, ...] | None:
    try:
        check_length(values(found, "jobs") or ())
    except ValueError as why:
        raise _wrong(command, str(why)) from None
    named = _each(found, "jobs", selectors, command)
    return None if named is None else _checked(named, command)


def _checked(named: Sequence[Selector], command: str) -> tuple[Selector, ...]:
    try:
        check_steps(named)
    except ValueError as why:
        raise _wrong(command, str(why)) from None
    return tuple(named)


def _each(
    found: _Found, name: str, read: Callable[[str], Iterable[_T]], command: str
) -> tuple[_T, ...] | None:
    """What all values of an option stand for together; None when it was not given."""
    given = values(found, name)
    if not given:
        return None
    read_values: list[_T] = []
    for value in given:
        try:
            read_values.extend(read(value))
        except ValueError as why:
            raise UsageError(f"cannot read --{name}={shown(value)}: {why}", cure(command)) from None
    return tuple(read_values)


def _words(found: _Found, name: str, command: str) -> frozenset[str] | None:
    words = _each(found, name, _list, command)
    return None if words is None else frozenset(words)


def _users(found: _Found, me: str, command: str) -> frozenset[str] | None:
    users = _words(found, "user", command)
    if not has(found, "me"):
        return users
    return frozenset({me}) if users is None else users & {me}


def _states(
    found: _Found, name: str, allowed: Sequence[str], command: str
) -> frozenset[str] | None:
    """The states named, under their long names; None when the option was not given."""
    states = _each(
        found, name, lambda text: [_state(word, allowed) for word in _list(text)], command
    )
    return None if states is None else frozenset(states)


def _state(word: str, allowed: Sequence[str]) -> str:
    name = word.upper()
    name = _SHORT_STATES.get(name, name)
    if name not in allowed:
        raise ValueError(f"expected some of {', '.join(allowed)}")
    return name


def _list(text: str) -> list[str]:
    words = text.split(",")
    if not all(words):
        raise ValueError("expected names with commas between them")
    return words


def _days(text: str) -> float:
    days_text, dot, part = text.partition(".")
    try:
        days = float(whole(days_text))
        return days + whole(part) / 10 ** len(part) if dot else days
    except ValueError:
        raise ValueError("expected a number of days such as 14 or 0.5") from None


def _wrong(command: str, why: str) -> UsageError:
    return UsageError(f"cannot read the command line: {why}", cure(command))
