"""Lets an admin close the host, or partitions, to jobs that wait; what runs goes on."""

from __future__ import annotations

import logging
from dataclasses import replace

from tinysched.errors import VerbatimError
from tinysched.job.closures import Closed, Closures
from tinysched.programs import events
from tinysched.programs.dispatch.parts import Parts
from tinysched.script.slurm import closings
from tinysched.script.slurm.scontrol_updates import Update

LOG = logging.getLogger("dispatcher")
NOT_ADMIN = "slurm_update error: Invalid user id\n"


class Closer:
    """Carries out `scontrol update` of nodes and partitions."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def update_node(self, uid: int, update: Update) -> None:
        """Closes or opens the host. Raises: VerbatimError, SpoolError."""
        wanted = closings.of_nodes(update)
        self._check(uid)
        host = self._parts.place.host
        if not wanted.names or {*wanted.names} - {host}:
            raise VerbatimError(closings.NO_SUCH_NODE)
        now = self._parts.clock.wall()
        closed = Closed(reason=wanted.reason, by=uid, at=now) if wanted.is_closed else None
        self._close(replace(self._closures, host=closed))
        LOG.info(events.CLOSED, host, uid, wanted.reason if wanted.is_closed else None)

    def update_partition(self, uid: int, update: Update) -> None:
        """Closes or opens partitions. Raises: VerbatimError, SpoolError."""
        wanted = closings.of_partitions(update)
        self._check(uid)
        known = {one.name for one in self._parts.ledger.books.capacity.partitions}
        if not wanted.names or {*wanted.names} - known:
            raise VerbatimError(closings.NO_SUCH_PARTITION)
        closures = self._closures
        for name in wanted.names:
            closures = closures.with_partition(name, is_closed=wanted.is_closed)
        self._close(closures)
        for name in wanted.names:
            LOG.info(events.CLOSED, name, uid, "down" if wanted.is_closed else None)

    @property
    def _closures(self) -> Closures:
        return self._parts.ledger.books.capacity.closures

    def _close(self, closures: Closures) -> None:
        self._parts.ledger.close_places(closures)

    def _check(self, uid: int) -> None:
        if not self._parts.rights.is_admin(uid):
            raise VerbatimError(NOT_ADMIN)
