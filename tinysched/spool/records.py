"""Jobs and tasks as versioned JSON: what others may see of them, exactly.

Fields of a newer release are kept and written back. Not kept: the values of `--export` and the
arguments of the script, of which only names and number are written, for they may hold secrets; the
submitter's own copy has them. Arguments come back as so many empty texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import is_

from tinysched.errors import SpoolError
from tinysched.job.model import Elements, Hold, Job, JobId, Outcome, Task, Unit
from tinysched.job.ranges import Ranges
from tinysched.job.request import Request
from tinysched.spool.decoding import Fields, merged, parse, render
from tinysched.spool.requestrecords import (
    ranges,
    read_dependencies,
    read_request,
    write_dependencies,
    write_request,
)
from tinysched.spool.staterecords import read_history, read_unit, write_history, write_unit

RECORD_FORMAT = 1
# Of thousands of jobs in a row most ask for the same: a request is read once, and shared.
_requests: dict[bytes, tuple[Request, Fields]] = {}
_texts: dict[int, tuple[Request, bytes]] = {}
_MOST_TEXTS = 64
_last_unit: list[tuple[tuple[object, ...], tuple[int, int], bytes]] = [
    ((), (-1, -1), b"")  # as no unit is
]
_JOB = "job"
_TASK = "task"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task's record before it meets the record of its array."""

    number: int
    uid: int
    user: str
    name: str
    unit: Unit
    revision: int = 0
    unknown: Mapping[str, object] = field(default_factory=dict, repr=False)

    def of(self, job: Job) -> Task:
        """The task as a part of its array."""
        return Task(job=job, unit=self.unit, revision=self.revision, unknown=self.unknown)


def public(job: Job) -> Job:
    """A job as it comes back from its record."""
    request = job.request
    return replace(
        job,
        request=replace(
            request,
            export=replace(request.export, values={}),
            arguments=("",) * len(request.arguments),
        ),
    )


def write_job(job: Job) -> bytes:
    """A job's record."""
    work = job.work
    if job.unknown or not isinstance(work, Unit):
        return _render_job(job, write_request(job.request), _write_work(work))
    # Of thousands of jobs in a row most ask for the same, and many end in the same way. No text in
    # a record holds a plain `"`, so that what is found here are the fields themselves.
    head, _, rest = _render_job(job, 0, 0).partition(b'"request": 0')
    between, _, tail = rest.partition(b'"unit": 0')
    request, unit = _text_of(job.request), _text_of_unit(work)
    return b"".join((head, b'"request": ', request, between, b'"unit": ', unit, tail))


def _text_of(request: Request) -> bytes:
    """A request as it stands in a record; it is made once for all jobs that share it."""
    known = _texts.get(id(request))
    if known is None or known[0] is not request:
        if len(_texts) >= _MOST_TEXTS:
            _texts.clear()
        known = _texts[id(request)] = request, _inside("request", write_request(request))
    return known[1]


def _text_of_unit(unit: Unit) -> bytes:
    """A unit as it stands in a record; but for its number it may be as the last one was."""
    alike = (unit.state, unit.cancel, unit.setback, unit.amended, unit.history)
    numbers = (unit.attempt, unit.restarts)
    former, former_numbers, text = _last_unit[0]
    if former_numbers != numbers or not all(map(is_, former, alike)):
        text = _inside("unit", write_unit(replace(unit, raw_id=0)))
        _last_unit[0] = alike, numbers, text
    return text.replace(b'"raw_id": 0', b'"raw_id": %d' % unit.raw_id, 1)


def _inside(name: str, value: object) -> bytes:
    """A field's value as it stands in a record."""
    text = render({name: value})
    return text[text.index(b": ") + 2 : text.rindex(b"\n}")]


def _write_work(work: Unit | Elements) -> dict[str, object]:
    return write_unit(work) if isinstance(work, Unit) else _write_elements(work)


def _render_job(job: Job, request: object, work: object) -> bytes:
    record: dict[str, object] = {
        "format": RECORD_FORMAT,
        "kind": _JOB,
        "id": job.id,
        "revision": job.revision,
        "uid": job.uid,
        "user": job.user,
        "token": job.token,
        "submitted_at": job.submitted_at,
        "hold": None if job.hold is None else job.hold.value,
        "request": request,
        **({} if job.place is None else {"place": job.place}),
        **write_dependencies(job.dependencies),
        "unit" if isinstance(job.work, Unit) else "elements": work,
    }
    return render(merged(record, job.unknown))


