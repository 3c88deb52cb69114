"""What `scontrol show` shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tinysched.errors import VerbatimError
from tinysched.host import identity
from tinysched.job.controlling import Control
from tinysched.job.model import Job, Running, Step
from tinysched.job.queries import Filter, Selector
from tinysched.job.ranges import Ranges
from tinysched.job.snapshot import Snapshot
from tinysched.job.states import COMPLETING
from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.slurm.node import NodeView
from tinysched.report.slurm import order, rows, show_config, show_job, show_node, squeue_json
from tinysched.report.slurm.moments import Moments
from tinysched.report.slurm.rows import Row
from tinysched.report.slurm.seen import Seen
from tinysched.script.slurm.scontrol import NO_SUCH_JOB, selector

_LOAD_FAILED = "slurm_load_jobs error: "
# Of what there is none here.
_NONE = {
    "bbstat": "",
    "burstbuffer": "",
    "dwstat": "",
    "federation": "",
    "frontend": "No nodes in the system\n",
    "license": "No licenses configured in Slurm.\n",
    "reservation": "No reservations in the system\n",
    "topology": "",
}
_NAMED = ("license", "reservation")
_NO_TOPOLOGY = "scontrol: error: No topology information available\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, with which variables, of the queue at which root."""

    uid: int
    root: str
    variables: Mapping[str, str]


class Show:
    """Looks; changes nothing. `group_of`: number and name of a user's primary group."""

    def __init__(self, parts: Parts, group_of: Callable[[int], tuple[int, str]]) -> None:
        self._parts = parts
        self._group_of = group_of
        self._node = NodeView(parts)
        self._kinds: Mapping[str, Callable[[Asker, Control, Moments], Answer]] = {
            "aliases": lambda _asker, _wanted, _moments: Answer(out=f"{parts.place.host}\n"),
            "config": self._config,
            "daemons": lambda _asker, _wanted, _moments: Answer(out="slurmctld slurmd\n"),
            "job": self._jobs,
            "node": self._nodes,
            "partition": self._partitions,
            "step": self._steps,
        }

    def show(self, asker: Asker, wanted: Control) -> Answer:
        """One entity, or all of a kind. Raises: VerbatimError."""
        moments = self._moments(asker.variables.get("SLURM_TIME_FORMAT", ""))
        if wanted.json and wanted.entity != "job":
            raise VerbatimError("scontrol: error: --json is not supported but for jobs\n")
        shown = self._kinds.get(wanted.entity)
        if shown is not None:
            return shown(asker, wanted, moments)
        if wanted.entity in _NONE:
            return _nothing(wanted.entity, wanted.name)
        words = f"show {wanted.entity} is not supported: there is no such thing here"
        raise VerbatimError(f"scontrol: error: {words}\n")

    def completing(self, uid: int, _order: Control) -> Answer:
        """The jobs whose last processes are on their way out."""
        host = self._parts.place.host
        snapshot = self._parts.outlook.snapshot(uid, self._parts.ledger.books.live_numbers())
        found = [row for row in rows.of(snapshot) if row.state == COMPLETING]
        return Answer(
            out="".join(
                f"JobId={row.raw_id} EndTime=Unknown CompletingTime=00:00:00"
                f" Nodes(COMPLETING)={host} \n"
                for row in found
            )
        )

    def _moments(self, style: str) -> Moments:
        return Moments(place=self._parts.place, now=self._parts.clock.wall(), style=style)

    # Jobs

    def _jobs(self, asker: Asker, wanted: Control, moments: Moments) -> Answer:
        named = None if wanted.name is None else selector(wanted.name)
        meant = Filter(selectors=None if named is None else (named,))
        snapshot = self._parts.outlook.snapshot(asker.uid, self._parts.ledger.books.meant(meant))
        chosen = list(self._chosen(snapshot, wanted.name))
        chosen = order.as_kept(chosen, newest_tasks_first=wanted.name is not None)
        seen = [self._seen(row, moments) for row in chosen]
        if wanted.json:
            return Answer(out=squeue_json.render(seen))
        if not seen:
            if wanted.name is None:
                return Answer(out="No jobs in the system\n")
            zero = "0" if wanted.name.endswith("_") else ""
            return Answer(out=f"Job {wanted.name}{zero} not found\n", exit_code=1)
        own = [
            job for job in {row.job.id: row.job for row in chosen}.values() if _has_own(asker, job)
        ]
        marks = {job.id: own_mark(job.id) for job in own}
        texts = (
            show_job.render(
                one,
                details=wanted.details,
                one_line=wanted.one_line,
                mark=marks.get(one.row.job.id, ""),
            )
            for one in seen
        )
        words = "\n".join(f"{job.id} {len(job.request.arguments)} {job.token}" for job in own)
        more = (("arguments", words.encode()),) if own else ()
        return Answer(out="".join(texts), more=more)

    def _chosen(self, snapshot: Snapshot, name: str | None) -> Iterator[Row]:
        if name is None:
            return rows.of(snapshot, apart=True)
        named = selector(name)
        if named is None:
            raise VerbatimError(f"scontrol_print_job error: {NO_SUCH_JOB}\n")
        job = next((job for job in snapshot.jobs if job.id == named.number), None)
        if job is not None:
            found = rows.of(snapshot, [job], apart=True)
            return found if named.tasks is None else _parts(found, named.tasks)
        task = self._parts.ledger.books.by_raw_id(named.number)
        jobs = [] if task is None else [job for job in snapshot.jobs if job.id == task.number]
        if not jobs or named.tasks is not None:
            raise VerbatimError(f"{_LOAD_FAILED}{NO_SUCH_JOB}\n")
        found = rows.of(snapshot, jobs)
        return (row for row in found if row.unit is not None and row.raw_id == named.number)

    def _seen(self, row: Row, moments: Moments) -> Seen:
        return Seen(
            row=row,
            moments=moments,
            cluster=self._parts.terms().cluster,
            cut=None,
            keeps_units=False,
            group_of=self._group_of,
        )

    def _steps(self, asker: Asker, wanted: Control, moments: Moments) -> Answer:
        named, step = _step(wanted.name)
        books = self._parts.ledger.books
        meant = books.live_numbers() | {*books.named(() if named is None else (named.number,))}
        snapshot = self._parts.outlook.snapshot(asker.uid, meant)
        found = [
            (row, ran)
            for row in rows.of(snapshot)
            if row.is_live and (named is None or _is_meant(row, named))
            for ran in _steps_of(row)
        ]
        if named is not None and not found:
            if all(job.id != named.number for job in snapshot.jobs):
                raise VerbatimError(f"slurm_get_job_steps error: {NO_SUCH_JOB}\n")
            return Answer(out=f"Job step {wanted.name}. not found\n", exit_code=1)
        if not found:
            return Answer(out="No job steps in the system\n")
        if step:
            found = [
                (row, ran)
                for row, ran in found
                if show_job.step_id(row, ran).rpartition(".")[2] == step
            ]
        if not found:
            return Answer(out=f"Job step {wanted.name} not found\n", exit_code=1)
        host, one_line = self._parts.place.host, wanted.one_line
        texts = (show_job.step(row, ran, host, moments, one_line=one_line) for row, ran in found)
        return Answer(out="".join(texts))

    # The host

    def _nodes(self, _asker: Asker, wanted: Control, moments: Moments) -> Answer:
        host = self._node.now()
        if wanted.name is not None and wanted.name not in (host.host, "localhost"):
            return Answer(out=f"Node {wanted.name} not found\n", exit_code=1)
        return Answer(
            out=show_node.node(host, moments, identity.user_name, one_line=wanted.one_line)
        )

    def _partitions(self, _asker: Asker, wanted: Control, _moments: Moments) -> Answer:
        host = self._node.now()
        found = [part for part in host.parts if wanted.name in (None, part.name)]
        if not found:
            return Answer(out=f"Partition {wanted.name} not found\n", exit_code=1)
        texts = (show_node.partition(part, host, one_line=wanted.one_line) for part in found)
        return Answer(out="".join(texts))

    def _config(self, asker: Asker, _wanted: Control, moments: Moments) -> Answer:
        terms, host = self._parts.terms(), self._node.now()
        books = self._parts.ledger.books
        user = f"{identity.user_name(os.getuid())}({os.getuid()})"
        settings = show_config.Settings(
            cluster=terms.cluster,
            host=host.host,
            root=asker.root,
            version=host.version,
            user=user,
            booted_at=host.booted_at,
            next_job=max(books.jobs, default=books.first_rank) + 1,
            requeue=terms.requeue,
            kill_wait_s=terms.kill_wait_s,
            min_job_age_s=terms.min_job_age_s,
            max_array_size=terms.max_array_size,
            is_private=terms.is_private,
        )
        return Answer(out=show_config.render(settings, moments))


