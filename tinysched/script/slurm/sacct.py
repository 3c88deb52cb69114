"""sacct's command line and variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from tinysched.errors import VerbatimError
from tinysched.job import slurmstates
from tinysched.job.accounting import Accounting, PartName, Style, Window
from tinysched.job.moments import MomentError, Offset, parse_moment
from tinysched.job.quantities import format_time, parse_duration
from tinysched.job.wanted import Wanted
from tinysched.script.slurm.filters import leading_number, words
from tinysched.script.slurm.partnames import fatal, parts, split
from tinysched.script.slurm.sacct_options import BRIEF, LONG, SACCT, USUAL

NAME = "sacct"
# They pass, and nothing is ever on record in one of them.
_UNACCOUNTED = frozenset({"COMPLETING", "CONFIGURING", "SPECIAL_EXIT", "STAGE_OUT", "SIGNALING"})
# As Slurm spells them.
_FLAGS = frozenset({"none", "schedsubmit", "schedmain", "schedbackfill", "startrecieved"})
_UNITS = "KMGTP"
_DAY_S = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, when, with which variables; how to find the numbers of users and groups."""

    uid: int
    variables: Mapping[str, str]
    uid_of: Callable[[str], int | None]
    gid_of: Callable[[str], int | None]
    host: str
    cluster: str
    now: float
    offset_s: Offset


def read(argv: Sequence[str], caller: Caller) -> Accounting:
    """What sacct was asked. Raises: VerbatimError."""
    reader = _Reader(argv, caller)
    asked = reader.accounting()
    return replace(asked, remarks=reader.remarks(asked.window))


def error(words: str) -> str:
    """A line on stderr."""
    return f"sacct: error: {words}\n"


