"""Events of a job's history as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tinysched.job import history
from tinysched.job.history import Event
from tinysched.job.model import Job
from tinysched.job.quantities import format_duration, format_elapsed
from tinysched.report.text import visible


def in_words(event: Event, job: Job) -> str:
    """An event as a sentence; one that this release does not know, as it stands."""
    phrase = _PHRASES.get(event.name)
    try:
        if phrase is not None:
            return visible(phrase(_Facts(event.facts, job)))
    except (ValueError, OverflowError):
        pass  # a fact that is no number: shown as it stands
    facts = " ".join(f"{key}={value}" for key, value in event.facts.items())
    return visible(f"{event.name} {facts}".rstrip())


def some_cores(count: int) -> str:
    """`1 core`, `8 cores`."""
    return "1 core" if count == 1 else f"{count} cores"


class _Facts:
    """The facts of one event, each as a piece of a sentence; '' for what is not known."""

    def __init__(self, facts: Mapping[str, str], job: Job) -> None:
        self._facts = facts
        self._job = job

    def of(self, name: str, words: str = "{}") -> str:
        value = self._facts.get(name)
        return "" if value is None else words.format(value)

    @property
    def by(self) -> str:
        uid = self._facts.get("by")
        if uid is None:
            return ""
        return f" by {self._job.user}" if uid == str(self._job.uid) else f" by uid {uid}"

    @property
    def attempt(self) -> str:
        return self.of("attempt", "attempt {}: ")

    def cores(self) -> str:
        return some_cores(int(self._facts.get("cores", "0")))

    def limit(self) -> str:
        limit = self._facts.get("limit_s")
        return "none" if limit is None else format_duration(int(limit))

    def elapsed(self) -> str:
        elapsed = self._facts.get("elapsed_s")
        return "" if elapsed is None else f", after {format_elapsed(float(elapsed))}"


def _says_submitted(facts: _Facts) -> str:
    array = facts.of("tasks", ", an array of {} tasks")
    held = facts.of("held", ", held")
    return f"submitted{facts.by}: {facts.cores()}, time limit {facts.limit()}{array}{held}"


def _says_ended(facts: _Facts) -> str:
    reason = facts.of("reason", " ({})").replace(" (None)", "")
    cost = facts.elapsed() + facts.of("cpu_s", ", {} s of CPU")
    left = facts.of("survivors", ", {} processes left behind and stopped")
    return (
        f"{facts.attempt}ended: {facts.of('state')}{reason}{facts.of('exit', ', exit {}')}"
        f"{cost}{left}"
    )


_PHRASES: Mapping[str, Callable[[_Facts], str]] = MappingProxyType(
    {
        history.SUBMITTED: _says_submitted,
        history.HELD: lambda f: f"held{f.by}",
        history.RELEASED: lambda f: f"released{f.by}",
        history.GRANTED: lambda f: (
            f"{f.attempt}given {f.cores()}{f.of('agent', ', told to the agent with pid {}')}"
        ),
        history.STARTED: lambda f: f"{f.attempt}started{f.of('pid', ', pid {}')}",
        history.CANCEL_ORDERED: lambda f: f"cancel ordered{f.by}{f.of('signal', ', {} first')}",
        history.REQUEUE_ORDERED: lambda f: f"to be stopped and run once more, ordered{f.by}",
        history.SUSPENDED: lambda f: f"suspended{f.by}",
        history.RESUMED: lambda f: f"resumed{f.by}",
        history.UPDATED: lambda f: f"changed{f.by}: {f.of('what').replace(',', ', ')}",
        history.WITHDRAWN: lambda f: f"tasks {f.of('tasks')} cancelled{f.by} before they started",
        history.LIMIT_REACHED: lambda f: f"{f.attempt}its time limit of {f.limit()} was reached",
        history.ENDED: _says_ended,
        history.REQUEUED: lambda f: (
            f"{f.of('tasks', 'task {} ')}back in the queue{f.by}{f.of('why', ', because of {}')}"
        ),
    }
)
