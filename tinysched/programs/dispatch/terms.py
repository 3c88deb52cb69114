"""The terms of a grant: what the configuration in force says about every start."""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.job.model import Granted, Job, RunId, Running, Unit
from tinysched.job.runs import Grant
from tinysched.policy.capacity import Capacity


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
    mail_by: str = "nobody"
    mail_server: str = ""
    mail_domain: str = ""

    def grant(self, job: Job, unit: Unit, capacity: Capacity) -> Grant:
        """Leave to run a unit's present attempt."""
        live = unit.state if isinstance(unit.state, Granted | Running) else None
        cores = 0 if live is None else live.cores
        partition = capacity.partition(job)
        memory_mib = capacity.memory_of(job.request, cores, partition)
        return Grant(
            run=RunId(job=unit.id, attempt=unit.attempt),
            raw_id=unit.raw_id,
            token=job.token,
            cores=cores,
            memory_mib=self.all_memory_mib if job.request.memory_mib == 0 else memory_mib,
            limit_s=capacity.limit_of(job, unit),
            kill_wait_s=self.kill_wait_s,
            restarts=unit.restarts,
            cluster=self.cluster,
            boot_id="" if live is None else live.boot_id,
            memory_per_cpu_mib=capacity.memory_of_core(job.request, partition) or 0,
            partition="" if partition is None else partition.name,
        )
