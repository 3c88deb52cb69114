"""Why a job is where it is, under Slurm's names."""

from __future__ import annotations

from tinysched.job.dependencies import Verdict
from tinysched.job.model import Ended, Hold, Job, Outcome
from tinysched.job.snapshot import Snapshot

# What Slurm calls it; our other names are Slurm's own.
REQUEUED_AND_HELD = "job requeued in held state"
_REASONS = {
    "AgentDown": "None",
    "ClientGone": "None",
    "NoDispatcher": "None",
    "Stopping": "None",
    "Cancelled": "None",
    "WorkerLost": "NodeDown",
    "BashVersion": "None",
    "JobRebuilt": "JobHeldUser",
    "NodeDrained": (
        "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority"
        " partitions"
    ),
    "JobRequeuedHeld": REQUEUED_AND_HELD,
    "RecordLost": "None",
}


class Reasons:
    """Explains what waits; whoever waits first of a partition is found once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._first: dict[str, int | None] = {}

    def waiting(self, job: Job) -> tuple[str, str]:
        """Slurm's name, and our words.

        Of all that wait for resources in a partition, the first waits for these; the others wait
        for it, although here a small one may pass.
        """
        name, words = self._own(job)
        if name == "Resources" and self._is_behind(job):
            return "Priority", words
        return name, words

    def _own(self, job: Job) -> tuple[str, str]:
        reason = self._snapshot.explain(job)
        if reason.name == "Resources" and 0 < self._snapshot.cores_total < job.request.cores:
            return "PartitionConfig", reason.words
        return _REASONS.get(reason.name, reason.name), reason.words

    def _is_behind(self, job: Job) -> bool:
        partition = self._snapshot.standing(job).partition
        if partition not in self._first:
            self._first[partition] = next(
                (
                    other.id
                    for other in self._snapshot.line()
                    if self._snapshot.standing(other).partition == partition
                    and self._own(other)[0] == "Resources"
                ),
                None,
            )
        return self._first[partition] != job.id


def ended(job: Job, state: Ended) -> str:
    """Slurm's name for why a job ended as it did."""
    if state.outcome is Outcome.CANCELLED and state.started_at is None:
        return waited(job, state.ended_at)
    name = _REASONS.get(state.reason.name, state.reason.name)
    is_killed = state.exit is not None and state.exit.signal
    return "JobLaunchFailure" if name == "NonZeroExitCode" and is_killed else name


def waited(job: Job, until: float) -> str:
    """Why a job was waiting when it was cancelled, as far as its record tells."""
    verdict = job.dependencies.verdict
    if verdict is Verdict.FAILED and job.request.kill_on_invalid_dependency:
        return "DependencyNeverSatisfied"
    if job.hold is not None:
        return "JobHeldAdmin" if job.hold is Hold.ADMIN else "JobHeldUser"
    match verdict:
        case Verdict.OPEN:
            return "Dependency"
        case Verdict.FAILED:
            return "DependencyNeverSatisfied"
        case Verdict.FULFILLED:
            begin_at = job.request.begin_at
            return "BeginTime" if begin_at is not None and begin_at > until else "None"
