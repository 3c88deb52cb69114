"""Who may do what, and who may see what: identities come from the kernel, rules from the config."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from tinysched.errors import RefusedError
from tinysched.host import identity
from tinysched.job.model import Job
from tinysched.programs.dispatch.terms import Terms

DENIED = "Access/permission denied"


class Rights:
    """The one place that knows admins and privacy."""

    def __init__(self, terms: Callable[[], Terms]) -> None:
        self._terms = terms

    def is_admin(self, uid: int) -> bool:
        """Root, whoever the dispatcher runs as, and the `admins` of the configuration."""
        if uid in (0, os.getuid()):
            return True
        admins = self._terms().admins
        return bool(admins) and not admins.isdisjoint((str(uid), identity.user_name(uid)))

    def check_admin(self, uid: int, deed: str) -> None:
        """Raises: RefusedError unless the caller is an admin."""
        if not self.is_admin(uid):
            raise RefusedError(f"cannot {deed}: {DENIED}", "ask the queue's admin")

    def may_change(self, uid: int, job: Job) -> bool:
        """Owners and admins may."""
        return uid == job.uid or self.is_admin(uid)

    def visible(self, uid: int, jobs: Iterable[Job]) -> list[Job]:
        """Those of the jobs that a user may see the names and states of."""
        if not self._terms().is_private or self.is_admin(uid):
            return list(jobs)
        return [job for job in jobs if job.uid == uid]

    def sees_all(self, uid: int) -> bool:
        """Nothing is hidden from this user."""
        return not self._terms().is_private or self.is_admin(uid)
