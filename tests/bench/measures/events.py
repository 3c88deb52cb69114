"""What one event costs the dispatcher, beside ever more jobs that wait or have ended."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench import histories, processes
from tests.bench.measures import ended
from tests.bench.processes import BenchError
from tests.bench.rows import Row, at_most
from tests.bench.scale import FULL
from tests.bench.stage import Bench, Stage, say
from tests.bench.systems.ours import Tinysched
from tests.bench.systems.system import System, files_in, waits

_SLOTS = 2
_TURN_S = 60.0
_QUIET_S = 0.5
_ENDED = (0, FULL.ended)
_TASKS_OF_CASE = 100_000


def _growth(sizes: tuple[int, ...]) -> float:
    """How much more a logarithm of the last is than one of the first."""
    return math.log(sizes[-1]) / math.log(sizes[0])


def _key(kind: str, deed: str, size: int) -> str:
    return f"event.{deed}.{kind}.{size}"


def _rows(kind: str, words: str, sizes: tuple[int, ...], limit: float) -> list[Row]:
    """A row for each size and deed; the last has a goal, in terms of the first."""
    deeds = {"run": "a job starts and ends", "submit": "a job is submitted and cancelled"}
    made = list[Row]()
    for deed, what in deeds.items():
        for size in sizes:
            first = _key(kind, deed, sizes[0])
            goal = at_most(limit, row=first, words=f"at most {limit:.2g} x with {sizes[0]:,}")
            made.append(
                Row(
                    key=_key(kind, deed, size),
                    group="events",
                    what=f"CPU of the dispatcher: {what}, {size:,} {words}",
                    goals=(goal,) if size == sizes[-1] else (),
                )
            )
    return made


ROWS = (
    *_rows("tasks", "tasks waiting", FULL.sizes, _growth(FULL.sizes)),
    *_rows("separate", "separate jobs waiting", FULL.separate, _growth(FULL.separate)),
    *_rows("ended", "jobs have ended", _ENDED, 1.2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A queue with a held array, whose tasks run when they are released. `size`: how full it is."""

    kind: str
    size: int
    system: Tinysched
    array: str
    outputs: Path


def run(bench: Bench) -> None:
    """Each kind of fullness for itself, its sizes side by side."""
    if bench.wants("events"):
        say("the cost of an event")
        for kind in bench.kinds_of(Tinysched):
            _beside_waiting(bench, kind, "tasks", bench.scale.sizes)
            _beside_waiting(bench, kind, "separate", bench.scale.separate)
    if bench.wants("events", "ended"):
        for kind in bench.kinds_of(Tinysched):
            _beside_ended(bench, kind)


def _beside_waiting(
    bench: Bench, kind: type[Tinysched], fullness: str, sizes: tuple[int, ...]
) -> None:
    with bench.stage([], _SLOTS) as stage:
        cases = list[_Case]()
        for size in sizes:
            system = stage.open(kind, _SLOTS, f"{fullness}{size}")
            if system is not None and fullness == "separate":
                _add_waiting(system, size)
            if system is not None:
                cases.append(_case(system, fullness, size))
        _play(stage, cases)


def _beside_ended(bench: Bench, kind: type[Tinysched]) -> None:
    """Two queues side by side, one of which has a past; so has the rows' other measure."""
    say("jobs that have ended")
    sizes = (0, bench.scale.ended)
    with bench.stage([], _SLOTS) as stage:
        systems = [ended.with_past(stage, kind, _SLOTS, size + 1) for size in sizes]
        if bench.wants("ended"):
            ended.ask(stage, systems)
        if bench.wants("events"):
            cases = [
                _case(system, "ended", size) for system, size in zip(systems, sizes, strict=True)
            ]
            _play(stage, cases)


def _case(system: Tinysched, fullness: str, size: int) -> _Case:
    tasks = size if fullness == "tasks" else _TASKS_OF_CASE
    outputs = system.place / "outputs"
    outputs.mkdir()
    words = ["tsbatch", "--hold", "-o", f"{outputs}/%a", "-e", f"{outputs}/%a"]
    done = system.do([*words, f"--array=0-{tasks - 1}", system.jobs["noop"]])
    array = system.job_id(done.out)
    return _Case(kind=fullness, size=size, system=system, array=array, outputs=outputs)


def _add_waiting(system: Tinysched, count: int) -> None:
    """One core is taken for long; these want two, so that all that runs has to pass them by."""
    system.do(system.submit(system.jobs["long"]) or "true")
    if not waits(lambda: not system.pending(), _TURN_S):
        raise BenchError("the first job does not start")
    system.stop_dispatcher()
    histories.add_waiting(system.root, count, _SLOTS)
    system.restart()
    system.until_up()


def _play(stage: Stage, cases: list[_Case]) -> None:
    """In turns; the first turn only warms up."""
    results, count = stage.bench.results, stage.bench.scale.events
    by_system = {id(case.system): case for case in cases}

    def act(system: System, number: int) -> None:
        case = by_system[id(system)]
        for deed, deeds in (("run", _run_some), ("submit", _submit_some)):
            each_ms = deeds(case, count)
            if number:
                row = _key(case.kind, deed, case.size)
                results.record(row, system.name, number - 1, each_ms)

    rounds = stage.bench.scale.rounds + 1
    stage.play("events", act, rounds, [case.system for case in cases])


def _run_some(case: _Case, count: int) -> float:
    """Dispatcher's CPU time (ms) for each task that has run; some more run than were asked for."""
    system, before = case.system, files_in(case.outputs)
    began_ns = processes.cpu_ns([system.dispatcher])
    system.do(["tscontrol", "release", case.array])
    if not waits(lambda: files_in(case.outputs) >= before + count, _TURN_S, 0.01):
        raise BenchError(f"tasks do not run beside {case.size} {case.kind}")
    system.do(["tscontrol", "hold", case.array])
    time.sleep(_QUIET_S)
    ran = files_in(case.outputs) - before
    return (processes.cpu_ns([system.dispatcher]) - began_ns) / 1e6 / ran


def _submit_some(case: _Case, count: int) -> float:
    """Dispatcher's CPU time (ms) for each job that is submitted, held, and cancelled."""
    system = case.system
    began_ns = processes.cpu_ns([system.dispatcher])
    submits = f"j=$(tsbatch --parsable --hold -o /dev/null {system.jobs['noop']})"
    loop = f"i=0; while [ $i -lt {count} ]; do {submits} && tscancel $j; i=$((i+1)); done"
    system.do(loop, _TURN_S + count)
    return (processes.cpu_ns([system.dispatcher]) - began_ns) / 1e6 / count
