"""Carries out `scontrol update`."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

from tinysched.errors import VerbatimError
from tinysched.job import history
from tinysched.job.controlling import Control
from tinysched.job.model import Amended, Job
from tinysched.programs import events
from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.rights import DENIED
from tinysched.programs.dispatch.slurm.alterable import Altering, alter
from tinysched.programs.dispatch.slurm.closing import Closer
from tinysched.programs.dispatch.slurm.naming import (
    OVER,
    Named,
    Naming,
    NoDeedError,
    NoDeedToTasksError,
)
from tinysched.script.slurm import scontrol_updates as script
from tinysched.script.slurm.scontrol_updates import Update

LOG = logging.getLogger("dispatcher")
_NOT_YOURS = {
    "reservation": (
        "Error updating the reservation: Invalid user id\nslurm_update error: Invalid user id\n"
    ),
    "slurmctlddebug": "slurm_update error: Permission denied\n",
    "step": "slurm_update error: Invalid job id specified\n",
}
_NOT_HERE = {
    "step": "steps have no limit of their own",
    "slurmctlddebug": "log_level stands in config.yaml",
}


class Updates:
    """Changes jobs, as far as who calls may."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ledger = parts.ledger
        closer = Closer(parts)
        self._closings = {"node": closer.update_node, "partition": closer.update_partition}

    def update(self, uid: int, order: Control, *, is_written: bool) -> Answer:
        """One update, of each job that it names.

        `is_written`: the owner's own copies say what they must. Until they do, nothing is changed,
        and the answer tells what to write (field `own`). Raises: VerbatimError.
        """
        update = script.read(order.words)
        if update.entity != "job":
            return self._other(uid, update)
        todo: list[tuple[Altering, Job]] = []
        naming = Naming(self._parts, uid)

        def prepare(named: Named) -> None:
            todo.append(self._prepared(naming, uid, named, update))

        said = ""
        try:
            naming.each([update.names], prepare)
        except VerbatimError as error:
            said = error.text
        own = [(altering, job) for altering, job in todo if altering.own]
        if own and not is_written:
            return Answer(more=(("own", _packed(own)),))
        for altering, job in todo:
            self._apply(altering, job, update)
            said += _untouched(altering.named)
        if said:
            raise VerbatimError(said)
        return Answer()

    def _prepared(
        self, naming: Naming, uid: int, named: Named, update: Update
    ) -> tuple[Altering, Job]:
        naming.check_owner(named)
        if named.is_over:
            raise NoDeedError(OVER)
        is_admin = self._parts.rights.is_admin(uid)
        altering = Altering(parts=self._parts, uid=uid, named=named, is_admin=is_admin)
        job = named.job
        for change in update.changes:
            job = alter(altering, job, change)
        return altering, job

    def _apply(self, altering: Altering, job: Job, update: Update) -> None:
        keys = ",".join(change.written.partition("=")[0].rstrip("+-") for change in update.changes)
        now, uid = self._parts.clock.wall(), altering.uid
        told = job.work.history.with_event(now, history.UPDATED, by=uid, what=keys)
        self._ledger.rewrite(replace(job, work=replace(job.work, history=told)))
        LOG.info(events.UPDATED, job.id, job.user, uid, keys)
        if altering.changes_limit:
            self._amend(altering.named)

    def _amend(self, named: Named) -> None:
        """What runs is told its new limit."""
        books = self._ledger.books
        for unit in named.live:
            known = books.unit(unit.id)
            if known is None:
                continue
            self._ledger.amend(replace(known, amended=known.amended or Amended()))
            changed = books.unit(unit.id) or known
            self._parts.agents.amend(books.jobs[named.job.id], changed)

    def _other(self, uid: int, update: Update) -> Answer:
        """What is no job."""
        if update.entity in self._closings:
            self._closings[update.entity](uid, update)
            return Answer()
        if not self._parts.rights.is_admin(uid):
            raise VerbatimError(_NOT_YOURS.get(update.entity, f"slurm_update error: {DENIED}\n"))
        why = _NOT_HERE.get(update.entity, "it stands in config.yaml")
        raise VerbatimError(f"scontrol: error: update of {update.entity} is not supported: {why}\n")


def _untouched(named: Named) -> str:
    """What is told of the tasks of an array that have ended."""
    try:
        named.check_tasks({OVER: named.ended_tasks} if named.is_array else {})
    except NoDeedToTasksError as error:
        return str(error)
    return ""


def _packed(own: list[tuple[Altering, Job]]) -> bytes:
    found = [{"token": job.token, "job": job.id, "changes": altering.own} for altering, job in own]
    return json.dumps(found).encode()
