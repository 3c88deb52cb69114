"""What `tsctl history` prints: all that happened to a job, in order, a line each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from json import dumps

from tinysched import __version__
from tinysched.job import history
from tinysched.job.history import Event
from tinysched.job.model import Elements, Ended, Granted, Job, Reason, Running, Unit
from tinysched.job.quantities import format_time
from tinysched.job.queries import Filter, Selector
from tinysched.job.ranges import Ranges
from tinysched.job.selecting import Chooser
from tinysched.job.snapshot import Snapshot
from tinysched.job.states import PENDING, RUNNING, state_name
from tinysched.report.lines import TAKEN_AWAY, Reasons, array_text
from tinysched.report.phrases import in_words
from tinysched.report.place import Place
from tinysched.report.text import visible

FORMAT = 1
CANCELLED = "cancelled"
_NUMBERS = {"agent", "attempt", "by", "cores", "cpu_s", "elapsed_s", "limit_s", "pid", "survivors"}
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
# What happens to an array happens to its tasks.
_SHARED = (history.SUBMITTED, history.HELD, history.RELEASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one answer is about: a plain job or a started task (`unit`), an array, or some tasks.

    `tasks`: of an array, what has not started, or never will.
    """

    job: Job
    unit: Unit | None = None
    tasks: Ranges | None = None

    @property
    def name(self) -> str:
        """As everywhere: `42`, `42_7`, `42_[8-9]`."""
        if self.unit is not None:
            return str(self.unit.id)
        return str(self.job.id) if self.tasks is None else f"{self.job.id}_[{self.tasks}]"


def pieces(selectors: Sequence[Selector], snapshot: Snapshot) -> Iterator[Piece]:
    """What was asked about; of an array named as a whole, the array as a whole."""
    chooser = Chooser(Filter(selectors=tuple(selectors)))
    whole = {selector.number for selector in selectors if selector.tasks is None}
    for job in snapshot.jobs:
        if isinstance(job.work, Elements) and job.id in whole:
            yield Piece(job=job)
            continue
        chosen = chooser.choose(job, snapshot.units.get(job.id, ()))
        for unit in chosen.units:
            yield Piece(job=job, unit=unit)
        for tasks in (chosen.todo, chosen.cancelled):
            if tasks:
                yield Piece(job=job, tasks=tasks)


def render(selectors: Sequence[Selector], snapshot: Snapshot, place: Place) -> str:
    """A paragraph for each job and task that was named, oldest events first."""
    return "\n".join(_paragraph(piece, snapshot, place) for piece in pieces(selectors, snapshot))


def render_json(selectors: Sequence[Selector], snapshot: Snapshot) -> str:
    """The same, and what can be expected, as one JSON object."""
    about = {
        "format": FORMAT,
        "version": __version__,
        "now": snapshot.now,
        "offline": snapshot.offline,
        "jobs": [_object(piece, snapshot) for piece in pieces(selectors, snapshot)],
    }
    return dumps(about, indent=1).replace("\x7f", "\\u007f") + "\n"


def standing(piece: Piece, snapshot: Snapshot) -> tuple[str, Reason]:
    """The state of a piece, and why it is in it."""
    reasons, work = Reasons(piece.job, snapshot), piece.job.work
    if piece.unit is not None:
        return state_name(piece.unit), reasons.of(piece.unit)
    if isinstance(work, Unit):
        return state_name(work), reasons.of(work)
    if piece.tasks is not None and not piece.tasks - work.cancelled:
        return TAKEN_AWAY.name.upper(), TAKEN_AWAY
    if work.ended_at is not None:
        return work.worst.value, Reason(name="")
    if work.todo:
        return PENDING, reasons.waiting()
    return RUNNING, Reason(name="")


def events(piece: Piece) -> tuple[list[Event], int]:
    """What happened to a piece, in order, and how many older events are forgotten."""
    job, unit = piece.job, piece.unit
    submitted = Event(at=job.submitted_at, name=history.SUBMITTED, facts=_submitted(job))
    if isinstance(job.work, Unit):
        return [submitted, *told(job.work)], job.work.history.dropped
    shared = [event for event in job.work.history.events() if _concerns(piece, event)]
    if unit is None:
        return [submitted, *shared], job.work.history.dropped
    both = sorted([*shared, *told(unit)], key=lambda event: event.at)
    return [submitted, *both], unit.history.dropped


