"""Accounting for programs in the shape of Slurm 22.05's `sacct --json`.

Clients know this shape: what has no meaning on one host is there all the same, as Slurm writes it
where it is not set up; so is an exit code of 0 for every job. Text is escaped to ASCII.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from json import dumps
from textwrap import indent

from tinysched.job.model import Exit
from tinysched.report.slurm.entries import Entry
from tinysched.report.slurm.parts import BATCH

_PLUGIN = {"type": "openapi/dbv0.0.38", "name": "Slurm OpenAPI DB v0.0.38"}
_SLURM = {"version": {"major": 22, "micro": 8, "minor": 5}, "release": "22.05.8"}
_META = {"plugin": _PLUGIN, "Slurm": _SLURM}
_NOT_FOUND = {
    "description": "Nothing found",
    "error_number": 9003,
    "error": "Nothing found with query",
    "source": "slurmdb_jobs_get",
}
TAIL = "\n  ]\n}\n"
NOTHING = dumps({"meta": _META, "errors": [_NOT_FOUND], "jobs": []}, indent=2) + "\n"
_TOP = dumps({"meta": _META, "errors": [], "jobs": []}, indent=2).removesuffix("]\n}")
_DONE = {"status": "SUCCESS", "return_code": 0}
_CPU, _MEM, _ENERGY, _NODE, _BILLING, _DISK, _VMEM, _PAGES = range(1, 9)
_KINDS = {
    _CPU: ("cpu", None),
    _MEM: ("mem", None),
    _ENERGY: ("energy", None),
    _NODE: ("node", None),
    _BILLING: ("billing", None),
    _DISK: ("fs", "disk"),
    _VMEM: ("vmem", None),
    _PAGES: ("pages", None),
}
_SIGNALS = {1: "Hangup", 2: "Interrupt", 9: "Killed", 11: "Segmentation fault", 15: "Terminated"}


def render(found: Iterable[Iterable[Entry]], *, is_first: bool) -> str:
    """Jobs, each with its steps, as elements of a list that was begun, or (`is_first`) begins."""
    jobs = [indent(dumps(_job(list(entries)), indent=2), "    ") for entries in found]
    if not jobs:
        return ""
    return (f"{_TOP}\n" if is_first else ",\n") + ",\n".join(jobs)


def _job(entries: list[Entry]) -> dict[str, object]:
    """One attempt; its first entry tells of the whole."""
    whole = entries[0]
    allocation, row = whole.allocation, whole.allocation.row
    request, array = row.job.request, row.job.request.array
    task = None if row.unit is None else row.unit.id.task
    limit = 0 if array is None or (array.limit is None) else array.limit
    return {
        "account": request.account,
        "comment": {"administrator": None, "job": request.comment, "system": None},
        "allocation_nodes": whole.hosts if whole.has_cores else 0,
        "array": {
            "job_id": 0 if array is None else row.job.id,
            "limits": {"max": {"running": {"tasks": limit if row.raw_id == row.job.id else 0}}},
            "task": f"{row.tasks}" if row.tasks else None,
            "task_id": task,
        },
        "association": None,
        "cluster": whole.view.cluster,
        "constraints": request.stored.get("constraint", ""),
        "container": request.stored.get("container"),
        "derived_exit_code": _DONE,
        "time": _times(whole),
        "exit_code": _DONE,
        "flags": ["CLEAR_SCHEDULING", "STARTED_ON_SCHEDULE"] if whole.has_cores else [],
        "group": whole.view.group_of(row.job.uid)[1],
        "het": {"job_id": 0, "job_offset": None},
        "job_id": row.raw_id,
        "name": request.name,
        "mcs": {"label": ""},
        "nodes": whole.host,
        "partition": row.standing.partition,
        "priority": row.standing.priority,
        "qos": whole.qos,
        "required": {"CPUs": whole.cores_asked, "memory": whole.memory_mib},
        "kill_request_user": _killer(whole),
        "reservation": {"id": 0, "name": 0},
        "state": {"current": allocation.state, "reason": allocation.reason},
        "steps": [_step(entry) for entry in entries[1:]],
        "tres": {
            "allocated": _whole_tres(whole) if whole.has_cores else [],
            "requested": _whole_tres(whole),
        },
        "user": row.job.user,
        "wckey": {"wckey": request.stored.get("wckey", ""), "flags": []},
        "working_directory": request.work_dir,
    }


def _killer(whole: Entry) -> str | None:
    """Who cancelled it, as far as that was its owner; a number otherwise."""
    by_uid = whole.allocation.by_uid
    job = whole.allocation.row.job
    return None if by_uid is None else job.user if by_uid == job.uid else str(by_uid)


def _times(entry: Entry) -> dict[str, object]:
    def seconds(moment: float | None) -> int:
        return int(moment or 0)

    limit = entry.allocation.row.limit_s
    return {
        "elapsed": entry.elapsed_s,
        "eligible": seconds(entry.eligible_at),
        "end": seconds(entry.ended_at),
        "start": seconds(entry.started_at),
        "submission": seconds(entry.submitted_at),
        "suspended": int(entry.suspended_s),
        "system": _span(entry.system_s),
        "limit": None if limit is None else -(-limit // 60),
        "total": _span(entry.user_s + entry.system_s),
        "user": _span(entry.user_s),
    }


def _span(seconds: float) -> dict[str, int]:
    whole, rest = divmod(round(seconds * 1e6), 1_000_000)
    return {"seconds": whole, "microseconds": rest}


def _tres(kind: int, count: int, **more: object) -> dict[str, object]:
    name, detail = _KINDS[kind]
    return {"type": name, "name": detail, "id": kind, "count": count, **more}


def _whole_tres(entry: Entry) -> list[dict[str, object]]:
    found = [_tres(_CPU, entry.cores), _tres(_MEM, entry.memory_mib), _tres(_NODE, entry.hosts)]
    return found if entry.part is not None else [*found, _tres(_BILLING, entry.cores)]


def _step(entry: Entry) -> dict[str, object]:
    part = entry.part
    assert part is not None, "all but the first are steps"
    times = _times(entry)
    for name in ("eligible", "submission", "limit"):
        del times[name]
    is_script = part.step == BATCH
    asked = {"min": 0, "max": 0} if is_script else {"min": None, "max": None}
    return {
        "nodes": {"list": [entry.host], "count": entry.hosts, "range": entry.host},
        "tres": {
            "requested": _measured(entry, _taken(entry)),
            "consumed": _measured(entry, _given(entry)),
            "allocated": _whole_tres(entry),
        },
        "time": times,
        "exit_code": _code(part.exit),
        "tasks": {"count": part.tasks},
        "pid": None,
        "CPU": {"requested_frequency": asked, "governor": []},
        "kill_request_user": None,
        "state": part.state,
        "statistics": {"CPU": {"actual_frequency": 0}, "energy": {"consumed": 0}},
        "step": {
            "job_id": entry.allocation.row.raw_id,
            "het": {"component": None},
            "id": BATCH if is_script else int(part.step),
            "name": part.name,
        },
        "task": {"distribution": "Unknown" if is_script else "Block"},
    }


def _code(exit_: Exit) -> dict[str, object]:
    if not exit_.signal:
        return _DONE
    name = _SIGNALS.get(exit_.signal, f"Unknown signal {exit_.signal}")
    signal = {"signal_id": exit_.signal, "name": name}
    return {"status": "SIGNALED", "return_code": None, "signal": signal}


def _taken(entry: Entry) -> Iterator[tuple[int, int]]:
    usage = entry.usage
    yield _CPU, int(entry.user_s + entry.system_s)
    yield _MEM, usage.peak_memory_kib * 1024
    yield _ENERGY, 0
    yield _DISK, usage.read_bytes
    yield _VMEM, usage.peak_virtual_kib * 1024
    yield _PAGES, 0


def _given(entry: Entry) -> Iterator[tuple[int, int]]:
    yield _ENERGY, 0
    yield _DISK, entry.usage.written_bytes


def _measured(entry: Entry, figures: Iterable[tuple[int, int]]) -> dict[str, object]:
    """Of a step that was never looked at nothing is known."""
    if not entry.is_measured:
        energy = [_tres(_ENERGY, 0)]
        return {"max": [], "min": [], "average": energy, "total": energy}
    found = list(figures)
    each = [_tres(kind, count, task=0, node=entry.host) for kind, count in found]
    total = [_tres(kind, count) for kind, count in found]
    return {"max": each, "min": each, "average": total, "total": total}
