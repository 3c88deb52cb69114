"""scancel's command line and variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tinysched.errors import EXIT_REFUSED, VerbatimError
from tinysched.job import slurmstates
from tinysched.job.cancelling import Cancelling, Victim
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.job.signals import Reach, number_of
from tinysched.job.wanted import Wanted
from tinysched.script.jobnames import check_length
from tinysched.script.slurm import filters
from tinysched.script.slurm.getopt import split
from tinysched.script.slurm.scancel_options import SCANCEL

_KILL = 9
_MOST_TASKS = 65536
_STATES = "Valid job states are PENDING, RUNNING, and SUSPENDED\n"
_FLAGS = ("batch", "full", "interactive", "verbose")
# In the order in which Slurm tells them, under its own names.
_FILTERS = {
    "account": "account",
    "name": "job_name",
    "nodelist": "nodelist",
    "partition": "partition",
    "qos": "qos",
    "reservation": "reservation",
    "state": "state",
    "user": "user_name",
    "wckey": "wckey",
}


def error(words: str) -> str:
    """A line on stderr."""
    return f"scancel: error: {words}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who orders, with which variables; and how to find the number of a user."""

    uid: int
    variables: Mapping[str, str]
    uid_of: Callable[[str], int | None]


def read(argv: Sequence[str], caller: Caller) -> Cancelling:
    """What scancel was told. Raises: VerbatimError."""
    return _Reader(argv, caller).order()


class _Reader:
    """One command line; the last one of each option counts."""

    def __init__(self, argv: Sequence[str], caller: Caller) -> None:
        found, self._words = split(SCANCEL, argv, "scancel", exit_code=EXIT_REFUSED)
        self._caller = caller
        self._complaints = ""
        variables = {
            option.name: caller.variables[option.variable]
            for option in SCANCEL
            if option.variable in caller.variables and option.placeholder
        }
        self._given: dict[str, str] = {**variables}
        self._flags = {name for name in _FLAGS if self._is_set(name)}
        self._state_came_as_variable = "state" in variables
        self._is_me = False
        for option, value in found:
            self._take(option.name, value)

    def _take(self, name: str, value: str | None) -> None:
        if name in ("me", "user"):
            self._is_me = name == "me"
        if name == "me":
            self._given["user"] = str(self._caller.uid)
        elif value is None:
            self._flags.add(name)
        else:
            self._given[name] = value
            self._state_came_as_variable &= name != "state"

    def order(self) -> Cancelling:
        """All of it."""
        signal = self._signal()
        wanted = self._wanted()
        victims = self._victims()
        filters_given = tuple(
            f"{shown}={self._shown(name)}"
            for name, shown in _FILTERS.items()
            if name in self._given
        )
        if not victims and not filters_given:
            raise VerbatimError(self._complaints + error("No job identification provided"))
        is_batch = "batch" in self._flags
        is_kill = signal in (None, _KILL)
        return Cancelling(
            victims=victims,
            wanted=wanted,
            filters=filters_given,
            signal=signal,
            ends=is_kill and not is_batch,
            reach=self._reach(signal),
            is_full="full" in self._flags,
            is_interactive="interactive" in self._flags,
            is_verbose="verbose" in self._flags,
            complaints=self._complaints,
        )

    def _reach(self, signal: int | None) -> Reach:
        if "batch" in self._flags:
            return Reach.SCRIPT
        if "full" in self._flags or signal is None or signal == _KILL:
            return Reach.ALL
        return Reach.STEPS

    def _is_set(self, name: str) -> bool:
        """Whether a variable says that a flag is meant."""
        variable = next(option.variable for option in SCANCEL if option.name == name)
        value = self._caller.variables.get(variable)
        if value is not None and value[:1].lower() not in ("t", "f"):
            self._complaints += error(f"Unrecognized {variable} value: {value}")
        return value is not None and value[:1].lower() == "t"

    def _signal(self) -> int | None:
        text = self._given.get("signal")
        if text is None:
            return None
        try:
            number = number_of(text)
        except ValueError:
            number = 0
        if not number:
            raise VerbatimError(f"Unknown job signal: {text}\n")
        return number

    def _shown(self, name: str) -> str:
        if name == "state":
            return next(iter(self._states() or ("",)))
        return self._given[name]

    def _wanted(self) -> Wanted:
        return Wanted(
            uids=self._uids(),
            states=self._states(),
            names=self._one("name"),
            partitions=self._one("partition"),
            whole_partitions=True,
            accounts=self._one("account"),
            qos=self._one("qos"),
            reservations=self._one("reservation"),
            wckeys=self._one("wckey"),
            hosts=self._one("nodelist"),
        )

    def _one(self, name: str) -> frozenset[str] | None:
        return frozenset({self._given[name]}) if name in self._given else None

    def _uids(self) -> frozenset[int] | None:
        name = self._given.get("user")
        if name is None:
            return None
        uid = self._caller.uid if self._is_me else self._caller.uid_of(name)
        if uid is None:
            raise VerbatimError(error(f"Invalid user name: {name}"))
        return frozenset({uid})

    def _states(self) -> frozenset[str] | None:
        text = self._given.get("state")
        if text is None:
            return None
        try:
            return slurmstates.named((text,))
        except slurmstates.UnknownStateError:
            words = "Invalid job state specified"
            if self._state_came_as_variable:
                words = "Unrecognized SCANCEL_STATE value"
            raise VerbatimError(f"{words}: {text}\n{_STATES}") from None

    def _victims(self) -> tuple[Victim, ...]:
        found = []
        for word in self._words:
            # A list in brackets has commas of its own.
            parts = [word] if "[" in word or not word else filters.words(word)
            found += [_victim(part) for part in parts]
        try:
            check_length(self._words)
        except ValueError:
            raise VerbatimError(error("Too many tasks are named")) from None
        return tuple(found)


def _victim(word: str) -> Victim:
    """`42`, `42_7`, `42_[2-4,9]`, `42.0`, `42_7.0`. Raises: VerbatimError."""
    job, dot, step = word.lstrip().partition(".")
    number, underscore, tasks = job.partition("_")
    found = _digits(number)
    if not found or (dot and _digits(step) is None):
        raise _invalid(word)
    named = None
    if underscore and tasks != "*":
        named = _bracketed(tasks, word) if tasks.startswith("[") else _single(tasks, word)
    return Victim(
        written=word.strip(),
        selector=Selector(number=found, tasks=named),
        step=_digits(step) if dot else None,
    )


def _single(tasks: str, word: str) -> Ranges:
    task = _digits(tasks)
    if task is None and tasks:
        raise _invalid(word)
    return Ranges() if task is None else Ranges.of((task,))


def _bracketed(tasks: str, word: str) -> Ranges:
    if not tasks.endswith("]"):
        raise _invalid(word)
    spans = []
    for piece in tasks[1:-1].split(","):
        first_text, _, last_text = piece.partition("-")
        first = _digits(first_text)
        last = first if not last_text else _digits(last_text)
        if first is None or last is None or last < first:
            raise _invalid(word, f"Invalid range: `{piece}'")
        if last - first >= _MOST_TASKS:
            raise _invalid(word, f"Too many hosts in range `{piece}'")
        spans.append(f"{first}-{last}" if last > first else str(first))
    return Ranges.parse(",".join(spans))


def _digits(text: str) -> int | None:
    return int(text[:18]) if text.isascii() and text.isdigit() else None


def _invalid(word: str, range_words: str = "") -> VerbatimError:
    before = error(f"_parse_single_range: {range_words}") if range_words else ""
    return VerbatimError(before + error(f"Invalid job id {word}"))
