"""The variables of a job that was submitted under one of Slurm's names: Slurm's own set.

Source: sbatch(1) "OUTPUT ENVIRONMENT VARIABLES"; what jobs of a real Slurm 22.05 saw.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from tinysched.job import environment
from tinysched.job.environment import Person, raw
from tinysched.job.request import Request
from tinysched.job.runs import Grant

Said = Mapping[str, str]
"""The options that were given, by their long names, with the text of the one that counts."""

# Nothing lies there, and nothing of ours reads it; programs look whether it is set.
_CONF = "/etc/slurm/slurm.conf"
_OWN = (b"SLURM_", b"SPANK_")
# Told from sbatch, or srun, to whoever starts a task, and meant for nobody else.
_PASSED_BY = (b"SLURM_RLIMIT_", b"SLURM_UMASK")
_AS_SAID = {
    "dependency": "SLURM_JOB_DEPENDENCY",
    "gpu-bind": "SLURM_GPU_BIND",
    "gpu-freq": "SLURM_GPU_FREQ",
    "gpus": "SLURM_GPUS",
    "gpus-per-node": "SLURM_GPUS_PER_NODE",
    "gpus-per-socket": "SLURM_GPUS_PER_SOCKET",
    "gpus-per-task": "SLURM_GPUS_PER_TASK",
    "ntasks-per-core": "SLURM_NTASKS_PER_CORE",
    "ntasks-per-socket": "SLURM_NTASKS_PER_SOCKET",
    "threads-per-core": "SLURM_THREADS_PER_CORE",
}
# With one of these a hint says nothing.
_BETTER_THAN_HINTS = ("ntasks-per-core", "threads-per-core", "extra-node-info", "cpu-bind")
_ANY_NUMBER = "65535"
_PROFILES = ("Energy", "Lustre", "Network", "Task")
_FREQUENCIES = MappingProxyType(
    {
        word.lower(): word
        for word in (
            *("Low", "Medium", "High", "Highm1", "Conservative", "OnDemand", "Performance"),
            *("PowerSave", "SchedUtil", "UserSpace"),
        )
    }
)
_BINDINGS = {"q": "quiet", "v": "verbose", "p": "prefer", "no": "none"}


def wants_login(said: Said) -> bool:
    """Whether a job begins with what a fresh login of its owner sets."""
    return said.get("export", "ALL").upper() != "ALL" or "get-user-env" in said


def variables(
    request: Request,
    said: Said,
    grant: Grant,
    person: Person,
    sources: tuple[Mapping[bytes, bytes], Mapping[bytes, bytes]],
) -> dict[bytes, bytes]:
    """All variables of a job.

    `sources`: the submitter's environment, and that of a fresh login. What the submitter has of
    Slurm's own goes with the job whatever --export says, unless the job has that itself.
    """
    submitted, login = sources
    submitted = {n: v for n, v in submitted.items() if not n.startswith(_PASSED_BY)}
    export = request.export
    found = dict(login) if wants_login(said) else {}
    if export.everything:
        found.update(submitted)
    else:
        names = {raw(name) for name in export.names}
        kept = {n: v for n, v in submitted.items() if n in names or n.startswith(_OWN)}
        found.update(kept)
    found.update((raw(name), raw(value)) for name, value in export.values.items())
    told = environment.of_every_job(request, grant, person) | _of_slurms(request, said, grant)
    if request.cpus_per_task is not None or b"SLURM_CPUS_PER_TASK" in found:
        told["SLURM_CPUS_PER_TASK"] = str(request.cpus_per_task or 1)
    if "export" in said and said["export"].upper() != "ALL":
        found.setdefault(b"SLURM_EXPORT_ENV", raw(said["export"]))
    found.update((raw(name), raw(value)) for name, value in told.items())
    found.setdefault(b"TMPDIR", b"/tmp")
    return found


def _of_slurms(request: Request, said: Said, grant: Grant) -> dict[str, str]:
    told = {"SLURM_CONF": _CONF} | _tasks(request, grant) | _memory(request, grant)
    told |= _of_an_array(request, said, grant)
    if request.overcommit:
        told["SLURM_OVERCOMMIT"] = "1"
    if request.account is not None:
        told["SLURM_JOB_ACCOUNT"] = request.account
    if wants_login(said):
        told["SLURM_GET_USER_ENV"] = "1"
    if grant.restarts:
        told["SLURM_RESTART_COUNT"] = str(grant.restarts)
    told |= {_AS_SAID[option]: text for option, text in said.items() if option in _AS_SAID}
    for option, tell in _TELLS.items():
        if option in said:
            told |= tell(said[option], said)
    return told


def _tasks(request: Request, grant: Grant) -> dict[str, str]:
    """How many there are; unless somebody asked, as many as the cores allow."""
    if request.ntasks is None and request.tasks_per_node is None:
        return {"SLURM_TASKS_PER_NODE": str(max(1, grant.cores // (request.cpus_per_task or 1)))}
    told = dict.fromkeys(
        ("SLURM_TASKS_PER_NODE", "SLURM_NTASKS", "SLURM_NPROCS"), str(request.tasks)
    )
    if request.tasks_per_node is not None:
        told["SLURM_NTASKS_PER_NODE"] = str(request.tasks_per_node)
    return told


def _memory(request: Request, grant: Grant) -> dict[str, str]:
    """Each core's, or the job's; who asks for all of it is told nothing."""
    if request.memory_mib == 0:
        return {}
    if grant.memory_per_cpu_mib:
        return {"SLURM_MEM_PER_CPU": str(grant.memory_per_cpu_mib)}
    return {"SLURM_MEM_PER_NODE": str(grant.memory_mib)}


def _of_an_array(request: Request, said: Said, grant: Grant) -> dict[str, str]:
    told = environment.of_an_array(request, grant)
    step = re.search(r":\s*(\d{1,9})", said.get("array", ""), re.ASCII)
    if told:
        told["SLURM_ARRAY_TASK_STEP"] = "1" if step is None else str(int(step[1]))
    return told


def _hint(text: str, said: Said) -> dict[str, str]:
    if any(option in said for option in _BETTER_THAN_HINTS):
        return {}
    hint = text.lower()
    if hint == "multithread":
        return {"SLURM_HINT": hint, "SLURM_NTASKS_PER_CORE": _ANY_NUMBER}
    return {"SLURM_HINT": hint, "SLURM_THREADS_PER_CORE": "1"}


def _distribution(text: str, _said: Said) -> dict[str, str]:
    layout = text.lower()
    if layout.startswith("plane="):
        size = layout.partition("=")[2]
        return {"SLURM_DISTRIBUTION": "plane", "SLURM_DIST_PLANESIZE": size}
    levels, comma, pack = layout.partition(",")
    first, *others = levels.split(":")
    words = ["block" if first == "*" else first, *("cyclic" if w == "*" else w for w in others)]
    return {"SLURM_DISTRIBUTION": f"{':'.join(words)}{comma}{pack}"}


def _profile(text: str, _said: Said) -> dict[str, str]:
    words = text.lower().split(",")
    wanted = [name for name in _PROFILES if "all" in words or name.lower() in words]
    return {"SLURM_PROFILE": ",".join(wanted) or "None"}


def _frequency(text: str, _said: Said) -> dict[str, str]:
    words = re.split(r"([-:])", text.lower())
    return {"SLURM_CPU_FREQ_REQ": "".join(_FREQUENCIES.get(word, word) for word in words)}


def _binding(text: str, _said: Said) -> dict[str, str]:
    words = [_BINDINGS.get(word, word) for word in text.lower().split(",")]
    verbose = "verbose" if "verbose" in words else "quiet"
    shown = [re.sub(r"(?<=[:,])0x", "", word) for word in words if word != "quiet"]
    if not shown:
        return {}
    told = {"SLURM_MEM_BIND": ",".join(shown), "SLURM_MEM_BIND_VERBOSE": verbose}
    return told | ({"SLURM_MEM_BIND_SORT": "sort"} if "sort" in words else {})


def _open_mode(text: str, _said: Said) -> dict[str, str]:
    return {"SLURM_OPEN_MODE": text[:1].lower()}


def _node_info(text: str, _said: Said) -> dict[str, str]:
    """Sockets, cores, threads: the last are told."""
    parts = text.split(":")
    return {"SLURM_THREADS_PER_CORE": parts[2]} if len(parts) > 2 and parts[2].isdigit() else {}


_TELLS: Mapping[str, Callable[[str, Said], dict[str, str]]] = MappingProxyType(
    {
        "cpu-freq": _frequency,
        "distribution": _distribution,
        "extra-node-info": _node_info,
        "hint": _hint,
        "mem-bind": _binding,
        "open-mode": _open_mode,
        "profile": _profile,
    }
)