def told(unit: Unit) -> Iterator[Event]:
    """The history of a unit; what its record says beyond it, where it has none or is old."""
    known = unit.history.events()
    yield from known
    names = {event.name for event in known}
    state = unit.state
    if isinstance(state, Granted | Running) and history.GRANTED not in names:
        facts = {"cores": str(state.cores)}
        yield Event(at=state.granted_at, name=history.GRANTED, facts=facts)
    started_at = state.started_at if isinstance(state, Running | Ended) else None
    if started_at is not None and history.STARTED not in names:
        yield Event(at=started_at, name=history.STARTED)
    if isinstance(state, Ended) and history.ENDED not in names:
        facts = {"state": state.outcome.value, "elapsed_s": f"{state.elapsed_s:.1f}"}
        if state.exit is not None:
            facts["exit"] = str(state.exit)
        yield Event(at=state.ended_at, name=history.ENDED, facts=facts)


def _concerns(piece: Piece, event: Event) -> bool:
    if piece.unit is None and piece.tasks is None:
        return True
    return event.name in _SHARED or (piece.unit is None and event.name == history.WITHDRAWN)


def _submitted(job: Job) -> dict[str, str]:
    request = job.request
    facts = {"by": str(job.uid), "cores": str(request.cores)}
    if request.limit_s is not None:
        facts["limit_s"] = str(request.limit_s)
    if request.array is not None:
        facts["tasks"] = str(len(request.array.tasks))
    return facts | ({"held": "yes"} if request.held else {})


def _paragraph(piece: Piece, snapshot: Snapshot, place: Place) -> str:
    found, dropped = events(piece)
    state, reason = standing(piece, snapshot)
    lines = [f"Job {piece.name} of {visible(piece.job.user)}: {visible(piece.job.request.name)}"]
    first, *rest = [f"{moment(event.at, place)}  {in_words(event, piece.job)}" for event in found]
    lines.append(first)
    if dropped:
        lines.append(f"{'':19}  ({dropped} older events are forgotten)")
    lines += rest
    if not _is_over(piece):
        why = f", {reason}" if reason.name else ""
        lines.append(f"{moment(snapshot.now, place)}  now {state}{visible(why)}")
    return "\n".join(lines) + "\n"


def _is_over(piece: Piece) -> bool:
    if piece.unit is not None:
        return isinstance(piece.unit.state, Ended)
    return piece.job.is_final


def moment(at: float, place: Place) -> str:
    """A moment as everywhere."""
    return format_time(at, place.utc_offset_s(at))


def _object(piece: Piece, snapshot: Snapshot) -> dict[str, object]:
    found, dropped = events(piece)
    state, reason = standing(piece, snapshot)
    prospect = snapshot.prospect(piece.job) if state == PENDING else None
    unit, job = piece.unit, piece.job
    return {
        "id": piece.name,
        "job": job.id,
        "task": None if unit is None else unit.id.task,
        "name": job.request.name,
        "user": job.user,
        "uid": job.uid,
        "state": state,
        "reason": reason.name,
        "reason_words": reason.words,
        "prospect": None if prospect is None else asdict(prospect),
        "tasks": None if unit is not None else _counts(job, snapshot),
        "events": [{**_numbers(e.facts), "at": e.at, "event": e.name} for e in found],
        "events_forgotten": dropped,
    }


def _numbers(facts: Mapping[str, str]) -> dict[str, object]:
    """Facts as JSON has them: a number where the fact is one."""
    found: dict[str, object] = {}
    for name, value in facts.items():
        is_number = name in _NUMBERS and _NUMBER.fullmatch(value)
        found[name] = (float(value) if "." in value else int(value)) if is_number else value
    return found


def _counts(job: Job, snapshot: Snapshot) -> dict[str, str] | None:
    if isinstance(job.work, Unit):
        return None
    return {name: array_text(tasks, longest=None) for name, tasks in shares(job, snapshot)}


def shares(job: Job, snapshot: Snapshot) -> list[tuple[str, Ranges]]:
    """Which tasks of an array wait, run, have ended, or never start."""
    work = job.work
    assert isinstance(work, Elements), "only an array has tasks"
    units = snapshot.units.get(job.id, ())
    return [
        ("waiting", work.todo),
        ("running", _indices(unit for unit in units if isinstance(unit.state, Granted | Running))),
        ("ended", work.ended),
        (CANCELLED, work.cancelled),
    ]


def _indices(units: Iterable[Unit]) -> Ranges:
    return Ranges.of(unit.id.task for unit in units if unit.id.task is not None)
