"""What the tasks of a step see in their environment. Source: srun(1); FACTS "srun"."""

from __future__ import annotations

import posix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinysched.commands.steps.place import Place
    from tinysched.script.slurm.steps import Wants

_OURS = (b"SLURM_", b"SLURMD_", b"SRUN_")


def chosen(submitted: Mapping[bytes, bytes], export: str | None) -> dict[bytes, bytes]:
    """What of srun's own variables --export lets through; all of them unless it says otherwise."""
    words = _words("ALL" if export is None else export)
    values = dict(word.partition("=")[::2] for word in words if "=" in word)
    names = [word for word in words if "=" not in word]
    if "ALL" in names:
        found = dict(submitted)
    else:
        found = {name: value for name, value in submitted.items() if _is_kept(name, names)}
    found.update((_raw(name), _raw(value)) for name, value in values.items())
    return found


def _is_kept(name: bytes, names: list[str]) -> bool:
    return name.startswith(_OURS) or name == b"TJS_COOKIE" or name.decode(errors="replace") in names


def _words(text: str) -> list[str]:
    """Commas part them, but not between quotes."""
    words, quote = [""], ""
    for letter in text:
        if letter == "," and not quote:
            words.append("")
            continue
        if letter in "'\"" and quote in ("", letter):
            quote = "" if quote else letter
        words[-1] += letter
    return [word for word in words if word]


def of_step(place: Place, wants: Wants, number: int, host: str) -> dict[bytes, bytes]:
    """What all tasks of a step are told alike."""
    tasks, raw_id = wants.tasks, str(place.raw_id)
    umask = posix.umask(0o077)
    posix.umask(umask)
    told = {
        "TJS_COOKIE": place.cookie,
        "SLURMD_NODENAME": host,
        "SLURM_CLUSTER_NAME": place.cluster,
        "SLURM_CONF": "/etc/slurm/slurm.conf",
        "SLURM_CPUS_ON_NODE": str(place.step_cores),
        "SLURM_GTIDS": ",".join(map(str, range(tasks))),
        "SLURM_JOBID": raw_id,
        "SLURM_JOB_ID": raw_id,
        "SLURM_JOB_NODELIST": host,
        "SLURM_LAUNCH_NODE_IPADDR": "127.0.0.1",
        "SLURM_NNODES": "1",
        "SLURM_NODEID": "0",
        "SLURM_NODELIST": host,
        "SLURM_SRUN_COMM_HOST": "127.0.0.1",
        "SLURM_STEPID": str(number),
        "SLURM_STEP_ID": str(number),
        "SLURM_STEP_NODELIST": host,
        "SLURM_STEP_NUM_NODES": "1",
        "SLURM_STEP_NUM_TASKS": str(tasks),
        "SLURM_STEP_TASKS_PER_NODE": str(tasks),
        "SLURM_TASKS_PER_NODE": str(tasks),
        "SLURM_TOPOLOGY_ADDR": host,
        "SLURM_TOPOLOGY_ADDR_PATTERN": "node",
        "SLURM_UMASK": f"{umask:04o}",
    }
    told |= _of_job(place, wants)
    if not wants.has("preserve-env"):
        told |= {"SLURM_NTASKS": str(tasks), "SLURM_NPROCS": str(tasks)}
    if wants.has("cpus-per-task"):
        told["SLURM_CPUS_PER_TASK"] = wants.text("cpus-per-task") or "1"
    return {_raw(name): _raw(value) for name, value in told.items()}


def _of_job(place: Place, wants: Wants) -> dict[str, str]:
    """What a step says of its job: more if nobody has told of that before."""
    cores, layout = str(place.cores), wants.text("distribution")
    if place.is_whole:
        told = {"SLURM_JOB_CPUS_PER_NODE": cores, "SLURM_JOB_NUM_NODES": "1"}
        if layout is None and wants.has("ntasks-per-node"):
            layout = "block"
        return told | ({} if layout is None else {"SLURM_DISTRIBUTION": layout})
    told = {
        "SLURM_DISTRIBUTION": layout or "cyclic",
        "SLURM_JOB_CPUS_PER_NODE_PACK_GROUP_0": cores,
    }
    if place.is_ours:
        return told | {"SLURM_JOB_CPUS_PER_NODE": cores, "SLURM_JOB_NUM_NODES": "1"}
    from tinysched.host import identity

    return told | {
        "SLURM_JOB_GID": str(posix.getgid()),
        "SLURM_JOB_NAME": wants.text("job-name") or wants.command[0].rpartition("/")[2],
        "SLURM_JOB_PARTITION": place.partition,
        "SLURM_JOB_UID": str(posix.getuid()),
        "SLURM_JOB_USER": identity.user_name(posix.getuid()),
        "SLURM_PRIO_PROCESS": "0",
    }


def of_task(rank: int) -> dict[bytes, bytes]:
    """What one task is told of itself; its pid it learns from whoever starts it."""
    return {b"SLURM_PROCID": b"%d" % rank, b"SLURM_LOCALID": b"%d" % rank}


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
