"""The small records of one run, as agent and worker keep them, and their JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinysched.errors import SpoolError
from tinysched.job import steps, usage
from tinysched.job.model import Exit, JobId, RunId, Step
from tinysched.job.runs import Cause, Ending, Grant
from tinysched.job.usage import Usage
from tinysched.spool.decoding import Fields, parse, render
from tinysched.spool.seals import sealed
from tinysched.spool.tree import read_run_name

RUN_FORMAT = 1
EXIT_SIZE = 16384
_LONGEST_WORDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What the job's own process wrote down before it became the job.

    `start_ticks` and `boot_id` tell its pid from a later one's. `started_at`: UTC, seconds. `exit`
    is added by the worker before it takes the ended process away: whoever has to go on in the
    worker's place finds it here. `mark` is what its processes carry (host/marks.py; 0: nothing).
    `began_at`: boottime, seconds (None: written by an older release). `is_warned`, `is_told`: that
    it was sent the signal before its limit, and told in its stderr why it is ended.
    """

    pid: int
    start_ticks: int
    boot_id: str
    started_at: float
    exit: Exit | None = None
    mark: int = 0
    began_at: float | None = None
    is_warned: bool = False
    is_told: bool = False


def run_of(name: str) -> RunId | None:
    """The run that a directory's name means; None: no name of a run."""
    parts = read_run_name(name)
    if parts is None:
        return None
    number, task, attempt = parts
    return RunId(job=JobId(number=number, task=task), attempt=attempt)


def write_grant(grant: Grant) -> bytes:
    """A grant as JSON."""
    return sealed(
        {
            "format": RUN_FORMAT,
            "run": str(grant.run),
            "raw_id": grant.raw_id,
            "token": grant.token,
            "cores": grant.cores,
            "memory_mib": grant.memory_mib,
            "limit_s": grant.limit_s,
            "kill_wait_s": grant.kill_wait_s,
            "restarts": grant.restarts,
            "cluster": grant.cluster,
            **({"boot_id": grant.boot_id} if grant.boot_id else {}),
            **({"memory_per_cpu_mib": each} if (each := grant.memory_per_cpu_mib) else {}),
            **({"partition": grant.partition} if grant.partition else {}),
        }
    )


def read_grant(raw: bytes, where: str) -> Grant:
    """Read what `write_grant` wrote.

    Raises: SpoolError.
    """
    fields = _open(raw, where)
    return Grant(
        run=_run(fields),
        raw_id=fields.integer("raw_id"),
        token=fields.text("token"),
        cores=fields.integer("cores"),
        memory_mib=fields.integer("memory_mib"),
        limit_s=fields.optional_integer("limit_s"),
        kill_wait_s=fields.number("kill_wait_s"),
        restarts=fields.integer("restarts"),
        cluster=fields.text("cluster"),
        boot_id=fields.text("boot_id") if fields.present("boot_id") else "",
        memory_per_cpu_mib=fields.optional_integer("memory_per_cpu_mib") or 0,
        partition=fields.text("partition") if fields.present("partition") else "",
    )


def write_started(run: RunId, started: Started) -> bytes:
    """The start of a run as JSON."""
    return sealed(
        {
            "format": RUN_FORMAT,
            "run": str(run),
            "pid": started.pid,
            "start_ticks": started.start_ticks,
            "boot_id": started.boot_id,
            "started_at": started.started_at,
            "exit": write_exit(started.exit),
            "mark": started.mark,
            "began_at": started.began_at,
            "is_warned": started.is_warned,
            "is_told": started.is_told,
        }
    )


def read_started(raw: bytes, where: str, run: RunId) -> Started | None:
    """Read what `write_started` wrote; None: of another run, which had this directory before.

    Raises: SpoolError.
    """
    fields = _open(raw, where)
    if fields.present("run") and fields.text("run") != str(run):
        return None
    return Started(
        pid=fields.integer("pid", least=1),
        start_ticks=fields.integer("start_ticks"),
        boot_id=fields.text("boot_id"),
        started_at=fields.number("started_at"),
        exit=read_exit(fields),
        mark=fields.optional_integer("mark") or 0,
        began_at=fields.optional_number("began_at"),
        is_warned=fields.present("is_warned") and fields.flag("is_warned"),
        is_told=fields.present("is_told") and fields.flag("is_told"),
    )


def write_lingering(names: tuple[str, ...]) -> bytes:
    """What outlives KILL as JSON."""
    return render({"format": RUN_FORMAT, "lingering": list(names)})


