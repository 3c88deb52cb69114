"""Answers `tsctl lint`: what becomes of a script in this queue, as it is configured now."""

from __future__ import annotations

from collections.abc import Iterator

from tinysched.errors import TinyschedError, VerbatimError
from tinysched.host import identity
from tinysched.job.model import Job
from tinysched.job.request import Request
from tinysched.policy.capacity import Capacity
from tinysched.programs.dispatch import submissions
from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.slurm.sbatch import Sbatch
from tinysched.script.slurm import sbatch
from tinysched.script.slurm.lint import Level, plain
from tinysched.wire.channel import Channel, Message

# Which option is to blame if a job can never start.
_BLAMED = {
    "PartitionTimeLimit": "time",
    "AccountNotAllowed": "partition",
    "PartitionDown": "partition",
}
# Words by which a refusal tells which option it is about.
_TOLD_BY = {
    "partition": "partition",
    "Memory": "mem",
    "array": "array",
    "dependency": "dependency",
    "node name": "nodelist",
    "gres": "gres",
    "time limit": "time",
    "time-min": "time-min",
    "nice": "nice",
}


class Lint:
    """Looks at a submission that is none."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._sbatch = Sbatch(
            parts.ledger, parts.outlook, parts.clock, parts.terms, parts.rights.is_admin
        )

    def answer(self, channel: Channel, message: Message) -> Answer:
        """A line for each finding: how much it matters, the option to blame, and words."""
        parts, uid = self._parts, channel.peer.uid
        try:
            read = submissions.read(sbatch.COMMAND, message, parts.terms(), parts.clock)
        except TinyschedError:
            return Answer()  # whoever reads the script alone finds that, too
        user = identity.user_name(uid)
        job = submissions.new_job(0, uid, user, "", read.request, parts.clock.wall())
        try:
            self._sbatch.check(job, read)
        except VerbatimError as refused:
            words = plain(refused)
            found = [(Level.REFUSED, _told_by(words), words)]
        else:
            found = list(_never(job, parts.ledger.books.capacity))
        return Answer(
            out="".join(f"{level.value}\t{name}\t{says}\n" for level, name, says in found)
        )


def _never(job: Job, capacity: Capacity) -> Iterator[tuple[Level, str, str]]:
    """Why a job would wait for ever."""
    request = job.request
    obstacle = capacity.obstacle(job)
    if obstacle is not None:
        blamed = _BLAMED.get(obstacle.name, _largest(request))
        yield Level.NEVER, blamed, f"{obstacle.name}: {obstacle.words}"
    elif request.cores > capacity.cores:
        words = f"PartitionConfig: needs {request.cores} cores, this queue has {capacity.cores}"
        yield Level.NEVER, _largest(request), words


def _largest(request: Request) -> str:
    """What asks for so much."""
    if (request.nodes or 1) > 1:
        return "nodes"
    return "ntasks" if request.tasks > (request.cpus_per_task or 1) else "cpus-per-task"


def _told_by(words: str) -> str:
    return next((option for word, option in _TOLD_BY.items() if word in words), "")
