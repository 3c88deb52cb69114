"""scontrol's command line."""

from __future__ import annotations

from collections.abc import Sequence

from tinysched.errors import EXIT_REFUSED, VerbatimError
from tinysched.job.controlling import Control
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.script import jobnames
from tinysched.script.slurm.getopt import split
from tinysched.script.slurm.scontrol_options import KEYWORDS, SCONTROL

NO_SUCH_JOB = "Invalid job id specified"
# How few and how many words each keyword takes.
_COUNTS = {
    **dict.fromkeys(("hold", "holdu", "uhold", "release", "requeue", "requeuehold"), (1, 1000)),
    **dict.fromkeys(("suspend", "resume", "top"), (1, 1000)),
    **dict.fromkeys(("all", "cluster", "completing", "details", "exit", "help", "hide"), (0, 0)),
    **dict.fromkeys(("oneliner", "ping", "quiet", "quit", "verbose", "version"), (0, 0)),
    "pidinfo": (1, 1),
    "listpids": (0, 2),
    "errnumstr": (1, 1),
    "notify": (2, 1000),
    "reconfigure": (0, 0),
    "show": (1, 2),
    "update": (1, 1000),
    "wait_job": (1, 1),
    "write": (1, 3),
}
# What may be shown, and with how few letters it may be called; of several the first is meant.
_ENTITIES = (
    ("aliases", 1, "aliases"),
    ("assoc_mgr", 2, "assoc_mgr"),
    ("bbstat", 2, "bbstat"),
    ("burstbuffer", 2, "burstbuffer"),
    ("config", 1, "config"),
    ("daemons", 1, "daemons"),
    ("dwstat", 2, "dwstat"),
    ("federations", 1, "federation"),
    ("frontends", 2, "frontend"),
    ("hostlistsorted", 9, "hostlistsorted"),
    ("hostlist", 5, "hostlist"),
    ("hostnames", 5, "hostnames"),
    ("jobs", 1, "job"),
    ("jobid", 1, "job"),
    ("licenses", 2, "license"),
    ("nodes", 1, "node"),
    ("partitions", 1, "partition"),
    ("partitionname", 1, "partition"),
    ("reservations", 1, "reservation"),
    ("reservationname", 1, "reservation"),
    ("slurmd", 2, "slurmd"),
    ("steps", 2, "step"),
    ("topology", 1, "topology"),
)


def read(argv: Sequence[str]) -> Control:
    """What scontrol was told. Raises: VerbatimError."""
    found, rest = split(SCONTROL, argv, "scontrol", exit_code=EXIT_REFUSED)
    given = {option.name: value for option, value in found}
    for option_name, complaint in (
        ("yaml", "--yaml is not supported: use --json"),
        ("uid", "--uid is not supported: everybody is who he is"),
    ):
        if option_name in given:
            raise VerbatimError(f"scontrol: error: {complaint}\n")
    if not rest:
        return Control(keyword="", quiet="quiet" in given)
    keyword, words = _keyword(rest[0]), tuple(rest[1:])
    _check_count(keyword, len(words))
    entity, name = _entity(words) if keyword == "show" else ("", None)
    return Control(
        keyword=keyword,
        words=words,
        entity=entity,
        name=name,
        one_line="oneliner" in given,
        details="details" in given,
        json="json" in given,
        quiet="quiet" in given,
    )


def matches(word: str, name: str, least: int) -> bool:
    """Whether a word means a name that may be cut to so many letters; in any case of letters."""
    return len(word) >= least and name.startswith(word.lower())


def selector(word: str) -> Selector | None:
    """The job or task that `42` or `42_7` names; None: none at all."""
    number, underscore, task = word.partition("_")
    try:
        found = jobnames.whole(number)
        tasks = Ranges.of((jobnames.whole(task or "0"),)) if underscore else None
    except ValueError:
        return None
    return Selector(number=found, tasks=tasks) if found else None


def _keyword(word: str) -> str:
    for name, least, _help in KEYWORDS:
        if matches(word, name, least):
            return "uhold" if name == "holdu" else name
    raise VerbatimError(f"invalid keyword: {word}\n")


def _check_count(keyword: str, count: int) -> None:
    least, most = _COUNTS.get(keyword, (0, 1000))
    if not least <= count <= most:
        if keyword == "update":
            raise VerbatimError("too few arguments for update keyword\n")
        many = "few" if count < least else "many"
        raise VerbatimError(f"too {many} arguments for keyword:{keyword}\n")


def _entity(words: Sequence[str]) -> tuple[str, str | None]:
    """What is to be shown, and which of it: `job 42`, `job=42`."""
    word, equals, name = words[0].partition("=")
    for full, least, entity in _ENTITIES:
        if matches(word, full, least):
            if len(words) > 1:
                return entity, words[1]
            return entity, name if equals else None
    raise VerbatimError(f"invalid entity:{word} for keyword:show \n")