class _Reader:
    """One command line, option by option in the order given."""

    def __init__(self, argv: Sequence[str], caller: Caller) -> None:
        found, rest = split(SACCT, argv, NAME)
        self._caller = caller
        self._given = {option.name: value or "" for option, value in found}
        self._lists: dict[str, frozenset[str]] = {}
        self._parts: tuple[PartName, ...] = ()
        self._uids: frozenset[int] | None = None
        self._is_for_all = self._is_silent = False
        self._gids: frozenset[int] | None = None
        self._states: frozenset[str] | None = None
        self._state_words: list[str] = []
        self._moments: dict[str, float] = {}
        self._ranges: dict[str, tuple[int, int]] = {}
        self._limits: dict[str, int] = {}
        self._columns: list[str] = []
        self._ends = False
        self._delimiter: str | None = None
        for option, value in found:
            self._take(option.name, value or "")
        if rest:
            told = "".join(error(f" {word}") for word in rest)
            raise VerbatimError(error("Unknown arguments:") + told)
        self._check()

    def _take(self, name: str, value: str) -> None:
        takers = {
            "user": self._take_users,
            "uid": self._take_users,
            "gid": self._take_groups,
            "group": self._take_groups,
            "jobs": self._take_parts,
            "state": self._take_states,
            "flags": _check_flags,
        }
        if name in takers:
            takers[name](value)
        elif name in ("starttime", "endtime") and value:
            self._moments[name] = self._moment(value)
        elif name in ("ncpus", "nnodes"):
            self._ranges[name] = _range(value, "cpu" if name == "ncpus" else "node")
        elif name in ("timelimit-min", "timelimit-max"):
            self._limits[name] = _limit(value)
        else:
            self._take_look(name, value)

    def _take_parts(self, value: str) -> None:
        self._parts += parts(value, NAME)

    def _take_look(self, name: str, value: str) -> None:
        if name == "allusers":
            self._is_for_all, self._uids = True, None
        elif name in ("format", "fields"):
            self._columns.append(value)
        elif name in ("parsable", "parsable2"):
            self._ends, self._delimiter = name == "parsable", "|"
        elif name == "units" and (not value or value[0].upper() not in _UNITS):
            told = error(f"Invalid unit type '{value[:1]}'. Possible options are '{_UNITS}'")
            raise VerbatimError(f"{told}sacct: fatal: Invalid unit type\n")
        elif name == "whole-hetjob" and value not in ("", "yes", "no"):
            known = "Valid values: [yes|no]."
            raise VerbatimError(error(f'Invalid --whole-hetjob value "{value}". {known}'))

    def _take_users(self, value: str) -> None:
        if not value:
            self._is_silent = True
        found = set(self._uids or ())
        for word in words(value):
            uid = self._caller.uid_of(word)
            if uid is None:
                raise VerbatimError(error(f"Invalid user id: {word}"))
            found.add(uid)
        self._uids, self._is_for_all = frozenset(found), False

    def _take_groups(self, value: str) -> None:
        found = set(self._gids or ())
        for word in words(value):
            gid = self._caller.gid_of(word)
            if gid is None:
                raise VerbatimError(error(f"Invalid group id: {word}"))
            found.add(gid)
        self._gids = frozenset(found)

    def _take_states(self, value: str) -> None:
        for word in words(value):
            try:
                found = slurmstates.named([word])
            except slurmstates.UnknownStateError:
                raise fatal(NAME, f"unrecognized job state value '{word}'") from None
            if found & _UNACCOUNTED:
                raise fatal(NAME, f"job state {word} is not supported / accounted")
            self._states = (self._states or frozenset()) | found
            self._state_words += found

    def _moment(self, value: str) -> float:
        try:
            moment = parse_moment(value, self._caller.now, self._caller.offset_s, may_be_past=True)
            return float(int(moment))
        except MomentError as mistake:
            raise VerbatimError(
                f"Invalid time specification (pos={mistake.position}): {value}\n"
            ) from None

    def _has(self, name: str) -> bool:
        return name in self._given

    def _check(self) -> None:
        """What is refused, or needs something else beside it."""
        if self._has("long") and (self._has("format") or self._has("fields")):
            raise fatal(
                NAME,
                "Options -o(--format) and -l(--long) are mutually exclusive."
                " Please remove one and retry.",
            )
        if self._has("file"):
            raise VerbatimError(f"{self._given['file']} is not a valid file\n")
        if self._has("completion"):
            raise VerbatimError("Slurm job completion is disabled\n")
        if self._has("yaml"):
            raise VerbatimError(error("--yaml is not supported: use --json"))
        for name, what in (("batch-script", "scripts"), ("env-vars", "environment")):
            if self._has(name) and not self._parts:
                raise fatal(
                    NAME,
                    f"When requesting job {what} you must also request specific jobs"
                    " with the '-j' option.",
                )

    def accounting(self) -> Accounting:
        """All of it."""
        window = self._window()
        return Accounting(
            wanted=self._wanted(),
            window=window,
            style=self._style(),
            parts=self._parts or None,
            states=self._states,
            gids=self._gids,
            constraints=self._list("constraints"),
            cores=self._ranges.get("ncpus"),
            nodes=self._ranges.get("nnodes"),
            limits_s=self._limits_s(),
            flags=self._list("flags"),
            reasons=self._list("reason"),
            duplicates=self._has("duplicates"),
            allocations=self._has("allocations"),
            truncates=self._has("truncate"),
            json=self._has("json"),
            fields=self._has("helpformat"),
            is_nothing=self._is_elsewhere(),
            is_silent=self._is_silent,
            is_of_what_nobody_keeps=self._has("batch-script") or self._has("env-vars"),
        )

    def remarks(self, window: Window) -> str:
        """Which time is meant, for who wants it told."""
        if not self._has("verbose"):
            return ""
        states = ",".join(self._state_words) or "Eligible"
        since, until = self._date(window.since), self._date(window.until)
        return f"sacct: Jobs {states} in the time window from {since} to {until}\n"

    def _date(self, moment: float) -> str:
        if not moment:
            return "Epoch 0"
        offset = timedelta(seconds=self._caller.offset_s(moment))
        return datetime.fromtimestamp(moment, timezone(offset)).strftime("%a %b %d %H:%M:%S %Y")

    def _style(self) -> Style:
        more = [fields for name, fields in (("brief", BRIEF), ("long", LONG)) if self._has(name)]
        columns = ",".join([*self._columns, *more])
        if not self._columns and not more:
            columns = self._caller.variables.get("SACCT_FORMAT") or USUAL
        delimiter = self._delimiter
        if delimiter is not None and self._has("delimiter"):
            delimiter = self._given["delimiter"]
        return Style(
            columns=columns,
            header=not self._has("noheader"),
            delimiter=delimiter,
            ends=self._ends,
            unit=self._given.get("units", "")[:1].upper(),
            keeps_units=self._has("noconvert"),
            time_style=self._caller.variables.get("SLURM_TIME_FORMAT", ""),
        )

    def _list(self, name: str) -> frozenset[str] | None:
        """The names that an option lists: it fits nothing if it lists none."""
        return frozenset(words(self._given[name])) if self._has(name) else None

    def _wanted(self) -> Wanted:
        names, accounts = self._list("name"), self._list("accounts")
        return Wanted(
            uids=self._whose(),
            names=None if names is None else frozenset(name.lower() for name in names),
            folds_names=True,
            partitions=self._list("partition"),
            accounts=None if accounts is None else frozenset(map(str.lower, accounts)),
            qos=self._list("qos"),
            wckeys=self._list("wckeys"),
            hosts=self._list("nodelist"),
        )

    def _whose(self) -> frozenset[int] | None:
        """Who names jobs sees anybody's; so does root."""
        if self._uids is not None:
            return self._uids
        if self._is_for_all or self._parts or not self._caller.uid:
            return None
        return frozenset({self._caller.uid})

    def _is_elsewhere(self) -> bool:
        """Nothing can fit: another cluster is meant, or an association, which there is none of."""
        clusters = set(words(self._given.get("clusters") or self._given.get("cluster") or ""))
        is_here = not clusters or clusters & {"all", self._caller.cluster}
        numbers = words(self._given.get("associations", "0"))
        return not is_here or "0" not in numbers

    def _window(self) -> Window:
        """What is meant depends on what else is given. Source: sacct(1), DEFAULT TIME WINDOW."""
        now = float(int(self._caller.now))
        since, until = self._moments.get("starttime"), self._moments.get("endtime")
        if until is None:
            is_moment = self._states is not None and since is not None
            until = since + 1 if is_moment and since is not None else now
        if since is None:
            since = self._usual_start(now)
        if since > until:
            raise VerbatimError(
                error(
                    f"Start time ({self._clock(since)}) requested is after end time"
                    f" ({self._clock(until)})."
                )
            )
        is_whole = bool(self._parts) and not self._moments
        return Window(since=since, until=until, is_whole=is_whole)

    def _usual_start(self, now: float) -> float:
        if self._parts:
            return 0.0
        if self._states is not None:
            return now
        offset = self._caller.offset_s(now)
        return (now + offset) // _DAY_S * _DAY_S - offset

    def _clock(self, moment: float) -> str:
        return format_time(moment, self._caller.offset_s(moment))

    def _limits_s(self) -> tuple[int, int] | None:
        least = self._limits.get("timelimit-min")
        if least is None:
            return None
        return least, self._limits.get("timelimit-max", least)


def _check_flags(value: str) -> None:
    for word in words(value):
        if word.lower() not in _FLAGS:
            raise VerbatimError(error(f"str_2_job_flags: Invalid job flag {word}"))


def _range(value: str, what: str) -> tuple[int, int]:
    least, dash, most = value.partition("-")
    found = leading_number(least)
    if found is None or (dash and leading_number(most) is None):
        raise VerbatimError(error(f'Invalid numeric value "{value}" for requested {what} range.'))
    return found, (leading_number(most) or found) if dash else found


def _limit(value: str) -> int:
    """Seconds of a limit; told in minutes."""
    try:
        limit_s = parse_duration(value)
    except ValueError:
        limit_s = None
    if limit_s is None:
        raise fatal(NAME, "Invalid time limit specification")
    return -(-limit_s // 60) * 60
