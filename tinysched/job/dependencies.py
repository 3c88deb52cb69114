"""What must have happened to other jobs before a job may start.

Source: sbatch(1) --dependency; FACTS "Dependencies".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum

from tinysched.job.ranges import Ranges

_MOST_DIGITS = 15
# Outside of brackets.
_BETWEEN = re.compile(r",(?![^\[\]]*\])")
_MOST_EDGES = 10_000


class Kind(Enum):
    """What a job waits for: the start of another, its end, a good end, a bad one."""

    AFTER = "after"
    AFTERANY = "afterany"
    AFTEROK = "afterok"
    AFTERNOTOK = "afternotok"
    AFTERCORR = "aftercorr"
    SINGLETON = "singleton"


class Verdict(Enum):
    """How far a dependency has come."""

    OPEN = "unfulfilled"
    FULFILLED = "fulfilled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One condition: on a job, on one task of an array, or (singleton) on all of one's own name.

    `number` is 0 for a singleton. `is_array`: it names a whole array. `delay_min`: minutes after
    the start (`after:42+5`).
    """

    kind: Kind
    number: int = 0
    task: int | None = None
    is_array: bool = False
    delay_min: int = 0
    verdict: Verdict = Verdict.OPEN

    def __str__(self) -> str:
        """`afterok:42_*(unfulfilled)`, as squeue and scontrol show it."""
        if self.kind is Kind.SINGLETON:
            return f"{self.kind.value}({self.verdict.value})"
        part = "" if self.task is None else f"_{self.task}"
        part = "_*" if self.is_array and self.task is None else part
        delay = f"+{self.delay_min}" if self.delay_min else ""
        return f"{self.kind.value}:{self.number}{part}{delay}({self.verdict.value})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """All conditions of a job: every one must hold, or (`any_will_do`) one of them."""

    edges: tuple[Edge, ...] = ()
    any_will_do: bool = False

    def __str__(self) -> str:
        """What still stands in the way; empty if nothing does."""
        if self.verdict is Verdict.FULFILLED:
            return ""
        open_ = [str(edge) for edge in self.edges if edge.verdict is not Verdict.FULFILLED]
        return ("?" if self.any_will_do else ",").join(open_)

    @property
    def verdict(self) -> Verdict:
        """Whether the job may start, must wait, or can never start."""
        found = [edge.verdict for edge in self.edges]
        if not found:
            return Verdict.FULFILLED
        if self.any_will_do:
            if Verdict.FULFILLED in found:
                return Verdict.FULFILLED
            return Verdict.FAILED if Verdict.OPEN not in found else Verdict.OPEN
        if Verdict.FAILED in found:
            return Verdict.FAILED
        return Verdict.OPEN if Verdict.OPEN in found else Verdict.FULFILLED

    @property
    def is_task_by_task(self) -> bool:
        """Each task waits for one of its own, in another array."""
        return any(edge.kind is Kind.AFTERCORR and edge.is_array for edge in self.edges)

    @property
    def parents(self) -> frozenset[int]:
        """The numbers that are named."""
        return frozenset(edge.number for edge in self.edges if edge.number)

    def judged(self, judge: Callable[[Edge], Edge]) -> Dependencies:
        """The same with each open condition looked at again; the same object if none moved."""
        edges = tuple(judge(e) if e.verdict is Verdict.OPEN else e for e in self.edges)
        return self if edges == self.edges else replace(self, edges=edges)


NO_DEPENDENCIES = Dependencies()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """What a dependency needs to know of the job or task it names.

    `started_at` is when the last of it started (None: not all of it has). Of an array `good` are
    the tasks that ended well and whose counterparts still wait. `has_ended`: all of it.
    """

    started_at: float | None
    has_ended: bool
    any_bad: bool
    good: Ranges


def judge(edge: Edge, parent: Parent | None, now: float) -> Edge:
    """A condition in the light of what is known of its parent; None: there is no such job.

    What never existed, or was forgotten, counts as fulfilled. Source: FACTS "Dependencies".
    """
    verdict = Verdict.FULFILLED if parent is None else _verdict(edge, parent, now)
    return edge if verdict is edge.verdict else replace(edge, verdict=verdict)


def _verdict(edge: Edge, parent: Parent, now: float) -> Verdict:
    match edge.kind:
        case Kind.AFTER:
            return _begun(edge, parent, now)
        case Kind.AFTEROK if parent.has_ended and parent.any_bad:
            return Verdict.FAILED
        case Kind.AFTERNOTOK if parent.has_ended and not parent.any_bad:
            return Verdict.FAILED
        case Kind.AFTERCORR if parent.has_ended and parent.any_bad:
            # Those of its tasks whose counterparts ended well may start, the others never.
            return Verdict.OPEN if parent.good else Verdict.FAILED
        case _:
            return Verdict.FULFILLED if parent.has_ended else Verdict.OPEN


def _begun(edge: Edge, parent: Parent, now: float) -> Verdict:
    if parent.started_at is None:
        # Cancelled before its start counts as begun, as in Slurm.
        return Verdict.FULFILLED if parent.has_ended else Verdict.OPEN
    is_due = now >= parent.started_at + edge.delay_min * 60
    return Verdict.FULFILLED if is_due else Verdict.OPEN


def parse(text: str) -> Dependencies:
    """The conditions a user wrote: `afterok:41:42,afterany:43`, `after:44+5?singleton`, `45`.

    Raises: ValueError.
    """
    if "?" in text and "," in text:
        raise ValueError("either ',' (all) or '?' (any), not both")
    any_will_do = "?" in text
    edges: list[Edge] = []
    for item in text.split("?") if any_will_do else _BETWEEN.split(text):
        edges.extend(_edges(item.strip()))
        if len(edges) > _MOST_EDGES:
            raise ValueError(f"more than {_MOST_EDGES} conditions")
    # What is said twice counts once.
    return Dependencies(edges=tuple(dict.fromkeys(edges)), any_will_do=any_will_do)


def _edges(item: str) -> Iterable[Edge]:
    name, colon, jobs = item.partition(":")
    if name.lower() == Kind.SINGLETON.value and not colon:
        return [Edge(kind=Kind.SINGLETON)]
    if not colon and name[:1].isdigit():
        return _edges_of(Kind.AFTERANY, name)
    try:
        kind = Kind(name.lower())
    except ValueError:
        raise ValueError(f"{name!r} is no kind of dependency") from None
    if kind is Kind.SINGLETON or not jobs:
        raise ValueError(f"{item!r} names no job")
    return [edge for job in jobs.split(":") for edge in _edges_of(kind, job)]


def _edges_of(kind: Kind, text: str) -> Iterable[Edge]:
    """Of a job, of a task of an array, or of several: `42`, `42_7`, `42_[1-3]`."""
    number, bracket, tasks = text.partition("_[")
    if not bracket:
        return [_edge(kind, text)]
    tasks, closed, delay = tasks.partition("]")
    wanted = Ranges.parse(tasks)
    if not closed or not wanted or len(wanted) > _MOST_EDGES:
        raise ValueError(f"{text!r} is no list of tasks")
    return [_edge(kind, f"{number}_{task}{delay}") for task in wanted]


def _edge(kind: Kind, text: str) -> Edge:
    job, plus, delay = text.partition("+")
    if plus and kind is not Kind.AFTER:
        raise ValueError(f"only after: takes a delay, not {kind.value}")
    number, underscore, task = job.partition("_")
    whole = not underscore or task == "*"
    return Edge(
        kind=kind,
        number=_number(number),
        task=None if whole else _number(task),
        is_array=task == "*",
        delay_min=_number(delay) if plus else 0,
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ValueError(f"{text!r} is no number")
    return int(text)
