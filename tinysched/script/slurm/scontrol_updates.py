"""What `scontrol update` is to change: `JobId=42 TimeLimit=+10 Comment=x`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinysched.errors import VerbatimError
from tinysched.job.quantities import parse_memory
from tinysched.script.slurm import filters, sbatch_forms
from tinysched.script.slurm.scontrol import matches

_ENTITIES = (
    ("jobid", 3, "job"),
    ("stepid", 4, "step"),
    ("frontendname", 2, "frontend"),
    ("nodename", 2, "node"),
    ("partitionname", 2, "partition"),
    ("reservationname", 2, "reservation"),
    ("slurmctlddebug", 2, "slurmctlddebug"),
    ("suspendexctime", 8, "power"),
)
# What may be changed of a job, and with how few letters it may be called.
_JOB_KEYS = (
    ("account", 1, "account"),
    ("arraytaskthrottle", 10, "throttle"),
    ("burstbuffer", 2, "burst_buffer"),
    ("comment", 3, "comment"),
    ("contiguous", 3, "contiguous"),
    ("corespec", 4, "core_spec"),
    ("cpuspertask", 9, "cpus_per_task"),
    ("deadline", 2, "deadline"),
    ("delayboot", 5, "delay"),
    ("dependency", 2, "dependency"),
    ("eligibletime", 2, "begin"),
    ("endtime", 2, "end"),
    ("excnodelist", 3, "exclude"),
    ("features", 1, "features"),
    ("gres", 2, "gres"),
    ("jobname", 4, "name"),
    ("licenses", 1, "licenses"),
    ("mailtype", 5, "mail_type"),
    ("mailuser", 5, "mail_user"),
    ("mincpusnode", 4, "mincpus"),
    ("minmemorycpu", 10, "memory_per_cpu"),
    ("minmemorynode", 10, "memory"),
    ("mintmpdisknode", 5, "tmp"),
    ("name", 2, "name"),
    ("nice", 2, "nice"),
    ("nodelist", 8, "nodelist"),
    ("numcpus", 6, "cores"),
    ("numnodes", 7, "nodes"),
    ("numtasks", 8, "tasks"),
    ("oversubscribe", 2, "oversubscribe"),
    ("partition", 2, "partition"),
    ("priority", 2, "priority"),
    ("qos", 3, "qos"),
    ("reqnodelist", 8, "nodelist"),
    ("reqnodes", 8, "nodes"),
    ("reqprocs", 8, "tasks"),
    ("reqtasks", 8, "tasks"),
    ("requeue", 4, "requeue"),
    ("reservationname", 3, "reservation"),
    ("resetaccruetime", 5, "reset"),
    ("shared", 2, "oversubscribe"),
    ("starttime", 2, "begin"),
    ("stdout", 6, "output"),
    ("switches", 3, "switches"),
    ("taskspernode", 7, "tasks_per_node"),
    ("threadspec", 4, "core_spec"),
    ("timelimit", 5, "limit"),
    ("timemin", 5, "least"),
    ("wckey", 1, "wckey"),
    ("workdir", 5, "work_dir"),
)
_MOST_NICE = 2147483645
_ABORTED = "Request aborted\n"
_NO_ENTITY = """\
No valid entity in update command
Input line must include "NodeName", "PartitionName", "Reservation", "JobId", or "SlurmctldDebug"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One word: the `key` by our name, how it was `written`, whether it adds (+=) or takes (-=)."""

    key: str
    value: str
    written: str
    sign: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What to change of which `entity`. `names`: as written; of jobs a list with commas."""

    entity: str
    names: str
    changes: tuple[Change, ...]


def read(words: Sequence[str]) -> Update:
    """What is to be changed. Raises: VerbatimError."""
    words = list(words)
    if "=" not in words[0] and len(words) > 1:  # update job 42 TimeLimit=5
        words[:2] = [f"{words[0]}={words[1]}"]
    entity, names, rest = _entity(words)
    if entity != "job":
        return Update(entity=entity, names=names, changes=tuple(_other(word) for word in rest))
    changes = tuple(_change(word) for word in rest)
    if not changes:
        raise VerbatimError("No changes specified\n")
    return Update(entity=entity, names=names, changes=changes)


