"""A user's own jobs, from nothing but the user's own directory: for queues that are private.

There the records belong to the dispatcher's user alone. What was decided, and not yet told to the
agent, cannot be seen here: a job that was cancelled while it waited still seems to wait, and one
that was requeued is left out until it starts again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tinysched.errors import TinyschedError
from tinysched.host import identity
from tinysched.host.clock import Clock
from tinysched.job import lifecycle
from tinysched.job.model import Elements, Hold, Job, JobId, Pending, RunId, Task, Unit
from tinysched.job.ranges import Ranges
from tinysched.job.request import Request
from tinysched.script import submission
from tinysched.spool.attempts import Attempts
from tinysched.spool.private import Private
from tinysched.spool.runs import RunDir

ANY_INDEX = 10**9


def read(root: str, uid: int, clock: Clock) -> tuple[list[Job], list[Task]]:
    """The jobs of a user that have not ended, or whose end the dispatcher has not recorded.

    Raises: SpoolError if the directory cannot be read at all.
    """
    private = Private.find(root, uid)
    if private is None:
        return [], []
    try:
        return _Reader(private, clock).read()
    finally:
        private.close()


class _Reader:
    def __init__(self, private: Private, clock: Clock) -> None:
        self._private = private
        self._clock = clock
        self._runs: dict[int, list[RunDir]] = {}
        for run in private.runs():
            self._runs.setdefault(run.run.job.number, []).append(run)

    def read(self) -> tuple[list[Job], list[Task]]:
        jobs: list[Job] = []
        tasks: list[Task] = []
        for token in self._private.tokens():
            try:
                found = self._job(token)
            except TinyschedError:
                continue  # it is being removed, or was never whole
            if found is not None:
                jobs.append(found[0])
                tasks += found[1]
        return sorted(jobs, key=lambda job: job.id), tasks

    def _job(self, token: str) -> tuple[Job, list[Task]] | None:
        number = self._private.bound(token)
        if number is None:
            return None
        request, over = self._request(token), self._private.attempts(token)
        submitted_at = self._private.submitted_at(token)
        units = list(self._units(number, request))
        work = _work(number, request, units, over, submitted_at)
        if work is None:
            return None
        job = Job(
            id=number,
            uid=self._private.uid,
            user=identity.user_name(self._private.uid),
            token=token,
            submitted_at=submitted_at,
            request=request,
            work=work,
            hold=Hold.USER if request.held else None,
        )
        if isinstance(work, Unit):
            return job, []
        return job, [Task(job=job, unit=unit) for unit in units]

    def _request(self, token: str) -> Request:
        stored = self._private.request(token)
        argv = list(stored.argv)
        if stored.command == "run_job":
            return submission.read_foreground(argv, stored.cwd).request
        settings = submission.Settings(max_array_index=ANY_INDEX, command=stored.command)
        script = self._private.script(token)
        return submission.read(argv, stored.variables, stored.cwd, script, settings).request

    def _units(self, number: int, request: Request) -> Iterator[Unit]:
        """What was granted and is not forgotten, as its worker tells it; the last attempts only."""
        last: dict[JobId, RunDir] = {}
        for run in self._runs.get(number, ()):
            last[run.run.job] = run
        for run in last.values():
            unit = self._unit(run, request)
            if unit is not None:
                yield unit

    def _unit(self, run: RunDir, request: Request) -> Unit | None:
        grant = run.grant()
        if grant is None:
            return None
        started, ending = run.started(), run.ending()
        began_at = self._clock.wall() if started is None else started.started_at
        unit = lifecycle.granted(_waiting(run.run, grant.raw_id), began_at, grant.cores)
        if started is not None:
            unit = lifecycle.started(unit, began_at, started.pid, "", "")
        if ending is not None:
            unit = lifecycle.ended(unit, ending, request.limit_s)
        return replace(unit, restarts=grant.restarts)


def _waiting(run: RunId, raw_id: int) -> Unit:
    state = Pending(eligible_at=0.0)
    return Unit(id=run.job, raw_id=raw_id, state=state, attempt=run.attempt - 1)


def _work(
    number: int, request: Request, units: list[Unit], over: Attempts, submitted_at: float
) -> Unit | Elements | None:
    """What is left of a job; None: nothing."""
    if request.array is None:
        if units:
            return units[0]
        if over.last(None):
            return None
        waits = Pending(eligible_at=submitted_at)
        return Unit(id=JobId(number=number), raw_id=number, state=waits)
    begun = Ranges.of(unit.id.task or 0 for unit in units)
    todo = request.array.tasks - over.tasks - begun
    if not todo and not units:
        return None
    return Elements(todo=todo, cancelled=Ranges(), ended=over.tasks, eligible_at=submitted_at)