def read_job(raw: bytes, where: str) -> Job:
    """Read a job's record.

    Raises: SpoolError, whatever the bytes are.
    """
    fields = _open(raw, where, _JOB)
    number = fields.integer("id", least=1)
    work: Unit | Elements
    if fields.has("unit"):
        work = read_unit(fields.inside("unit"), JobId(number=number))
    else:
        work = _read_elements(fields.inside("elements"))
    job = Job(
        id=number,
        uid=fields.integer("uid"),
        user=fields.text("user"),
        token=fields.text("token"),
        submitted_at=fields.number("submitted_at"),
        request=fields.alike("request", read_request, _requests),
        work=work,
        hold=fields.choice("hold", Hold) if fields.present("hold") else None,
        place=fields.optional_integer("place", least=None),
        dependencies=read_dependencies(fields),
        revision=fields.integer("revision"),
    )
    return replace(job, unknown=fields.unknown())


def write_task(task: Task) -> bytes:
    """A task's record; it says by itself whose it is."""
    record: dict[str, object] = {
        "format": RECORD_FORMAT,
        "kind": _TASK,
        "id": task.job.id,
        "task": task.unit.id.task,
        "revision": task.revision,
        "uid": task.job.uid,
        "user": task.job.user,
        "name": task.job.request.name,
        "submit_dir": task.job.request.submit_dir,
        "unit": write_unit(task.unit),
    }
    return render(merged(record, task.unknown))


def read_task(raw: bytes, where: str) -> TaskRecord:
    """Read a task's record.

    Raises: SpoolError, whatever the bytes are.
    """
    fields = _open(raw, where, _TASK)
    fields.text("submit_dir")
    number = fields.integer("id", least=1)
    record = TaskRecord(
        number=number,
        uid=fields.integer("uid"),
        user=fields.text("user"),
        name=fields.text("name"),
        unit=read_unit(fields.inside("unit"), JobId(number=number, task=fields.integer("task"))),
        revision=fields.integer("revision"),
    )
    return replace(record, unknown=fields.unknown())


def _open(raw: bytes, where: str, kind: str) -> Fields:
    fields = parse(raw, where)
    found = fields.integer("format")
    if found > RECORD_FORMAT:
        raise SpoolError(
            f"cannot read {where}: its format is {found}, this release reads up to {RECORD_FORMAT}"
        )
    if fields.text("kind") != kind:
        raise fields.wrong("kind", f"is not {kind!r}")
    return fields


def _write_elements(work: Elements) -> dict[str, object]:
    return {
        "todo": str(work.todo),
        "cancelled": str(work.cancelled),
        "ended": str(work.ended),
        "worst": work.worst.value,
        "eligible_at": work.eligible_at,
        "ended_at": work.ended_at,
        **({"held": str(work.held)} if work.held else {}),
        **({"locked": str(work.locked)} if work.locked else {}),
        **({"limits": [list(pair) for pair in work.limits.items()]} if work.limits else {}),
        **write_history(work.history),
    }


def _read_elements(fields: Fields) -> Elements:
    return Elements(
        todo=ranges(fields, "todo"),
        cancelled=ranges(fields, "cancelled"),
        ended=ranges(fields, "ended"),
        worst=fields.choice("worst", Outcome),
        eligible_at=fields.number("eligible_at"),
        ended_at=fields.optional_number("ended_at"),
        held=ranges(fields, "held") if fields.present("held") else Ranges(),
        locked=ranges(fields, "locked") if fields.present("locked") else Ranges(),
        limits=_read_limits(fields) if fields.present("limits") else {},
        history=read_history(fields),
    )


def _read_limits(fields: Fields) -> dict[int, int]:
    found: dict[int, int] = {}
    for pair in fields.lists("limits"):
        match pair:
            case [int(task), int(limit_s)] if task >= 0 and limit_s >= 0:
                found[task] = limit_s
            case _:
                raise fields.wrong("limits", "is no list of tasks and seconds")
    return found
