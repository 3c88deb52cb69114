"""An idle queue: how long a submission takes, its first line, the end of a tree."""

from __future__ import annotations

import random
import signal
import time

from tests.bench import processes
from tests.bench.fifos import Fifo
from tests.bench.processes import BenchError
from tests.bench.rows import Row, Statistic, at_most
from tests.bench.stage import Bench, Stage, say, turned
from tests.bench.systems.floors import Bare, Spawn
from tests.bench.systems.system import System
from tests.bench.timing import Command, timed

SLOTS = 8
_PATIENCE_S = 30.0
_TREE = 50
_ESCAPE = 9
_ESCAPED_S = 5.0

ROWS = (
    Row(
        key="submit",
        group="submit",
        what="tsbatch of a small script, until durable",
        floor="bare",
        goals=(at_most(1.8, system="bare"),),
    ),
    Row(key="submit.cpu", group="submit", what="... CPU time of the command", floor="bare"),
    Row(
        key="dispatch",
        group="dispatch",
        what="tsbatch -> first line of the job, idle system",
        floor="spawn",
        goals=(at_most(20),),
    ),
    Row(
        key="dispatch.p99",
        group="dispatch",
        what="... p99",
        source="dispatch",
        statistic=Statistic.P99,
        floor="spawn",
        goals=(at_most(50),),
    ),
    Row(
        key="tree",
        group="tree",
        what="cancel of a running tree of 50 -> last one gone",
        floor="spawn",
        goals=(at_most(30),),
    ),
    Row(
        key="left",
        group="left",
        what="of 9 processes, 6 in sessions of their own: left 5 s after the cancel",
        unit="",
        goals=(at_most(0),),
    ),
)


def run(bench: Bench) -> None:
    """What was asked for of it."""
    if not bench.wants("submit", "dispatch", "tree", "left"):
        return
    say("an idle queue")
    with bench.stage(bench.kinds, SLOTS) as stage:
        if bench.wants("submit"):
            _warm_up(stage)
            for number in range(bench.scale.rounds):
                submissions(stage, "submit", stage.systems, number)
                stage.play("submit", _rest)
        if bench.wants("dispatch"):
            dispatches(stage)
        if bench.wants("tree"):
            trees(stage)
        if bench.wants("left"):
            left(stage)


def _but_bare(stage: Stage) -> list[System]:
    return [system for system in stage.systems if not isinstance(system, Bare)]


def _warm_up(stage: Stage) -> None:
    """One job each, so that agents and servers are there."""

    def act(system: System, number: int) -> None:
        command = system.submit(system.jobs["noop"])
        if command is not None:
            system.do(command)
            system.until_idle(_PATIENCE_S)

    stage.play("start", act)


def _rest(system: System, number: int) -> None:
    system.until_idle(_PATIENCE_S)


def submissions(stage: Stage, row: str, systems: list[System], number: int) -> None:
    """So many commands of each, in one round."""
    results, scale = stage.bench.results, stage.bench.scale

    def act(system: System, _: int) -> None:
        command = system.submit(system.jobs["noop"])
        for _ in range(scale.samples if command is not None else 0):
            done = timed(command or "", system.environment).ok()
            results.record(row, system.name, number, done.wall_s * 1e3)
            results.record(f"{row}.cpu", system.name, number, done.cpu_s * 1e3)
            time.sleep(0.01)

    cast = [system for system in systems if not isinstance(system, Spawn)]
    stage.play(row, act, 1, turned(cast, number))


def dispatches(stage: Stage) -> None:
    """From just before the spawn of the command to the time that the job's first line writes."""
    results, scale = stage.bench.results, stage.bench.scale

    def act(system: System, number: int) -> None:
        command = system.submit(system.jobs["stamp"])
        if command is None:
            return
        with Fifo(system.place / "jobs" / "stamp.fifo") as fifo:
            # what works in ticks takes long, and its figures are spread over a tick in any case
            for _ in range(scale.samples if system.tick_s < 1 else scale.samples // 2):
                time.sleep(random.uniform(0.5, 1.5) * system.tick_s)
                fifo.drain()
                done = timed(command, system.environment).ok()
                line = fifo.line(_PATIENCE_S)
                if line is None:
                    raise BenchError("the job did not start")
                took_s = float(line.replace(",", ".")) - done.began_at
                results.record("dispatch", system.name, number, took_s * 1e3)
                system.until_idle(_PATIENCE_S)

    cast = [system for system in _but_bare(stage) if system.name != "xargs"]
    stage.play("dispatch", act, scale.rounds, cast)


def trees(stage: Stage) -> None:
    """50 processes hold a fifo open; its end is the end of the last one."""
    results, scale = stage.bench.results, stage.bench.scale

    def act(system: System, number: int) -> None:
        with Fifo(system.place / "jobs" / "tree.fifo", stays_open=False) as fifo:
            ends = _begun(system, "tree")
            if ends is None:
                return
            if any(fifo.line(_PATIENCE_S) is None for _ in range(_TREE)):
                raise BenchError("the tree did not come up")
            time.sleep(0.05)
            began_ns = time.perf_counter_ns()
            timed(ends, system.environment).ok()
            ended_ns = fifo.end_ns(_PATIENCE_S)
            if ended_ns is None:
                raise BenchError("the tree did not end")
            results.record("tree", system.name, number, (ended_ns - began_ns) / 1e6)
        system.until_idle(_PATIENCE_S)

    stage.play("tree", act, scale.trees, _but_bare(stage))


def left(stage: Stage) -> None:
    """Of a tree that scatters, what is there some seconds after the cancel."""
    results = stage.bench.results
    scattered = dict[str, set[int]]()

    def cancelled(system: System, number: int) -> None:
        before = set(_sleepers())
        with Fifo(system.place / "jobs" / "tree.fifo") as fifo:
            ends = _begun(system, "escape")
            if ends is None:
                return
            if fifo.line(_PATIENCE_S) is None:
                raise BenchError("the job did not start")
            time.sleep(0.3)
            mine = set(_sleepers()) - before
            if len(mine) != _ESCAPE:
                raise BenchError(f"{len(mine)} of {_ESCAPE} processes were there")
            timed(ends, system.environment)
            scattered[system.name] = mine

    stage.play("left", cancelled, 1, _but_bare(stage))
    time.sleep(_ESCAPED_S)
    sleepers = set(_sleepers())
    for name, mine in scattered.items():
        results.record("left", name, 0, len(mine & sleepers))
        processes.end(sorted(mine & sleepers), signal.SIGKILL)


def _sleepers() -> list[int]:
    return [pid for pid in processes.descendants() if processes.called(pid) == "sleep"]


def _begun(system: System, script: str) -> Command | None:
    """A job is handed in; answers what ends it. None: it cannot be ended."""
    path = system.jobs[script]
    if isinstance(system, Spawn):
        return ["/bin/kill", "-KILL", "--", f"-{system.spawn(path)}"]
    command = system.submit(path)
    if command is None or system.cancel("1") is None:
        return None
    return system.cancel(system.job_id(system.do(command).out))
