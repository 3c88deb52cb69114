"""What a submission says, and the job it becomes: the same whether it is new or told once more."""

from __future__ import annotations

import re
from dataclasses import replace

from tinysched.host.clock import Clock
from tinysched.job.dependencies import NO_DEPENDENCIES
from tinysched.job.model import Elements, Hold, Job, JobId, Pending, Unit
from tinysched.job.ranges import Ranges
from tinysched.job.request import Request
from tinysched.programs.dispatch.terms import Terms
from tinysched.script import submission
from tinysched.script.slurm import names
from tinysched.wire.channel import Message

TOKEN = re.compile(r"[0-9a-f]{32}")


def read(
    command: str, message: Message, terms: Terms, clock: Clock, at: float | None = None
) -> submission.Submission:
    """The request in a message; `at`: when it was made (UTC, seconds), if that was not now.

    Raises: TinyschedError with the refusal.
    """
    argv, cwd = message.many("arg"), message.text("cwd")
    if command == "run_job":
        return submission.read_foreground(argv, cwd)
    variables = dict(pair.partition("=")[::2] for pair in message.many("var"))
    settings = submission.Settings(
        max_array_index=terms.max_array_size - 1,
        command=command,
        requeue=terms.requeue,
        now=clock.wall() if at is None else at,
        offset_s=clock.utc_offset_s,
    )
    if command in names.ALLOCATIONS:
        from tinysched.script.slurm import allocations

        return allocations.read(command, argv, variables, cwd, settings)
    script = message.raw("script", b"")
    if command == names.SBATCH:
        from tinysched.script.slurm import sbatch

        found = sbatch.read(argv, variables, cwd, script, settings)
        path = message.text("path", "") or None
        return replace(found, request=replace(found.request, command=path))
    return submission.read(argv, variables, cwd, script, settings)


def kept(request: Request) -> Request:
    """The part of a request that is no secret, and that anybody here needs."""
    return replace(
        request,
        export=replace(request.export, values={}),
        arguments=("",) * len(request.arguments),
    )


def new_job(number: int, uid: int, user: str, token: str, request: Request, now: float) -> Job:
    """A fresh submission as a job."""
    work: Unit | Elements
    if request.array is None:
        state = Pending(eligible_at=now)
        work = Unit(id=JobId(number=number), raw_id=number, state=state)
    else:
        nothing = Ranges()
        work = Elements(todo=request.array.tasks, cancelled=nothing, ended=nothing, eligible_at=now)
    return Job(
        id=number,
        uid=uid,
        user=user,
        token=token,
        submitted_at=now,
        request=request,
        work=work,
        hold=Hold.USER if request.held else None,
        dependencies=request.dependency or NO_DEPENDENCIES,
    )
