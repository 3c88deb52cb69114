"""squeue's command line and variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tinysched.errors import EXIT_REFUSED, VerbatimError
from tinysched.job import slurmstates
from tinysched.job.listing import Listing, Shape, StepName
from tinysched.job.queries import Selector
from tinysched.job.wanted import Wanted
from tinysched.script.grammar import Option
from tinysched.script.slurm import filters
from tinysched.script.slurm.getopt import split
from tinysched.script.slurm.squeue_options import SQUEUE, USAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, with which variables; and how to find the numbers of users and the host's name."""

    uid: int
    variables: Mapping[str, str]
    uid_of: Callable[[str], int | None]
    host: str


def read(argv: Sequence[str], caller: Caller) -> Listing:
    """What squeue was asked. Raises: VerbatimError."""
    return _Reader(argv, caller).listing()


def error(words: str) -> str:
    """A line on stderr."""
    return f"squeue: error: {words}\n"


class _Reader:
    """One command line; the last one of each option counts."""

    def __init__(self, argv: Sequence[str], caller: Caller) -> None:
        found, rest = split(SQUEUE, argv, "squeue", exit_code=EXIT_REFUSED)
        self._caller = caller
        self._given = {option.name: value for option, value in found}
        self._complaints = ""
        self._users = _last_of(found, "user", "me")
        for name in ("jobs", "steps"):  # their values may stand apart
            if self._has(name) and self._given[name] is None and rest:
                self._given[name] = rest.pop(0)
        if rest:
            raise VerbatimError(error(f"Unrecognized option: {rest[0]}"), out=USAGE)
        self._check_pause()
        if self._has("yaml"):
            raise VerbatimError(error("--yaml is not supported: use --json"))

    def _check_pause(self) -> None:
        """Who asks again and again is the client's affair; a pause of nothing is a mistake."""
        pause = self._given.get("iterate")
        if pause is not None and not filters.leading_number(pause):
            raise VerbatimError(error(f"--iterate={pause}\n"))

    def listing(self) -> Listing:
        """All of it."""
        letters, words = self._formats()
        shape = self._shape()
        steps = self._steps()
        return Listing(
            wanted=self._wanted(),
            shape=shape,
            letters=letters,
            words=words,
            header=not self._has("noheader"),
            is_dated=(self._has("long") or self._has("iterate")) and not self._has("noheader"),
            every_task=self._has("array") or "SQUEUE_ARRAY" in self._caller.variables,
            every_partition=self._has("priority") or "SQUEUE_PRIORITY" in self._caller.variables,
            sort=self._text("sort"),
            steps=steps,
            json=self._has("json"),
            complaints=self._complaints,
            time_style=self._caller.variables.get("SLURM_TIME_FORMAT", ""),
            task_list_cut=_whole(self._caller.variables.get("SLURM_BITSTR_LEN")),
            keeps_units=self._has("noconvert"),
        )

    def _has(self, name: str) -> bool:
        return name in self._given

    def _text(self, name: str) -> str | None:
        """The value of an option, or of the variable that stands for it."""
        if name in self._given:
            return self._given[name]
        variable = next(option.variable for option in SQUEUE if option.name == name)
        return self._caller.variables.get(variable)

    def _formats(self) -> tuple[str | None, str | None]:
        letters, words = self._given.get("format"), self._given.get("Format")
        if letters is not None and words is not None:
            raise VerbatimError(error("-o (--format) is incompatible with -O (--Format)"))
        if letters is not None and self._has("long"):
            raise VerbatimError(
                "squeue: fatal: Options -o(--format) and -l(--long) are mutually exclusive."
                " Please remove one and retry.\n"
            )
        if words is not None or letters is not None or self._shape() is not Shape.SHORT:
            return letters, words
        variables = self._caller.variables
        letters = variables.get("SQUEUE_FORMAT")
        return letters, variables.get("SQUEUE_FORMAT2") if letters is None else None

    def _shape(self) -> Shape:
        if self._has("steps"):
            return Shape.STEPS
        if self._has("start"):
            return Shape.START
        return Shape.LONG if self._has("long") else Shape.SHORT

    def _wanted(self) -> Wanted:
        names = filters.names(self._text("name"))
        return Wanted(
            selectors=self._jobs(),
            uids=self._uids(),
            states=self._states(),
            names=None if names is None else frozenset(name.lower() for name in names),
            folds_names=True,
            partitions=filters.names(self._text("partition")),
            accounts=filters.names(self._text("account")),
            qos=filters.names(self._text("qos")),
            reservations=filters.names(self._given.get("reservation")),
            licenses=filters.names(self._text("licenses")),
            hosts=self._hosts(),
        )

    def _states(self) -> frozenset[str] | None:
        text = self._text("states")
        if self._shape() is Shape.START:
            return frozenset({slurmstates.PENDING})
        if text is not None and text.lower() == "all":
            return None
        if text is None or not filters.words(text):
            return slurmstates.OPEN
        try:
            return filters.states(text)
        except slurmstates.UnknownStateError as word:
            known = ",".join(slurmstates.SHORT)
            raise VerbatimError(
                error(f"Invalid job state specified: {word}")
                + error(f"Valid job states include: {known}\n")
            ) from None

    def _jobs(self) -> tuple[Selector, ...] | None:
        text = self._given.get("jobs")
        if not text or (self._has("steps") and self._given.get("steps") == text):
            return None
        try:
            return filters.jobs(text) or None
        except filters.InvalidIdError as word:
            raise VerbatimError(error(f"Invalid job id: {word}")) from None

    def _steps(self) -> tuple[StepName, ...] | None:
        return tuple(map(_step, filters.words(self._given.get("steps") or ""))) or None

    def _uids(self) -> frozenset[int] | None:
        if self._users == "me":
            return frozenset({self._caller.uid})
        text = self._text("user")
        if not text:
            return None
        uids, strangers = filters.users(text, self._caller.uid_of)
        for name in strangers:
            self._complaints += error(f"Invalid user: {name}\n")
        return uids

    def _hosts(self) -> frozenset[str] | None:
        hosts = filters.names(self._given.get("nodelist"))
        for host in sorted(hosts or ()):
            if host not in (self._caller.host, "localhost"):
                raise VerbatimError(error(f"Invalid node name {host}"))
        return hosts


def _last_of(found: Sequence[tuple[Option, str | None]], *names: str) -> str:
    """Which of some options was given last."""
    return next((option.name for option, _ in reversed(found) if option.name in names), "")


def _step(word: str) -> StepName:
    job, dot, step = word.partition(".")
    try:
        [selector] = filters.jobs(job)
    except ValueError:
        raise VerbatimError(error(f"Invalid job_step id: {word}{'' if dot else '.??'}")) from None
    return StepName(selector=selector, step=step)


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else None
