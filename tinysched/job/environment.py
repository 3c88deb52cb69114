"""From a granted job to the variables it sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinysched.job.request import OpenMode, Request
from tinysched.job.runs import Grant

COOKIE = "TJS_COOKIE"
PID_VARIABLE = b"SLURM_TASK_PID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a job runs as, and where."""

    user: str
    uid: int
    gid: int
    host: str


def cookie(grant: Grant) -> str:
    """What marks every process of one attempt: 128 random bits and the attempt's name."""
    return f"{grant.token}.{grant.run}"


def wants_login(request: Request) -> bool:
    """Whether a job begins with what a fresh login of its owner sets."""
    return not request.export.everything or "get-user-env" in request.stored


def environment(
    request: Request,
    grant: Grant,
    person: Person,
    submitted: Mapping[bytes, bytes],
    login: Mapping[bytes, bytes],
) -> dict[bytes, bytes]:
    """All variables of a job.

    `submitted` is the submitter's environment, `login` a fresh login's. Raises nothing.
    Source: sbatch(1) --export; FACTS "Environment of a job".
    """
    export = request.export
    base = dict(login) if wants_login(request) else {}
    if export.everything:
        base.update(submitted)
    else:
        for name in export.names:
            value = submitted.get(raw(name))
            if value is not None:
                base[raw(name)] = value
    chosen = {**dict(export.values), **_variables(request, grant, person)}
    base.update({raw(name): raw(value) for name, value in chosen.items()})
    base.setdefault(b"TMPDIR", b"/tmp")
    return base


def of_every_job(request: Request, grant: Grant, person: Person) -> dict[str, str]:
    """What every job is told, whatever it was submitted with."""
    host, cores, raw_id = person.host, str(grant.cores), str(grant.raw_id)
    return {
        COOKIE: cookie(grant),
        "ENVIRONMENT": "BATCH",
        "HOSTNAME": host,
        "SLURMD_NODENAME": host,
        "SLURM_CLUSTER_NAME": grant.cluster,
        "SLURM_WORKING_CLUSTER": f"{grant.cluster}:{host}:0:9728:101",
        "SLURM_CPUS_ON_NODE": cores,
        "SLURM_GTIDS": "0",
        "SLURM_JOBID": raw_id,
        "SLURM_JOB_ID": raw_id,
        "SLURM_JOB_CPUS_PER_NODE": cores,
        "SLURM_JOB_GID": str(person.gid),
        "SLURM_JOB_NAME": request.name,
        "SLURM_JOB_NODELIST": host,
        "SLURM_JOB_NUM_NODES": "1",
        "SLURM_JOB_PARTITION": grant.partition or request.partition or grant.cluster,
        "SLURM_JOB_QOS": request.qos or "normal",
        "SLURM_JOB_UID": str(person.uid),
        "SLURM_JOB_USER": person.user,
        "SLURM_LOCALID": "0",
        "SLURM_NNODES": "1",
        "SLURM_NODEID": "0",
        "SLURM_NODELIST": host,
        "SLURM_NODE_ALIASES": "(null)",
        "SLURM_PRIO_PROCESS": "0",
        "SLURM_PROCID": "0",
        "SLURM_SUBMIT_DIR": request.submit_dir,
        "SLURM_SUBMIT_HOST": host,
        "SLURM_TOPOLOGY_ADDR": host,
        "SLURM_TOPOLOGY_ADDR_PATTERN": "node",
    }


def _variables(request: Request, grant: Grant, person: Person) -> dict[str, str]:
    return {
        **of_every_job(request, grant, person),
        "SLURM_CPUS_PER_TASK": str(request.cpus_per_task or 1),
        "SLURM_MEM_PER_NODE": str(grant.memory_mib),
        "SLURM_TASKS_PER_NODE": str(request.ntasks or 1),
        **_when_asked_for(request, grant),
        **of_an_array(request, grant),
    }


def _when_asked_for(request: Request, grant: Grant) -> dict[str, str]:
    variables: dict[str, str] = {}
    if request.ntasks is not None:
        variables |= {"SLURM_NTASKS": str(request.ntasks), "SLURM_NPROCS": str(request.ntasks)}
    if request.account is not None:
        variables["SLURM_JOB_ACCOUNT"] = request.account
    if request.open_mode is OpenMode.APPEND:
        variables["SLURM_OPEN_MODE"] = "a"
    if wants_login(request):
        variables["SLURM_GET_USER_ENV"] = "1"
    if not request.export.everything:
        variables["SLURM_EXPORT_ENV"] = ",".join(request.export.names) or "NONE"
    if grant.restarts:
        variables["SLURM_RESTART_COUNT"] = str(grant.restarts)
    return variables


def of_an_array(request: Request, grant: Grant) -> dict[str, str]:
    """What a task of an array is told of its place; nothing for any other job."""
    task = grant.run.job.task
    if request.array is None or task is None:
        return {}
    tasks = request.array.tasks
    spans = tasks.spans
    step = spans[0][2] if len(spans) == 1 else 1
    return {
        "SLURM_ARRAY_JOB_ID": str(grant.run.job.number),
        "SLURM_ARRAY_TASK_ID": str(task),
        "SLURM_ARRAY_TASK_COUNT": str(len(tasks)),
        "SLURM_ARRAY_TASK_MIN": str(tasks.first),
        "SLURM_ARRAY_TASK_MAX": str(tasks.last),
        "SLURM_ARRAY_TASK_STEP": str(step),
    }


def raw(text: str) -> bytes:
    """A name or a value as the kernel has it."""
    return text.encode("utf-8", "surrogateescape")
