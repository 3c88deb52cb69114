"""The terms of a grant: what the configuration in force says about every start."""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.job.model import Granted, Job, RunId, Running, Unit
from tinysched.job.runs import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the dispatcher's parts need to know of the configuration."""

    default_memory_mib: int
    all_memory_mib: int
    kill_wait_s: float
    agent_lost_s: float
    starvation_s: float
    min_job_age_s: float
    max_array_size: int
    max_jobs_per_user: int
    max_request_kib: int
    max_array_pieces: int
    cluster: str
    admins: frozenset[str] = frozenset()
    is_private: bool = False
    requeue: bool = True

    def grant(self, job: Job, unit: Unit) -> Grant:
        """Leave to run a unit's present attempt."""
        memory_mib = job.request.memory_mib
        if memory_mib == 0:
            memory_mib = self.all_memory_mib
        return Grant(
            run=RunId(job=unit.id, attempt=unit.attempt),
            raw_id=unit.raw_id,
            token=job.token,
            cores=unit.state.cores if isinstance(unit.state, Granted | Running) else 0,
            memory_mib=self.default_memory_mib if memory_mib is None else memory_mib,
            limit_s=job.request.limit_s,
            kill_wait_s=self.kill_wait_s,
            restarts=unit.restarts,
            cluster=self.cluster,
            boot_id=unit.state.boot_id if isinstance(unit.state, Granted | Running) else "",
        )
