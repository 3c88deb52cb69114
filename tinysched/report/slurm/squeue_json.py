"""Jobs for programs in the shape of Slurm 22.05's `squeue --json` and `scontrol show job --json`.

Clients know this shape: what has no meaning on one host is there all the same, as Slurm writes it
where it is not set up. Text is escaped to ASCII, so that no name can steer a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from json import dumps
from types import MappingProxyType

from tinysched.job.wanted import QOS
from tinysched.report.slurm.seen import Seen

META: Mapping[str, object] = MappingProxyType(
    {
        "plugin": {"type": "openapi/v0.0.38", "name": "Slurm OpenAPI v0.0.38"},
        "Slurm": {"version": {"major": 22, "micro": 8, "minor": 5}, "release": "22.05.8"},
    }
)
_EMPTY = (
    *("admin_comment", "batch_features", "burst_buffer", "burst_buffer_state"),
    *("cluster_features", "cpus_per_tres", "federation_origin", "federation_siblings_active"),
    *("federation_siblings_viable", "mcs_label", "memory_per_tres", "het_job_id_set"),
    *("system_comment", "tres_bind", "tres_freq", "tres_per_job", "tres_per_node"),
    *("tres_per_socket", "tres_per_task"),
)
_NULL = (
    *("core_spec", "thread_spec", "cores_per_socket", "cpus_per_task", "cpu_frequency_minimum"),
    *("cpu_frequency_maximum", "cpu_frequency_governor", "tasks_per_core", "tasks_per_socket"),
    *("profile", "sockets_per_node", "threads_per_core"),
)
_ZERO = (
    *("association_id", "delay_boot", "derived_exit_code", "max_cpus", "max_nodes"),
    *("tasks_per_board", "het_job_id", "het_job_offset", "minimum_tmp_disk_per_node"),
    *("preempt_time", "pre_sus_time", "resize_time", "sockets_per_board", "suspend_time"),
    "time_minimum",
)
_SAME: Mapping[str, object] = MappingProxyType(
    {
        **dict.fromkeys(_EMPTY, ""),
        **dict.fromkeys(_NULL),
        **dict.fromkeys(_ZERO, 0),
        "contiguous": False,
        "gres_detail": [],
        "reboot": False,
        "show_flags": ["SHOW_ALL", "SHOW_DETAIL", "SHOW_LOCAL"],
        "state_description": "",
    }
)
_STORED = {
    "container": "container",
    "excluded_nodes": "exclude",
    "features": "constraint",
    "licenses": "licenses",
    "prefer": "prefer",
    "required_nodes": "nodelist",
    "resv_name": "reservation",
    "wckey": "wckey",
}


def render(seen: Iterable[Seen]) -> str:
    """The jobs with what Slurm says around them."""
    answer = {"meta": dict(META), "errors": [], "jobs": [job(one) for one in seen]}
    return dumps(answer, indent=2) + "\n"


def job(seen: Seen) -> dict[str, object]:
    """One job, task, or the waiting tasks of an array."""
    found = {**_SAME, **_who(seen), **_when(seen), **_how_much(seen), **_array(seen)}
    stored = seen.row.job.request.stored
    found.update({name: stored.get(option, "") for name, option in _STORED.items()})
    if seen.row.has_started:
        found["job_resources"] = _resources(seen)
    return found


def _who(seen: Seen) -> dict[str, object]:
    row, request = seen.row, seen.row.job.request
    group, group_name = seen.group_of(row.job.uid)
    is_own_error = request.error is not None
    return {
        "job_id": row.raw_id,
        "name": request.name,
        "user_id": row.job.uid,
        "user_name": row.job.user,
        "group_id": group,
        "group_name": group_name,
        "account": request.account or "",
        "qos": request.qos or QOS,
        "partition": row.standing.partition,
        "cluster": seen.cluster,
        "nodes": seen.host,
        "batch_host": seen.host,
        "batch_flag": not request.foreground,
        "flags": ["JOB_WAS_RUNNING"] if row.has_started else [],
        "job_state": row.state,
        "state_reason": row.reason,
        "command": request.command or "",
        "comment": request.comment or "",
        "dependency": row.dependency,
        "requeue": request.requeue,
        "restart_cnt": 0 if row.unit is None else row.unit.restarts,
        "exit_code": seen.wait_status,
        "current_working_directory": request.work_dir,
        "standard_input": seen.path(request.input, "/dev/null"),
        "standard_output": "" if request.output is None else seen.output,
        "standard_error": seen.error if is_own_error else "",
    }


def _when(seen: Seen) -> dict[str, object]:
    row, request = seen.row, seen.row.job.request
    return {
        "submit_time": int(row.job.submitted_at),
        "eligible_time": int(row.standing.eligible_at or 0),
        "accrue_time": int(row.standing.eligible_at or 0),
        "last_sched_evaluation": int(row.planned_at or seen.moments.now),
        "start_time": int(row.planned_at or 0),
        "end_time": int(seen.end_at or 0),
        "deadline": int(request.deadline_at or 0),
        "time_limit": None if row.limit_s is None else -(-row.limit_s // 60),
    }


def _how_much(seen: Seen) -> dict[str, object]:
    row, request = seen.row, seen.row.job.request
    memory, each = row.standing.memory_mib or None, row.standing.is_memory_per_cpu
    return {
        "cpus": seen.cores,
        "node_count": request.nodes or 1,
        "tasks": request.tasks,
        "tasks_per_node": request.tasks_per_node or 0,
        "minimum_cpus_per_node": seen.min_cores,
        "memory_per_cpu": memory if each else None,
        "memory_per_node": None if each else memory,
        "nice": request.nice or None,
        "priority": row.standing.priority,
        "shared": "none" if request.exclusive else None,
        "billable_tres": float(row.cores) if row.has_started else None,
        "tres_req_str": row.tres,
        "tres_alloc_str": row.tres if row.has_started else "",
    }


def _array(seen: Seen) -> dict[str, object]:
    row, array = seen.row, seen.row.job.request.array
    task = None if row.unit is None else row.unit.id.task
    shares_line = bool(row.tasks) and not row.is_alone
    return {
        "array_job_id": 0 if array is None else row.job.id,
        "array_task_id": row.tasks.first if row.tasks and row.is_alone else task,
        "array_max_tasks": 0 if array is None else array.limit or 0,
        "array_task_string": seen.task_list if shares_line else "",
    }


def _resources(seen: Seen) -> dict[str, object]:
    """What it has of the host. Which cores these are is the kernel's affair."""
    row = seen.row
    node = {
        "sockets": {},
        "nodename": seen.host,
        "cpus_used": 0,
        "memory_used": 0,
        "memory_allocated": row.memory_taken_mib,
    }
    return {
        "nodes": seen.host,
        "allocated_cores": row.cores,
        "allocated_hosts": 1,
        "allocated_nodes": [node],
    }
