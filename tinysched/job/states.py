"""The names under which users meet the state of a job, and what each means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tinysched.job.model import Ended, Outcome, Pending, Running, Unit

PENDING = "PENDING"
RUNNING = "RUNNING"
SUSPENDED = "SUSPENDED"
COMPLETING = "COMPLETING"
UNFINISHED = frozenset({PENDING, RUNNING, SUSPENDED, COMPLETING})

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        PENDING: "waits for its turn; the last column of tsqueue says for what",
        RUNNING: "its cores are taken; it has started or starts within moments",
        SUSPENDED: "stands still: an admin has suspended it; its time limit does not run",
        COMPLETING: "was told to stop; its last processes are on their way out",
        Outcome.COMPLETED.value: "ended by itself with exit code 0",
        Outcome.FAILED.value: "ended with another exit code, by a signal, or could not be started",
        Outcome.CANCELLED.value: "was cancelled, before or after its start",
        Outcome.TIMEOUT.value: "was stopped because its time limit was over",
        Outcome.OUT_OF_MEMORY.value: "was stopped because it took more memory than it may",
        Outcome.DEADLINE.value: "could not end before its --deadline any more, and did not start",
        Outcome.NODE_FAIL.value: "was lost in a restart of the host, or with its worker;"
        " its exit code is unknown",
    }
)


def state_name(unit: Unit) -> str:
    """The state of a plain job or a task in one of the words of MEANINGS."""
    if isinstance(unit.state, Pending):
        return PENDING
    if isinstance(unit.state, Ended):
        return unit.state.outcome.value
    is_stopping = unit.cancel is not None
    if isinstance(unit.state, Running):
        is_stopping = is_stopping or bool(unit.state.lingering)
    if is_stopping:
        return COMPLETING
    return SUSPENDED if unit.is_suspended else RUNNING
