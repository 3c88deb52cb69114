"""The host and its partitions, as `scontrol show node` and `show partition` print them.

Source: scontrol(1). What has no meaning on one host says what Slurm says where it is not set up.
"""

from __future__ import annotations

from collections.abc import Callable

from tinysched.job.quantities import format_duration
from tinysched.job.standing import Node, Part
from tinysched.report.slurm.amounts import memory_text
from tinysched.report.slurm.fields import NULL
from tinysched.report.slurm.moments import NO_LIMIT, Moments
from tinysched.report.slurm.records import Line, text


def node(host: Node, moments: Moments, user_of: Callable[[int], str], *, one_line: bool) -> str:
    """The one host of the queue; `user_of`: names of users by their numbers."""
    busy = host.cores_taken > 0
    lines: list[Line] = [
        [("NodeName", host.host), ("Arch", host.architecture), ("CoresPerSocket", "1 ")],
        [
            ("CPUAlloc", host.cores_taken),
            ("CPUEfctv", host.cores),
            ("CPUTot", host.cores),
            ("CPULoad", f"{host.load:.2f}"),
        ],
        [("AvailableFeatures", NULL)],
        [("ActiveFeatures", NULL)],
        [("Gres", NULL)],
        [("NodeAddr", host.host), ("NodeHostName", host.host), ("Version", host.version)],
        [("OS", host.system)],
        [
            ("RealMemory", host.memory_mib),
            ("AllocMem", host.memory_taken_mib),
            ("FreeMem", host.memory_free_mib),
            ("Sockets", host.cores),
            ("Boards", 1),
        ],
        [
            ("State", state(host)),
            ("ThreadsPerCore", 1),
            ("TmpDisk", 0),
            ("Weight", 1),
            ("Owner", "N/A"),
            ("MCS_label", "N/A"),
        ],
        [("Partitions", f"{','.join(part.name for part in host.parts)} ")],
        [
            ("BootTime", moments.text(host.booted_at)),
            ("SlurmdStartTime", moments.text(host.began_at)),
        ],
        [("LastBusyTime", moments.text(moments.now if busy else host.began_at))],
        [("CfgTRES", _all(host))],
        [("AllocTRES", _taken(host))],
        [("CapWatts", "n/a")],
        [("CurrentWatts", 0), ("AveWatts", 0)],
        [("ExtSensorsJoules", "n/s"), ("ExtSensorsWatts", 0), ("ExtSensorsTemp", "n/s")],
    ]
    if host.reason:
        by = f"[{user_of(host.reason_by)}@{moments.text(host.reason_at)}]"
        lines.append([("Reason", f"{host.reason} {by}")])
    return text(lines, one_line=one_line)


def state(host: Node) -> str:
    """IDLE, MIXED or ALLOCATED, with +DRAIN if nothing starts."""
    busy = "MIXED" if host.cores_taken < host.cores else "ALLOCATED"
    return (busy if host.cores_taken else "IDLE") + ("+DRAIN" if host.is_drained else "")


def _all(host: Node) -> str:
    return f"cpu={host.cores},mem={memory_text(host.memory_mib)},billing={host.cores}"


def _taken(host: Node) -> str:
    if not host.cores_taken:
        return ""
    memory = f",mem={memory_text(host.memory_taken_mib)}" if host.memory_taken_mib else ""
    return f"cpu={host.cores_taken}{memory}"


def partition(part: Part, host: Node, *, one_line: bool) -> str:
    """One partition."""
    each, least, most = part.memory_per_cpu_mib, part.default_time_s, part.max_time_s
    is_capped = part.cores < host.cores
    cores = part.cores if is_capped else host.cores
    lines: list[Line] = [
        [("PartitionName", part.name)],
        [("AllowGroups", "ALL"), ("AllowAccounts", "ALL"), ("AllowQos", "ALL")],
        [("AllocNodes", "ALL"), ("Default", "YES" if part.is_default else "NO"), ("QoS", "N/A")],
        [
            ("DefaultTime", "NONE" if least is None else format_duration(least)),
            ("DisableRootJobs", "NO"),
            ("ExclusiveUser", "NO"),
            ("GraceTime", 0),
            ("Hidden", "NO"),
        ],
        [
            ("MaxNodes", NO_LIMIT),
            ("MaxTime", NO_LIMIT if most is None else format_duration(most)),
            ("MinNodes", 0),
            ("LLN", "NO"),
            ("MaxCPUsPerNode", cores if is_capped else NO_LIMIT),
        ],
        [("Nodes", host.host)],
        [
            ("PriorityJobFactor", 1),
            ("PriorityTier", 1),
            ("RootOnly", "NO"),
            ("ReqResv", "NO"),
            ("OverSubscribe", "NO"),
        ],
        [("OverTimeLimit", "NONE"), ("PreemptMode", "OFF")],
        [
            ("State", "UP" if part.is_up else "DOWN"),
            ("TotalCPUs", cores),
            ("TotalNodes", 1),
            ("SelectTypeParameters", "NONE"),
        ],
        [("JobDefaults", NULL)],
        [
            ("DefMemPerNode", NO_LIMIT) if each is None else ("DefMemPerCPU", each),
            ("MaxMemPerNode", NO_LIMIT),
        ],
        [("TRES", f"cpu={cores},mem={memory_text(host.memory_mib)},node=1,billing={cores}")],
    ]
    return text(lines, one_line=one_line)
