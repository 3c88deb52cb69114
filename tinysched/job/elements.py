"""How the record of an array follows what becomes of its tasks."""

from __future__ import annotations

from dataclasses import replace

from tinysched.job import history, lifecycle
from tinysched.job.model import Cancel, Elements, Outcome
from tinysched.job.ranges import Ranges

# So much is said of a list of tasks in the history of their array.
LONGEST_LIST = 64


def withdrawn(work: Elements, tasks: Ranges, requeued: Ranges, cancel: Cancel) -> Elements:
    """Tasks are taken away before they start; `requeued`: those of them that ran before."""
    return replace(
        work,
        todo=work.todo - tasks,
        cancelled=work.cancelled | (tasks - requeued),
        ended=work.ended | requeued,
        worst=lifecycle.worse(work.worst, Outcome.CANCELLED) if requeued else work.worst,
        history=work.history.with_event(
            cancel.ordered_at, history.WITHDRAWN, by=cancel.by_uid, tasks=_briefly(tasks)
        ),
    )


def waits_again(
    work: Elements,
    task: int | None,
    others: Outcome,
    now: float,
    by_uid: int | None,
    why: str | None,
) -> Elements:
    """A task was requeued. `others`: the gravest end of all the others."""
    index = one(task)
    return replace(
        work,
        todo=work.todo | index,
        ended=work.ended - index,
        worst=others,
        ended_at=None,
        history=work.history.with_event(now, history.REQUEUED, by=by_uid, why=why, tasks=task),
    )


def has_ended(
    work: Elements, task: int | None, outcome: Outcome, others: Outcome | None = None
) -> Elements:
    """A task has ended. `others`: the gravest end of all the others, if another was on record."""
    index = one(task)
    return replace(
        work,
        todo=work.todo - index,
        ended=work.ended | index,
        worst=lifecycle.worse(work.worst if others is None else others, outcome),
    )


def one(task: int | None) -> Ranges:
    """The one task; none for a plain job."""
    return Ranges.of(() if task is None else (task,))


def _briefly(tasks: Ranges) -> str:
    """The indices, if they are few words; else only where they begin."""
    text = str(tasks)
    return text if len(text) <= LONGEST_LIST else f"{text[: text.rindex(',', 0, LONGEST_LIST)]},..."
