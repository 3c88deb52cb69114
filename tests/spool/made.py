"""Jobs, tasks and requests for these tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tinysched.job.model import (
    Elements,
    Ended,
    Exit,
    Granted,
    Job,
    JobId,
    Outcome,
    Pending,
    Reason,
    RunId,
    Running,
    State,
    Task,
    Unit,
)
from tinysched.job.ranges import Ranges
from tinysched.job.request import Array, Request
from tinysched.job.runs import Cause, Ending, Grant
from tinysched.spool import outbox, tree
from tinysched.spool.store import Store

WAITS = Pending(eligible_at=100.0)
GRANTED = Granted(granted_at=110.0, cores=2)
RUNS = Running(granted_at=110.0, cores=2, started_at=111.0, pid=77, output="/o", error="/e")


def ended(outcome: Outcome = Outcome.COMPLETED, ended_at: float = 200.0) -> Ended:
    return Ended(
        outcome=outcome,
        reason=Reason(name="None"),
        ended_at=ended_at,
        exit=Exit(code=0 if outcome is Outcome.COMPLETED else 3),
        started_at=111.0,
        elapsed_s=ended_at - 111.0,
        cores=2,
    )


def plain(number: int, state: State = WAITS, name: str = "pi") -> Job:
    unit = Unit(id=JobId(number=number), raw_id=number, state=state)
    return Job(
        id=number,
        uid=1000,
        user="bob",
        token=f"t{number}",
        submitted_at=100.0,
        request=Request(name=name, submit_dir="/home/bob"),
        work=unit,
    )


def array(number: int, last: int, todo: str | None = None, limit: int | None = None) -> Job:
    tasks = Ranges.span(1, last)
    work = Elements(
        todo=tasks if todo is None else Ranges.parse(todo),
        cancelled=Ranges(),
        ended=Ranges(),
        eligible_at=100.0,
    )
    job = plain(number)
    request = replace(job.request, array=Array(tasks=tasks, limit=limit))
    return replace(job, request=request, work=work)


def task(job: Job, index: int, state: State = RUNS) -> Task:
    unit = Unit(id=JobId(number=job.id, task=index), raw_id=1000 + index, state=state, attempt=1)
    return Task(job=job, unit=unit)


def with_state(job: Job, state: State) -> Job:
    assert isinstance(job.work, Unit)
    return replace(job, work=replace(job.work, state=state))


def grant(number: int = 7, attempt: int = 1, index: int | None = None) -> Grant:
    return Grant(
        run=RunId(job=JobId(number=number, task=index), attempt=attempt),
        raw_id=number,
        token="tok",
        cores=1,
        memory_mib=100,
        limit_s=60,
        kill_wait_s=30.0,
    )


def ending(granted: Grant, code: int = 3) -> Ending:
    return Ending(
        run=granted.run,
        cause=Cause.EXIT,
        exit=Exit(code=code),
        started_at=5.0,
        ended_at=9.0,
        elapsed_s=4.0,
    )


def request_files(script: bytes = b"#!/bin/sh\nexit 3\n") -> list[tuple[str, bytes]]:
    return [
        ("slurm_script", script),
        ("argv", outbox.pack([b"-J", b"x", b"job.sh", b""])),
        ("variables", outbox.pack([b"SBATCH_TIMELIMIT=5"])),
        ("environment", outbox.pack([b"HOME=/home/bob", b"EMPTY=", b"TWO=a=b"])),
        ("cwd", b"/home/bob/a\nb"),
        ("umask", b"0027"),
        ("limits", b"Max open files 1024 4096 files\n"),
        ("command", b"tsbatch"),
    ]


def write_older_request(folder: Path, files: list[tuple[str, bytes]]) -> None:
    """A request as it was once left: each part a file of its own."""
    folder.mkdir(0o700, parents=True, exist_ok=True)
    for name, content in files:
        path = folder / name
        path.write_bytes(content)
        path.chmod(0o700 if name == "slurm_script" else 0o600)


def save_script(store: Store, number: int, content: bytes) -> None:
    """A script as former releases left it: a file of its own, whatever becomes of the record."""
    folder = store._files.folders[tree.PENDING]
    folder.save(tree.script_name(number), content, tree.CLOSED_FILE_MODE)
