"""The part of a record that says what was asked for."""

from __future__ import annotations

from tinysched.job.dependencies import Dependencies, Edge, Kind, Verdict
from tinysched.job.ranges import Ranges
from tinysched.job.request import Array, Export, OpenMode, Request
from tinysched.job.signals import LimitSignal, Reach
from tinysched.spool.decoding import Fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # for keyword arguments of several types, by name

_MOST_ARGUMENTS = 1 << 20
_PLAIN = Request(name="", submit_dir="/")
_FLAGS = ("joined", "kill_on_invalid_dependency", "overcommit")
_INTEGERS = ("nodes", "tasks_per_node", "memory_per_cpu_mib", "nice", "cores_asked")
_NUMBERS = ("begin_at", "deadline_at")
_TEXTS = ("command",)


def write_request(request: Request) -> dict[str, object]:
    """A request as fields; what was not asked for is left out if an older release knew no name."""
    array = request.array
    return {
        "name": request.name,
        "submit_dir": request.submit_dir,
        "ntasks": request.ntasks,
        "cpus_per_task": request.cpus_per_task,
        "exclusive": request.exclusive,
        "foreground": request.foreground,
        "memory_mib": request.memory_mib,
        "limit_s": request.limit_s,
        "array": None if array is None else {"tasks": str(array.tasks), "limit": array.limit},
        "output": request.output,
        "error": request.error,
        "input": request.input,
        "open_mode": request.open_mode.value,
        "chdir": request.chdir,
        "export": {
            "everything": request.export.everything,
            "names": list(request.export.names),
        },
        "held": request.held,
        "requeue": request.requeue,
        "partition": request.partition,
        "qos": request.qos,
        "account": request.account,
        "comment": request.comment,
        "mail_type": request.mail_type,
        "mail_user": request.mail_user,
        "arguments": len(request.arguments),
        **_write_further(request),
    }


def _write_further(request: Request) -> dict[str, object]:
    """Fields that came after the first release of the format: written only when asked for."""
    further: dict[str, object] = {
        name: getattr(request, name)
        for name in (*_FLAGS, *_INTEGERS, *_NUMBERS, *_TEXTS)
        if getattr(request, name) != getattr(_PLAIN, name)
    }
    if request.stored:
        further["stored"] = dict(request.stored)
    if request.limit_signal is not None:
        further["limit_signal"] = _write_limit_signal(request.limit_signal)
    if request.dependency is not None:
        further |= write_dependencies(request.dependency)
    return further


def _read_further(fields: Fields) -> dict[str, Any]:  # Any: fields of several types, by name
    found: dict[str, Any] = {}  # Any: as above
    found |= {name: fields.flag(name) for name in _FLAGS if fields.present(name)}
    found |= {name: fields.integer(name, least=None) for name in _INTEGERS if fields.present(name)}
    found |= {name: fields.number(name) for name in _NUMBERS if fields.present(name)}
    found |= {name: fields.text(name) for name in _TEXTS if fields.present(name)}
    if fields.present("stored"):
        found["stored"] = fields.mapping("stored")
    if fields.present("limit_signal"):
        found["limit_signal"] = _read_limit_signal(fields.inside("limit_signal"))
    dependency = read_dependencies(fields)
    return found | ({"dependency": dependency} if dependency.edges else {})


def _write_limit_signal(signal: LimitSignal) -> dict[str, object]:
    return {"number": signal.number, "before_s": signal.before_s, "reach": signal.reach.value}


def _read_limit_signal(fields: Fields) -> LimitSignal:
    return LimitSignal(
        number=fields.integer("number", least=1),
        before_s=fields.integer("before_s"),
        reach=fields.choice("reach", Reach),
    )


def write_dependencies(found: Dependencies) -> dict[str, object]:
    """What a job waits for, as fields; none if there is nothing."""
    if not found.edges:
        return {}
    edges = [
        [edge.kind.value, edge.number, edge.task, edge.is_array, edge.delay_min, edge.verdict.value]
        for edge in found.edges
    ]
    return {"dependencies": edges, "any_dependency": found.any_will_do}


def read_dependencies(fields: Fields) -> Dependencies:
    """What a job waits for.

    Raises: SpoolError.
    """
    if not fields.present("dependencies"):
        return Dependencies()
    any_will_do = fields.flag("any_dependency")
    try:
        edges = tuple(_read_edge(edge) for edge in fields.lists("dependencies"))
    except ValueError as error:
        raise fields.wrong("dependencies", f"is no list of conditions: {error}") from error
    return Dependencies(edges=edges, any_will_do=any_will_do and bool(edges))


def _read_edge(values: list[object]) -> Edge:
    kind, number, task, is_array, delay_min, verdict = values
    return Edge(
        kind=Kind(kind),
        number=_count(number),
        task=None if task is None else _count(task),
        is_array=is_array is True,
        delay_min=_count(delay_min),
        verdict=Verdict(verdict),
    )


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no number")
    return value


def read_request(fields: Fields) -> Request:
    """The request in a record's fields.

    Raises: SpoolError.
    """
    arguments = fields.integer("arguments")
    if arguments > _MOST_ARGUMENTS:
        raise fields.wrong("arguments", "is too large")
    export = fields.inside("export")
    return Request(
        name=fields.text("name"),
        submit_dir=fields.text("submit_dir"),
        ntasks=fields.optional_integer("ntasks"),
        cpus_per_task=fields.optional_integer("cpus_per_task"),
        exclusive=fields.flag("exclusive"),
        foreground=fields.flag("foreground"),
        memory_mib=fields.optional_integer("memory_mib"),
        limit_s=fields.optional_integer("limit_s"),
        array=_read_array(fields),
        output=fields.optional_text("output"),
        error=fields.optional_text("error"),
        input=fields.optional_text("input"),
        open_mode=fields.choice("open_mode", OpenMode),
        chdir=fields.optional_text("chdir"),
        export=Export(everything=export.flag("everything"), names=export.texts("names")),
        held=fields.flag("held"),
        requeue=fields.flag("requeue"),
        partition=fields.optional_text("partition"),
        qos=fields.optional_text("qos"),
        account=fields.optional_text("account"),
        comment=fields.optional_text("comment"),
        mail_type=fields.optional_text("mail_type"),
        mail_user=fields.optional_text("mail_user"),
        arguments=("",) * arguments,
        **_read_further(fields),
    )


def _read_array(fields: Fields) -> Array | None:
    inner = fields.optional_inside("array")
    if inner is None:
        return None
    return Array(tasks=ranges(inner, "tasks"), limit=inner.optional_integer("limit"))


def ranges(fields: Fields, name: str) -> Ranges:
    """A list of tasks.

    Raises: SpoolError.
    """
    try:
        return Ranges.parse(fields.text(name))
    except ValueError as error:
        raise fields.wrong(name, f"is no list of tasks: {error}") from error
