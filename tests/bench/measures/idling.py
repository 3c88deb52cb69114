"""What it costs that nothing happens: CPU time and memory over a while, of all systems at once."""

from __future__ import annotations

import time

from tests.bench import processes
from tests.bench.rows import Row, at_most
from tests.bench.stage import Bench, Stage, say
from tests.bench.systems.slurm import TunedSlurm
from tests.bench.systems.system import System, waits

_SLOTS, _MANY_SLOTS = 8, 128
_SETTLE_S = 3.0
_UP_S = 120.0

_STATES = {"empty": "an empty queue", "full": "10 000 jobs waiting", "running": "100 jobs running"}
_CPU = {"empty": 10, "full": 20, "running": 400}
_PSS = {"empty": 22, "full": 45}
ROWS = (
    *(
        Row(
            key=f"idle.cpu.{state}",
            group="idle",
            what=f"CPU time a minute, {words}",
            goals=(at_most(_CPU[state]),),
        )
        for state, words in _STATES.items()
    ),
    *(
        Row(
            key=f"idle.pss.{state}",
            group="idle",
            what=f"PSS of dispatcher and agent, {_STATES[state]}",
            unit="MB",
            goals=(at_most(limit),),
        )
        for state, limit in _PSS.items()
    ),
    Row(
        key="idle.pss.running",
        group="idle",
        what="PSS of each running job, without the job itself",
        unit="MB",
        goals=(at_most(1),),
    ),
)


def run(bench: Bench) -> None:
    """An empty queue, then many running jobs. The full one is that of another group."""
    if not bench.wants("idle"):
        return
    kinds = [kind for kind in bench.kinds if not issubclass(kind, TunedSlurm)]
    say("an empty queue that idles")
    with bench.stage(kinds, _SLOTS) as stage:
        _wake(stage)
        window(stage, "empty")
    say("running jobs that idle")
    with bench.stage(kinds, _MANY_SLOTS) as stage:
        _wake(stage)
        before = {one.name: _memory_mb(one) for one in stage.systems if one.daemons()}
        stage.systems = [one for one in stage.systems if one.name in before]
        up = _run_sleeps(stage)
        window(stage, "running")
        for system in stage.systems:
            if count := up.get(system.name):
                each = (_memory_mb(system) - before[system.name]) / count
                bench.results.record("idle.pss.running", system.name, 0, each)


def _wake(stage: Stage) -> None:
    """One job each, so that agents and servers are there; then a moment of rest."""

    def act(system: System, number: int) -> None:
        command = system.submit(system.jobs["noop"]) if system.daemons() else None
        if command is not None:
            system.do(command)
            system.until_idle()

    stage.play("idle", act)
    time.sleep(_SETTLE_S)


def _run_sleeps(stage: Stage) -> dict[str, int]:
    """How many jobs of each system are up."""
    wanted = stage.bench.scale.running
    up = dict[str, int]()

    def act(system: System, number: int) -> None:
        text = system.loop(system.jobs["long"], wanted)
        before = _sleeps()
        if text is None:
            return
        system.do(text, _UP_S)
        waits(lambda: _sleeps() - before >= wanted, _UP_S, 0.2)
        up[system.name] = _sleeps() - before
        if up[system.name] != wanted:
            words = f"{up[system.name]} of {wanted} ran"
            for row in ("idle.cpu.running", "idle.pss.running"):
                stage.bench.results.note(row, system.name, words, is_unlike=True)

    stage.play("idle.running", act)
    return up


def _sleeps() -> int:
    return sum(processes.called(pid) == "sleep" for pid in processes.descendants())


def window(stage: Stage, state: str) -> None:
    """The same while for all that have daemons. Jobs themselves do not count."""
    results, window_s = stage.bench.results, stage.bench.scale.window_s
    time.sleep(_SETTLE_S)
    began = time.perf_counter()
    before = {one.name: processes.cpu_ns(_members(one)) for one in stage.systems}
    time.sleep(window_s)
    for system in stage.systems:
        members = _members(system)
        if not members:
            continue
        took_ns = processes.cpu_ns(members) - before[system.name]
        a_minute = took_ns / 1e6 * 60 / (time.perf_counter() - began)
        results.record(f"idle.cpu.{state}", system.name, 0, a_minute)
    for system in stage.systems:
        memory_kib = processes.pss_kib(_no_jobs(system.standing()))
        if state in _PSS and memory_kib:
            results.record(f"idle.pss.{state}", system.name, 0, memory_kib / 1024)


def _members(system: System) -> list[int]:
    return _no_jobs(system.family())


def _no_jobs(pids: list[int]) -> list[int]:
    return [pid for pid in pids if processes.called(pid) != "sleep"]


def _memory_mb(system: System) -> float:
    return processes.pss_kib(_members(system)) / 1024
