"""The Bash version's records and settings: KEY=VALUE lines, read as kindly as can be."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tinysched.job.model import Ended, Exit, Job, JobId, Outcome, Reason, Unit
from tinysched.job.quantities import parse_duration, parse_memory
from tinysched.job.request import Request
from tinysched.spool.endedlog import Key
from tinysched.spool.records import TaskRecord

_UNKNOWN_CODE = -1
_UNDER = "bash_version"

_SETTINGS = {
    "CPU_FRACTION": "cpu_fraction",
    "POLL_INTERVAL": "poll_interval",
    "DEFAULT_MEM_MB": "default_mem_mb",
}


def is_legacy(raw: bytes) -> bool:
    """Whether a record is one of the Bash version's."""
    start = raw.lstrip()[:1000]
    if start.startswith(b"{") or b"\0" in start:
        return False
    return bool(parse_lines(start.decode("utf-8", "surrogateescape")))


def parse_lines(text: str) -> dict[str, str]:
    """Read KEY=VALUE lines: comments, `export`, blanks and quotes as a shell would take them."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        name = name.strip()
        if equals and name and not name.startswith("#"):
            found[name] = _unquote(value.strip())
    return found


def _unquote(value: str) -> str:
    for quote in ("'", '"'):
        if len(value) >= 2 and value.startswith(quote) and value.find(quote, 1) > 0:
            return value[1 : value.find(quote, 1)]
    return value.partition(" #")[0].strip()


def translate_config(text: str) -> str:
    """The Bash version's `config` as the text of a config.yaml; what is unknown stays as a comment.

    A value that is no number is not translated either: the reader of the new file would refuse it.
    """
    lines = ["# Translated from the file `config` of the Bash version."]
    for name, value in parse_lines(text).items():
        known = _SETTINGS.get(name)
        if known is not None and _number(value) is not None:
            lines.append(f"{known}: {value}")
        else:
            lines.append(f"# not translated: {name}={value}".replace("\n", " "))
    return "\n".join(lines) + "\n"


def read(raw: bytes, key: Key, owner: int, otherwise: Outcome) -> Job | TaskRecord:
    """A record of the Bash version as an ended job or task; fields it does not have are empty.

    All its fields are kept, as `unknown`. The id is the file name's. What the record does not say
    are the file's `owner` and the outcome that goes with its folder.
    """
    given = parse_lines(raw.decode("utf-8", "surrogateescape"))
    fields = {name.lower(): value for name, value in given.items()}
    number, task = key
    name = _first(fields, "name", "job_name", "jobname") or f"job_{number}"
    user = _first(fields, "user", "owner", "username", "submit_user")
    uid = _whole(_first(fields, "uid", "user_id"), owner)
    unit = Unit(
        id=JobId(number=number, task=task),
        raw_id=number,
        state=_state(fields, otherwise),
        attempt=1,
    )
    unknown = {_UNDER: dict(given)}
    if task is not None:
        return TaskRecord(number=number, uid=uid, user=user, name=name, unit=unit, unknown=unknown)
    return Job(
        id=number,
        uid=uid,
        user=user,
        token="",
        submitted_at=_submitted_at(fields),
        request=read_request(fields, name),
        work=unit,
        unknown=unknown,
    )


def read_request(fields: Mapping[str, str], name: str) -> Request:
    """What was asked for, as far as the record tells."""
    return Request(
        name=name,
        submit_dir=_first(fields, "submit_dir", "slurm_submit_dir", "workdir", "cwd"),
        cpus_per_task=_whole(_first(fields, "req_cpus", "cpus", "cpus_per_task"), 1) or 1,
        memory_mib=_memory(_first(fields, "mem_mb", "req_mem_mb", "mem", "req_mem")),
        limit_s=_limit(_first(fields, "time_limit", "time", "req_time")),
        output=_first(fields, "output", "stdout", "out") or None,
        error=_first(fields, "error", "stderr", "err") or None,
        partition=_first(fields, "partition") or None,
        qos=_first(fields, "qos") or None,
        requeue=False,
    )


def _state(fields: Mapping[str, str], otherwise: Outcome) -> Ended:
    code = _whole(_first(fields, "exit_code", "exitcode", "rc"), _UNKNOWN_CODE)
    word = _first(fields, "state", "status").upper()
    outcome = otherwise
    if word in Outcome.__members__:
        outcome = Outcome[word]
    started_at = _seconds(_first(fields, "start_time", "start", "started_at"))
    ended_at = _seconds(_first(fields, "end_time", "end", "ended_at"))
    last = ended_at if ended_at is not None else started_at
    last = _submitted_at(fields) if last is None else last
    return Ended(
        outcome=outcome,
        reason=Reason(name="BashVersion", words="taken over from the Bash version"),
        ended_at=last,
        exit=Exit(code=code) if code >= 0 else None,
        started_at=started_at,
        elapsed_s=max(0.0, last - started_at) if started_at is not None else 0.0,
        cores=_whole(_first(fields, "req_cpus", "cpus", "cpus_per_task"), 0),
    )


def _submitted_at(fields: Mapping[str, str]) -> float:
    return _seconds(_first(fields, "submit_time", "submit", "submitted_at")) or 0.0


def _first(fields: Mapping[str, str], *names: str) -> str:
    return next((fields[name] for name in names if fields.get(name)), "")


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _seconds(text: str) -> float | None:
    return _number(text) if text else None


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else otherwise


def _limit(text: str) -> int | None:
    try:
        return parse_duration(text) if text else None
    except ValueError:
        return None


def _memory(text: str) -> int | None:
    try:
        return parse_memory(text) if text else None
    except ValueError:
        return None
