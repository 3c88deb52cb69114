"""The host for programs in the shape of Slurm 22.05's `sinfo --json`.

Text is escaped to ASCII, so that no name can steer a terminal.
"""

from __future__ import annotations

from json import dumps

from tinysched.job.standing import Node
from tinysched.report.slurm.sinfo_rows import use_of
from tinysched.report.slurm.squeue_json import META


def render(node: Node, reason_user: str) -> str:
    """The one node, with what Slurm says around it."""
    answer = {"meta": dict(META), "errors": [], "nodes": [_node(node, reason_user)]}
    return dumps(answer, indent=2) + "\n"


def _node(node: Node, reason_user: str) -> dict[str, object]:
    return {
        "architecture": node.architecture,
        "burstbuffer_network_address": "",
        "boards": 1,
        "boot_time": int(node.booted_at),
        "comment": "",
        "cores": 1,
        "cpu_binding": 0,
        "cpu_load": round(node.load * 100),
        "extra": "",
        "free_memory": node.memory_free_mib,
        "cpus": node.cores,
        "last_busy": int(node.began_at),
        "features": "",
        "active_features": "",
        "gres": "",
        "gres_drained": "N/A",
        "gres_used": "",
        "mcs_label": "",
        "name": node.host,
        "next_state_after_reboot": "invalid",
        "address": node.host,
        "hostname": node.host,
        "state": use_of(node),
        "state_flags": ["DRAIN"] if node.is_drained else [],
        "next_state_after_reboot_flags": [],
        "operating_system": node.system,
        "owner": None,
        "partitions": [part.name for part in node.parts],
        "port": 0,
        "real_memory": node.memory_mib,
        "reason": node.reason,
        "reason_changed_at": int(node.reason_at or 0),
        "reason_set_by_user": reason_user if node.reason else None,
        "slurmd_start_time": int(node.began_at),
        "sockets": node.cores,
        "threads": 1,
        "temporary_disk": 0,
        "weight": 1,
        "tres": f"cpu={node.cores},mem={node.memory_mib}M,billing={node.cores}",
        "slurmd_version": node.version,
        "alloc_memory": node.memory_taken_mib,
        "alloc_cpus": node.cores_taken,
        "idle_cpus": node.cores - node.cores_taken,
        "tres_used": f"cpu={node.cores_taken}" if node.cores_taken else None,
        "tres_weighted": 0.0,
    }