def read_lingering(raw: bytes, where: str) -> tuple[str, ...]:
    """Read what `write_lingering` wrote.

    Raises: SpoolError.
    """
    return _open(raw, where).texts("lingering")


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendedRun:
    """What holds for a run since something was changed of it.

    `limit_s` None: no limit. `paused_at`: since when it is suspended (boottime, seconds; None: it
    is not); `paused_s`: how long it was before.
    """

    limit_s: int | None
    paused_at: float | None = None
    paused_s: float = 0.0


def write_amended(amended: AmendedRun) -> bytes:
    """What was changed of a run, as JSON."""
    return render(
        {
            "format": RUN_FORMAT,
            "limit_s": amended.limit_s,
            "paused_at": amended.paused_at,
            "paused_s": amended.paused_s,
        }
    )


def read_amended(raw: bytes, where: str) -> AmendedRun:
    """Read what `write_amended` wrote.

    Raises: SpoolError.
    """
    fields = _open(raw, where)
    return AmendedRun(
        limit_s=fields.optional_integer("limit_s"),
        paused_at=fields.optional_number("paused_at"),
        paused_s=fields.number("paused_s"),
    )


def write_ending(ending: Ending) -> bytes:
    """An exit record as JSON of at most EXIT_SIZE bytes: so much was reserved before the start.

    If need be it names fewer survivors, uses fewer words, and names no files and steps.
    """
    survivors = ending.survivors
    content = _ending(ending)
    while len(content) > EXIT_SIZE and survivors:
        survivors = survivors[: len(survivors) // 2]
        left_out = len(ending.survivors) - len(survivors)
        content = _ending(replace(ending, survivors=(*survivors, f"and {left_out} more")))
    if len(content) <= EXIT_SIZE:
        return content
    words = ending.words.encode("ascii", "replace").decode("ascii")[:_LONGEST_WORDS]
    return _ending(replace(ending, survivors=(), words=words, output="", error="", steps=()))


def _ending(ending: Ending) -> bytes:
    return sealed(
        {
            "format": RUN_FORMAT,
            "run": str(ending.run),
            "cause": ending.cause.value,
            "exit": write_exit(ending.exit),
            "started_at": ending.started_at,
            "ended_at": ending.ended_at,
            "elapsed_s": ending.elapsed_s,
            "cpu_s": ending.cpu_s,
            "survivors": list(ending.survivors),
            "output": ending.output,
            "error": ending.error,
            "words": ending.words,
            **write_steps(ending.steps),
            **write_usage(ending.usage),
        }
    )


def read_ending(raw: bytes, where: str) -> Ending:
    """Read what `write_ending` wrote.

    Raises: SpoolError.
    """
    fields = _open(raw, where)
    return Ending(
        run=_run(fields),
        cause=fields.choice("cause", Cause),
        exit=read_exit(fields),
        started_at=fields.optional_number("started_at"),
        ended_at=fields.number("ended_at"),
        elapsed_s=fields.number("elapsed_s"),
        cpu_s=fields.number("cpu_s"),
        survivors=fields.texts("survivors"),
        output=fields.text("output"),
        error=fields.text("error"),
        words=fields.text("words"),
        steps=read_steps(fields),
        usage=read_usage(fields),
    )


def write_steps(kept: tuple[Step, ...]) -> dict[str, object]:
    """The steps of a run as fields; one without steps has none."""
    return {"steps": [steps.write(step) for step in kept]} if kept else {}


def read_steps(fields: Fields) -> tuple[Step, ...]:
    """The steps in a record's fields; what makes no sense among them is left out.

    Raises: SpoolError.
    """
    return steps.read_all(fields.texts("steps")) if fields.present("steps") else ()


def write_usage(measured: Usage) -> dict[str, object]:
    """What a run took as fields; none if nothing is known."""
    line = usage.write(measured)
    return {"usage": line} if line else {}


def read_usage(fields: Fields) -> Usage:
    """What a run took, of a record's fields.

    Raises: SpoolError.
    """
    return usage.read(fields.text("usage")) if fields.present("usage") else usage.UNKNOWN


def write_exit(exit_: Exit | None) -> dict[str, object] | None:
    """An exit as the fields of a record."""
    return None if exit_ is None else {"code": exit_.code, "signal": exit_.signal}


def read_exit(fields: Fields) -> Exit | None:
    """The exit in a record's fields."""
    inner = fields.optional_inside("exit")
    if inner is None:
        return None
    return Exit(code=inner.integer("code"), signal=inner.integer("signal"))


def _run(fields: Fields) -> RunId:
    run = run_of(fields.text("run"))
    if run is None:
        raise fields.wrong("run", "is no name of a run")
    return run


def _open(raw: bytes, where: str) -> Fields:
    fields = parse(raw, where)
    found = fields.integer("format")
    if found > RUN_FORMAT:
        raise SpoolError(
            f"cannot read {where}: its format is {found}, this release reads up to {RUN_FORMAT}"
        )
    return fields
