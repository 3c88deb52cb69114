"""What `tsout` prints: where the output of a job is, or will be.

The dispatcher knows the names of the files and the caller may look at them: so the answer goes to
the command as packed lines, and the command, with the caller's own rights, finds out the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tinysched.job.filenames import (
    DEFAULT_ARRAY_ERROR,
    DEFAULT_ARRAY_OUTPUT,
    Names,
    error_path,
    output_path,
)
from tinysched.job.model import Ended, Job, JobId, Running, Unit
from tinysched.job.queries import Filter, Selector
from tinysched.job.selecting import Chooser, Chosen
from tinysched.job.snapshot import Snapshot
from tinysched.report.columns import table
from tinysched.report.lines import SINGLY
from tinysched.report.place import Place
from tinysched.report.text import visible

COLUMNS = ("JOBID[_TASK]", "TYPE", "PATH", "EXISTS", "SIZE_BYTES")
# Tasks that were asked for by their indices and have not started: no more than so many.
MOST_TASKS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OutFile:
    """A file that a job writes, or will write.

    `kind` is OUT or ERR. `growing`: the job may still write to it.
    """

    job: str
    kind: str
    path: str
    growing: bool


def files(selectors: Sequence[Selector], snapshot: Snapshot, place: Place) -> list[OutFile]:
    """The files of all tasks that have started, and of the next ones that have not.

    Shape: in order of job and task, OUT before ERR. A job run by its own client has none.
    """
    chooser = Chooser(Filter(selectors=tuple(selectors)))
    by_task = {selector.number for selector in selectors if selector.tasks is not None}
    return [
        file
        for job in snapshot.jobs
        if not job.request.foreground
        for file in _of_job(
            job,
            chooser.choose(job, snapshot.units.get(job.id, ())),
            MOST_TASKS if job.id in by_task else SINGLY,
            place,
        )
    ]


def paths(job: Job, unit: Unit | None, place: Place, task: int | None = None) -> tuple[str, str]:
    """Paths of output and errors: as the worker found them, else as they will be.

    `unit` None: `task` of an array has not started, or, without a task, all that have not. What is
    not known yet keeps its letter: `%j` before the start, `%a` of several tasks.
    """
    state = None if unit is None else unit.state
    if isinstance(state, Running | Ended) and state.output and state.error:
        return state.output, state.error
    request = job.request
    names = Names(
        id=JobId(number=job.id, task=task) if unit is None else unit.id,
        raw_id=0 if unit is None else unit.raw_id,
        name=request.name,
        user=job.user,
        node=place.host,
    )
    if unit is None:
        unknown = "jJ" if task is not None else "jJa"
        request = replace(
            request,
            output=_kept(request.output or DEFAULT_ARRAY_OUTPUT, unknown),
            error=_kept(request.error or DEFAULT_ARRAY_ERROR, unknown),
        )
    return output_path(request, names), error_path(request, names)


def render(found: Sequence[tuple[OutFile, int | None]], *, show_header: bool = True) -> str:
    """The files, each with its size in bytes (None: there is no such file)."""
    rows = [
        (
            file.job,
            file.kind,
            visible(file.path),
            "NO" if size is None else "YES",
            str(size or 0),
        )
        for file, size in found
    ]
    return table(COLUMNS, rows, show_header=show_header)


def pack(listed: Sequence[OutFile]) -> bytes:
    """The files as lines for the wire: tabs between fields, which they escape."""
    lines = (
        "\t".join((file.job, file.kind, "growing" if file.growing else "ended", _packed(file.path)))
        for file in listed
    )
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def unpack(packed: bytes) -> list[OutFile]:
    """The files that `pack` made these lines of.

    Raises: ValueError if it did not.
    """
    listed = []
    for line in packed.decode("utf-8", "surrogateescape").split("\n") if packed else ():
        job, kind, growing, path = line.split("\t")
        listed.append(
            OutFile(job=job, kind=kind, path=_unpacked(path), growing=growing == "growing")
        )
    return listed


def _of_job(job: Job, part: Chosen, most: int, place: Place) -> Iterator[OutFile]:
    for unit in part.units:
        yield from _pair(str(unit.id), paths(job, unit, place), not isinstance(unit.state, Ended))
    for task in part.todo.take(most):
        yield from _pair(f"{job.id}_{task}", paths(job, None, place, task), growing=True)


def _pair(job: str, both: tuple[str, str], growing: bool) -> Iterator[OutFile]:
    for kind, path in zip(("OUT", "ERR"), both, strict=True):
        yield OutFile(job=job, kind=kind, path=path, growing=growing)


def _kept(pattern: str, letters: str) -> str:
    """The pattern with these letters protected, so that they survive its expansion."""
    if "\\" in pattern:
        return pattern  # nothing is expanded in it
    return re.sub(rf"%%|%(?=\d*[{letters}])", "%%", pattern)


def _packed(path: str) -> str:
    return path.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _unpacked(path: str) -> str:
    signs = {"\\t": "\t", "\\n": "\n", "\\\\": "\\"}
    return re.sub(r"\\[tn\\]", lambda found: signs[found.group()], path)
