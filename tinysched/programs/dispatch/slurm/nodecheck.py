"""Whether the one host can ever be what a job asks of a host, in Slurm's words."""

from __future__ import annotations

from tinysched.host.cores import short_hostname
from tinysched.job.request import Request
from tinysched.policy.capacity import Capacity
from tinysched.script.slurm import hostlist

NO_SUCH_NODE = "Invalid node name specified"
_UNAVAILABLE = "Requested node configuration is not available"
_NO_CORES = "CPU count per node can not be satisfied"
_NO_MEMORY = "Memory specification can not be satisfied"
_NO_DISK = "Temporary disk specification can not be satisfied"
_NO_SOCKETS = "Socket, core and/or thread specification can not be satisfied"


def node_complaint(request: Request, capacity: Capacity) -> tuple[str, ...] | None:
    """Lines about what this host is not, the reason last; None: nothing is wrong.

    To Slurm every core of ours is a socket of its own, with one thread.
    """
    names = _names(request)
    if names is not None:
        return names
    words = [
        words
        for words, is_wrong in (
            (_NO_CORES, _count(request, "mincpus") > capacity.cores),
            (_NO_MEMORY, _lacks_memory(request, capacity)),
            (_NO_DISK, _count(request, "tmp") > 0),
            (_NO_SOCKETS, _lacks_sockets(request, capacity)),
        )
        if is_wrong
    ]
    if words or _lacks_room(request, capacity):
        return (*words, _UNAVAILABLE)
    return None


def _names(request: Request) -> tuple[str, ...] | None:
    """What is wrong with the hosts that are named, or not wanted."""
    me = short_hostname()
    try:
        wanted = set(hostlist.expand(request.stored.get("nodelist", me)))
        unwanted = set(hostlist.expand(request.stored.get("exclude", "")))
    except ValueError:
        return (NO_SUCH_NODE,)
    if (wanted | unwanted) - {me} or ("nodelist" in request.stored and wanted & unwanted):
        return (NO_SUCH_NODE,)
    if not wanted:
        return ("Node count specification invalid",)
    return (_UNAVAILABLE,) if unwanted else None


def _lacks_memory(request: Request, capacity: Capacity) -> bool:
    most = capacity.memory_mib
    asked = max(request.memory_mib or 0, request.memory_per_cpu_mib or 0)
    return most is not None and asked > most


def _lacks_sockets(request: Request, capacity: Capacity) -> bool:
    return (
        _count(request, "sockets-per-node") > capacity.cores
        or _count(request, "cores-per-socket") > 1
        or _count(request, "threads-per-core") > 1
    )


def _lacks_room(request: Request, capacity: Capacity) -> bool:
    """Each wish alone could be granted, but not all together."""
    each, most = request.memory_per_cpu_mib, capacity.memory_mib
    whole = 0 if each is None else each * capacity.cores_of(request)
    per_node = request.tasks_per_node
    return (
        (most is not None and whole > most)
        or _count(request, "ntasks-per-socket") > 1
        or (per_node is not None and per_node < request.tasks)
    )


def _count(request: Request, option: str) -> int:
    return int(request.stored.get(option, "0"))
