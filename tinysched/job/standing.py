"""What the queue makes of a job's request, with its own defaults filled in; and the host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a job stands in the queue.

    `partition`: where it runs, or all that it would take while it waits. `memory_mib` is for each
    core if `is_memory_per_cpu`, else for the whole job. `eligible_at`: when it could start at the
    earliest (UTC, seconds); None: nobody knows yet.
    """

    partition: str
    cores: int
    limit_s: int | None
    memory_mib: int
    is_memory_per_cpu: bool
    priority: int
    eligible_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A partition as the queue has it. None: no such rule. `is_up`: its jobs may start."""

    name: str
    is_default: bool
    max_time_s: int | None
    default_time_s: int | None
    memory_per_cpu_mib: int | None
    cores: int
    cores_taken: int
    users: tuple[str, ...] | None
    is_up: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The one host of the queue and what is taken of it. Moments: UTC, seconds.

    `is_drained`: no job starts, for the `reason` that `reason_by` gave.
    """

    host: str
    cluster: str
    cores: int
    cores_taken: int
    memory_mib: int
    memory_taken_mib: int
    memory_free_mib: int
    load: float
    booted_at: float
    began_at: float
    version: str
    system: str
    architecture: str
    parts: tuple[Part, ...]
    is_drained: bool = False
    reason: str = ""
    reason_by: int = 0
    reason_at: float | None = None