def _entity(words: Sequence[str]) -> tuple[str, str, list[str]]:
    for at, word in enumerate(words):
        key, equals, value = word.partition("=")
        for full, least, entity in _ENTITIES:
            if equals and matches(key, full, least):
                return entity, value, [*words[:at], *words[at + 1 :]]
    for at, word in enumerate(words):
        key, equals, value = word.partition("=")
        if equals and (matches(key, "jobname", 4) or matches(key, "name", 2)):
            return "job", f"jobname={value}", [*words[:at], *words[at + 1 :]]
    raise VerbatimError(_NO_ENTITY)


def _other(word: str) -> Change:
    key, equals, value = word.partition("=")
    if not equals:
        raise VerbatimError(f"Invalid input: {word}\n{_ABORTED}")
    return Change(key=key.lower(), value=value, written=word)


def _change(word: str) -> Change:
    key, equals, value = word.partition("=")
    sign = key[-1:] if key[-1:] in ("+", "-") else ""
    key = key.removesuffix(sign)
    if not equals:
        if matches(key, "nice", 4):
            return Change(key="nice", value="100", written=word)
        if matches(key, "resetaccruetime", 5):
            return Change(key="reset", value="", written=word)
        raise VerbatimError(f"Invalid input: {word}\n{_ABORTED}")
    for full, least, name in _JOB_KEYS:
        if matches(key, full, least):
            return Change(key=name, value=value, written=word, sign=sign)
    raise VerbatimError(f"Update of this parameter is not supported: {word}\n{_ABORTED}")


# Values


def limit_s(change: Change, before_s: int | None) -> int | None:
    """A time limit, or what is added to or taken off the one before. Raises: VerbatimError."""
    sign, text = change.sign, change.value
    if not sign and text[:1] in ("+", "-") and text != "-1":
        sign, text = text[0], text[1:]
    try:
        found = sbatch_forms.limit_s("time", text)
    except VerbatimError:
        raise VerbatimError("scontrol: error: Invalid TimeLimit value\n") from None
    if not sign or found is None:
        return found
    if before_s is None:
        return None
    if sign == "+":
        return before_s + found
    if found > before_s:
        words = "TimeLimit decrement larger than current time limit"
        raise VerbatimError(f"scontrol: error: {words} ({found // 60} > {before_s // 60})\n")
    return before_s - found


def whole(change: Change, least: int = 0) -> int:
    """A number, or the first of a range. Raises: VerbatimError."""
    text = change.value.partition("-")[0] if change.value[:1] != "-" else change.value
    if text.isascii() and text.isdigit() and len(text) < 11 and int(text) >= least:
        return int(text)
    words = "" if least == 0 or text.isdigit() else _no_number(change)
    raise VerbatimError(words + _invalid(change).text)


def leading(change: Change) -> int:
    """The number that a text begins with; 0 if it begins with none."""
    return filters.leading_number(change.value) or 0


def flag(change: Change) -> bool:
    """Yes or no. Raises: VerbatimError."""
    text = change.value.lower()
    if text in ("yes", "1", "ok"):
        return True
    if text in ("no", "0"):
        return False
    raise _invalid(change)


def memory_mib(change: Change) -> int:
    """An amount of memory. Raises: VerbatimError."""
    try:
        return parse_memory(change.value)
    except ValueError:
        raise _invalid(change) from None


def nice(change: Change) -> int:
    """A number between the bounds of Slurm; words that are none are 0. Raises: VerbatimError."""
    sign = -1 if change.value[:1] == "-" else 1
    value = sign * (filters.leading_number(change.value.lstrip("+-")) or 0)
    if abs(value) > _MOST_NICE:
        words = f"Invalid nice value, must be between -{_MOST_NICE} and {_MOST_NICE}"
        raise VerbatimError(f"scontrol: error: {words}\n")
    return value


def _invalid(change: Change) -> VerbatimError:
    key = change.written.partition("=")[0].rstrip("+-")
    return VerbatimError(f"scontrol: error: Invalid {key} value: {change.value}\n")


def _no_number(change: Change) -> str:
    key = change.written.partition("=")[0]
    return f'scontrol: error: Invalid numeric value "{change.value}" for {key}.\n'