def own_mark(number: int) -> str:
    """What stands where the arguments of a job belong, which its owner's own client knows."""
    return f"\x1a{number}\x1a"


def _has_own(asker: Asker, job: Job) -> bool:
    request = job.request
    is_script = request.command is not None and not request.foreground
    return bool(request.arguments) and asker.uid == job.uid and is_script


def _parts(found: Iterable[Row], tasks: Ranges) -> Iterator[Row]:
    """What was named of each row."""
    for row in found:
        if not _has(row, tasks):
            continue
        named = row.tasks & tasks
        yield row if row.unit is not None else replace(row, tasks=named, is_alone=len(named) == 1)


def _has(row: Row, tasks: Ranges) -> bool:
    if row.unit is not None:
        return row.unit.id.task is not None and row.unit.id.task in tasks
    return bool(row.tasks & tasks)


def _step(name: str | None) -> tuple[Selector | None, str]:
    """Job and step of `42` or `42.0`."""
    if name is None:
        return None, ""
    job, _, step = name.partition(".")
    return selector(job), step


def _is_meant(row: Row, named: Selector) -> bool:
    if named.tasks is None:
        return named.number in (row.raw_id, row.job.id)
    return row.job.id == named.number and _has(row, named.tasks)


def _steps_of(row: Row) -> list[Step | None]:
    """The steps that run; None stands for the script."""
    state = None if row.unit is None else row.unit.state
    steps = state.steps if isinstance(state, Running) else ()
    script: list[Step | None] = [] if row.job.request.foreground else [None]
    return [*script, *(step for step in steps if step.ended_at is None)]


def _nothing(kind: str, name: str | None) -> Answer:
    """There are none of these; one by name is a mistake."""
    if name is None or kind not in _NAMED:
        return Answer(out=_NONE[kind], err=_NO_TOPOLOGY if kind == "topology" else "")
    return Answer(out=f"{kind.capitalize()} {name} not found\n", exit_code=1)
