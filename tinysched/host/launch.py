"""Starting a job: a child made ready as its submitter wants it, or a sentence why not."""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.host import forking, gate, gating
from tinysched.host.ready import Launch as Launch
from tinysched.host.ready import LaunchError as LaunchError
from tinysched.host.ready import made_ready

WAYS = (gating.start, forking.start)
"""The cheaper one first; it declines what is not for it, the last one declines nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """A job that runs: the child of the caller, who must reap it."""

    pid: int


def launch(job: Launch) -> Launched:
    """Start a job and return when its program has taken over.

    Raises: LaunchError with a sentence for the job's record.
    """
    try:
        with made_ready(job) as ready:
            child = next(filter(None, (way(ready) for way in WAYS)))
    except Exception as error:  # whatever it is, somebody must be told
        raise LaunchError(gate.sentence(error)) from error
    sentence = _announce(job, child.pid)
    if sentence:
        child.turn_away()
    else:
        sentence = child.let_through()
    if sentence:
        raise LaunchError(sentence)
    return Launched(pid=child.pid)


def _announce(job: Launch, pid: int) -> str:
    """A sentence if the start cannot be recorded."""
    try:
        job.announce(pid)
    except OSError as error:
        return f"cannot record the start: {error.strerror}"
    except Exception as error:  # whatever it is, the child must not run
        return gate.sentence(error)
    return ""
