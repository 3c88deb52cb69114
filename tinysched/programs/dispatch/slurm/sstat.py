"""Answers sstat: which steps of a job run, and which processes they are."""

from __future__ import annotations

from collections.abc import Iterator

from tinysched.job.accounting import PartName, Statistics
from tinysched.job.model import Job, Running, Unit
from tinysched.job.queries import Filter
from tinysched.job.selecting import choose
from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.slurm.targets import Targets
from tinysched.report.slurm.parts import BATCH
from tinysched.report.slurm.sstat import Live, pack
from tinysched.script.slurm import sstat as script
from tinysched.wire.channel import Channel, Message

_DENIED = "Invalid user id"


class Sstat:
    """Of others' jobs it tells nothing, unless an admin asks."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def answer(self, channel: Channel, message: Message) -> Answer:
        """Field `steps`: what is to be looked at, and what is to be said instead, in order."""
        asked = script.read(message.many("arg"))
        uid = channel.peer.uid
        found = [one for name in asked.parts for one in self._of(name, asked, uid)]
        return Answer(more=(("steps", pack(found)),))

    def _of(self, name: PartName, asked: Statistics, uid: int) -> Iterator[Live | str]:
        number = name.selector.number
        job = Targets(self._parts, uid).job(number)
        if job is None:
            yield f"couldn't get steps for job {number}"
            return
        units = choose(
            Filter(selectors=(name.selector,)), job, self._parts.ledger.books.units(job.id)
        ).units
        running = [unit for unit in units if isinstance(unit.state, Running)]
        if not running and not name.step:
            yield f"No steps running for job {number}"
        elif not running:
            yield f"StepId={number}.{name.step} not found running."
        for unit in running:
            yield from self._steps(job, unit, name.step, asked, uid)

    def _steps(
        self, job: Job, unit: Unit, step: str, asked: Statistics, uid: int
    ) -> Iterator[Live | str]:
        live = list(_live(job, unit))
        if step:
            chosen = [one for one in live if one.step == step]
            if not chosen:
                yield f"StepId={unit.raw_id}.{step} not found running."
        elif asked.every_step:
            chosen = live
        else:
            chosen = [one for one in live if one.step != BATCH][:1]
        for one in chosen:
            if self._parts.rights.may_change(uid, job):
                yield one
                continue
            request = f"the request to {self._parts.place.host} rc = {_DENIED}"
            yield f"slurm_job_step_stat: there was an error with {request}"
            yield f"problem getting step_layout for StepId={one.job}.{one.step}: {_DENIED}"


def _live(job: Job, unit: Unit) -> Iterator[Live]:
    state = unit.state
    assert isinstance(state, Running), "asked for what runs"
    steps = [step for step in state.steps if step.ended_at is None]
    if not job.request.foreground:
        spared = tuple(pid for step in steps for pid in step.pids)
        yield Live(job=unit.raw_id, step=BATCH, tasks=1, pids=(state.pid,), spared=spared)
    for step in sorted(steps, key=lambda one: one.number):
        yield Live(job=unit.raw_id, step=str(step.number), tasks=step.tasks, pids=step.pids)
