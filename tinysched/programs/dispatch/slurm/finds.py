"""What scontrol wants to know of one job: its processes, its script, whether it has begun."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from tinysched.errors import VerbatimError
from tinysched.host import tree
from tinysched.job.controlling import Control
from tinysched.job.model import Job, Running, Unit
from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.slurm.naming import Naming, NoDeedError
from tinysched.report.slurm.fields import fitted
from tinysched.script import jobnames

_NO_SCRIPT = "Batch script is not available"
# As long as Slurm takes a job to run that has no limit.
_A_YEAR_S = 365 * 86400
_COLUMNS = (8, 8, 8, 7, 8)


class Finds:
    """Looks; changes nothing."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._books = parts.ledger.books

    def write(self, uid: int, order: Control) -> Answer:
        """`write batch_script JOB [FILE]`: the script, which the client writes.

        Raises: VerbatimError.
        """
        what, *rest = order.words
        if not "batch_script".startswith(what.lower()):
            raise VerbatimError(f"invalid write argument:{what}\n")
        if not rest:
            return Answer()
        try:
            naming = Naming(self._parts, uid)
            named = naming.named(rest[0])
            naming.check_owner(named)
            script = self._parts.ledger.script(named.job.id)
            if script is None or named.job.request.foreground:
                raise NoDeedError(_NO_SCRIPT)
        except NoDeedError as error:
            words = f"job script retrieval failed: {error}\n"
            raise VerbatimError(words, exit_code=0) from None  # as Slurm: nobody is told but people
        return Answer(more=(("script", script),))

    def wait(self, uid: int, order: Control) -> Answer:
        """Whether a job has started or is over; else the client asks again (field `again`).

        Raises: VerbatimError.
        """
        try:
            named = Naming(self._parts, uid).named(order.words[0])
        except NoDeedError:
            raise VerbatimError(f"scontrol: Problem running job {order.words[0]}\n") from None
        if named.live:
            return Answer(err=f"scontrol: Nodes are ready for job {order.words[0]}\n")
        if named.is_over:
            raise VerbatimError(f"scontrol: Job {order.words[0]} no longer running\n")
        return Answer(more=(("again", b"1"),))

    def listpids(self, uid: int, order: Control) -> Answer:
        """The processes of a job, or of all that may be seen.

        Raises: VerbatimError.
        """
        host = self._parts.place.host
        if len(order.words) > 1 and order.words[1] not in (host, "localhost"):
            raise VerbatimError(f"Invalid node name {order.words[1]}\n")
        written = order.words[0] if order.words else "*"
        number, step = _step_of(written)
        out = _line("PID", "JOBID", "STEPID", "LOCALID", "GLOBALID").rstrip(" \n") + "\n"
        if step and not step.isdigit():
            said = f'"{written}" does not look like a stepid\n'
            raise VerbatimError(said, exit_code=0, out=out)
        found = [
            (unit.raw_id, process)
            for job, unit in self._running(uid)
            if number in (None, unit.raw_id, job.id)
            for process in _processes(unit)
            if step in ("", process[1])
        ]
        for raw_id, (pid, name, task) in found:
            out += _line(str(pid), str(raw_id), name, task, task)
        if found:
            return Answer(out=out)
        said = f"There are no steps for job {number} on node (null)."
        if number is None:
            said = "No job steps exist on this node."
        if step:
            said = f"StepId={number}.{step} does not exist on node (null)."
        raise VerbatimError(f"{said}\n", out=out)

    def pidinfo(self, uid: int, order: Control) -> Answer:
        """The job of a process, and when it ends.

        Raises: VerbatimError.
        """
        try:
            pid = jobnames.whole(order.words[0])
        except ValueError:
            pid = 0
        for job, unit in self._running(uid):
            state = unit.state
            if isinstance(state, Running) and pid and tree.is_below(pid, {state.pid}):
                limit_s = self._books.capacity.limit_s(job, unit.id.task)
                ends_at = state.started_at + (_A_YEAR_S if limit_s is None else limit_s)
                left_s = int(ends_at - self._parts.clock.wall())
                return Answer(
                    out=f"Slurm JobId={unit.raw_id} ends at {self._date(ends_at)}\n"
                    f"Job remaining time is {left_s} seconds\n"
                )
        raise VerbatimError("Failed to locate job for requested pid\n")

    def _running(self, uid: int) -> Iterator[tuple[Job, Unit]]:
        for job, unit in self._books.live():
            if isinstance(unit.state, Running) and self._parts.rights.visible(uid, [job]):
                yield job, unit

    def _date(self, moment: float) -> str:
        offset = timedelta(seconds=self._parts.clock.utc_offset_s(moment))
        at = datetime.fromtimestamp(int(moment), tz=timezone(offset))
        return at.strftime("%a %b %e %H:%M:%S %Y")


def _processes(unit: Unit) -> Iterator[tuple[int, str, str]]:
    """Its script and all below it: each with its step, and the task that it is."""
    state = unit.state
    if not isinstance(state, Running) or tree.has_ended(state.pid):
        return
    tasks = {
        pid: (str(step.number), str(index))
        for step in state.steps
        if step.ended_at is None
        for index, pid in enumerate(step.pids)
    }
    found = []
    for pid in (state.pid, *tree.descendants(state.pid)):
        step, task = tasks.get(pid, ("", "0" if pid == state.pid else "-"))
        above = next((one for one in tasks if tree.is_below(pid, {one})), None)
        found.append((pid, step or ("batch" if above is None else tasks[above][0]), task))
    yield from sorted(found, key=lambda one: one[1] == "batch")


def _step_of(written: str) -> tuple[int | None, str]:
    """Job and step of `42`, `42.0`; no job: all of them."""
    job, _, step = written.partition(".")
    if job in ("*", "0"):
        return None, step
    try:
        return jobnames.whole(job), step
    except ValueError:
        raise VerbatimError(f'"{job}" does not look like a jobid\n') from None


def _line(*cells: str) -> str:
    pairs = zip(cells, _COLUMNS, strict=True)
    return " ".join(fitted(cell, width, right=False) for cell, width in pairs) + "\n"
