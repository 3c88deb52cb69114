"""sinfo's command line and variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinysched.errors import EXIT_REFUSED, VerbatimError
from tinysched.job.nodelisting import NodeListing, View
from tinysched.script.slurm import filters, hostlist
from tinysched.script.slurm.getopt import split
from tinysched.script.slurm.sinfo_options import SINFO

# In the order in which Slurm names them to whoever asks for another one.
_STATES = (
    *("unknown", "down", "idle", "allocated", "?", "mixed", "future", "drain", "drained"),
    *("draining", "no_respond", "reserved", "perfctrs", "cloud", "completing", "powering_down"),
    *("powered_down", "power_down", "powering_up", "fail", "maint", "reboot", "reboot^"),
    "unknown",
)
# Other names that they go by.
_OTHER_STATES = {
    "mix": "mixed",
    "futr": "future",
    "drng": "draining",
    "resv": "reserved",
    "npc": "perfctrs",
    "planned": "planned",
    "plnd": "planned",
}
_CONFLICT = "Conflicting options, {} and {}, specified. Please choose one or the other."


def read(argv: Sequence[str], variables: Mapping[str, str]) -> NodeListing:
    """What sinfo was asked. Raises: VerbatimError."""
    return _Reader(argv, variables).listing()


def error(words: str) -> str:
    """A line on stderr."""
    return f"sinfo: error: {words}\n"


class _Reader:
    """One command line; the last one of each option counts. Words that are no options do not."""

    def __init__(self, argv: Sequence[str], variables: Mapping[str, str]) -> None:
        found, _ = split(SINFO, argv, "sinfo", exit_code=EXIT_REFUSED)
        self._variables = variables
        self._given = {option.name: value for option, value in found}
        pause = self._given.get("iterate")
        if pause is not None and not filters.leading_number(pause):
            raise VerbatimError(error(f"Error: invalid entry for --iterate={pause}"))
        if self._has("yaml"):
            raise VerbatimError(error("--yaml is not supported: use --json"))
        if self._has("long") and (self._has("format") or self._has("Format")):
            raise VerbatimError(
                "sinfo: fatal: Options -o(--format) and -l(--long) are mutually exclusive."
                " Please remove one and retry.\n"
            )

    def listing(self) -> NodeListing:
        """All of it."""
        view = self._view()
        words = self._given.get("Format")
        has_header = not self._has("noheader")
        return NodeListing(
            view=view,
            is_long=self._has("long"),
            letters=self._letters(view) if words is None else None,
            words=words,
            header=has_header,
            is_dated=has_header and (self._has("long") or self._has("iterate")),
            sort=self._given.get("sort", self._variables.get("SINFO_SORT")) or "",
            states=self._states(),
            partitions=self._partitions(),
            hosts=self._hosts(),
            is_dead=self._has("dead"),
            has_reason=self._has("list-reasons"),
            reservations=self._has("reservation"),
            clusters=self._given.get("clusters"),
            json=self._has("json"),
            time_style=self._variables.get("SLURM_TIME_FORMAT", ""),
        )

    def _has(self, name: str) -> bool:
        return name in self._given

    def _view(self) -> View:
        if self._has("summarize"):
            return View.SUMMARY
        if self._has("Node"):
            return View.NODES
        return View.REASONS if self._has("list-reasons") else View.PARTITIONS

    def _letters(self, view: View) -> str | None:
        letters = self._given.get("format")
        if letters is None and view is View.PARTITIONS:
            return self._variables.get("SINFO_FORMAT")
        return letters

    def _partitions(self) -> frozenset[str] | None:
        if self._has("all") and self._has("partition"):
            raise VerbatimError(error(_CONFLICT.format("-a", "-p")))
        text = self._given.get("partition")
        if text is None and not self._has("all"):
            text = self._variables.get("SINFO_PARTITION")
            if text is not None and "SINFO_ALL" in self._variables:
                raise VerbatimError(error(_CONFLICT.format("SINFO_ALL", "SINFO_PARTITION")))
        return None if text is None else frozenset(filters.words(text))

    def _states(self) -> tuple[frozenset[str], ...] | None:
        text = self._given.get("states")
        if text is None or text.lower() == "all":
            return None
        return tuple(
            frozenset(_state(word) for word in item.split("&")) for item in filters.words(text)
        )

    def _hosts(self) -> frozenset[str] | None:
        text = self._given.get("nodes")
        if text is None:
            return None
        try:
            return frozenset(hostlist.expand(text))
        except ValueError:
            return frozenset()


def _state(word: str) -> str:
    """The full name of a state, which may be cut. Raises: VerbatimError."""
    asked = word.lower()
    if asked in _OTHER_STATES:
        return _OTHER_STATES[asked]
    for name in _STATES:
        if asked and name.startswith(asked):
            return name
    raise VerbatimError(
        error(f'Bad state string: "{word}"') + error(f"valid states: {','.join(_STATES)}")
    )
