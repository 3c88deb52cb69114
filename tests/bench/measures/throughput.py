"""Many jobs that do nothing, some at once; and one after another."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

from tests.bench.fifos import Fifo
from tests.bench.rows import Row, Statistic, at_least, at_most
from tests.bench.stage import Bench, Stage, say
from tests.bench.systems.floors import Bare, Xargs
from tests.bench.systems.system import System, waits

SLOTS = 8
_WIDTHS = (2, 8)
_CHAIN_S = 90.0
_IDLE_S = 60.0


def _rates(width: int) -> tuple[Row, ...]:
    return (
        Row(
            key=f"rate.{width}",
            group="throughput",
            what=f"no-op jobs a second, {width} at once, an output file each",
            unit="1/s",
            floor="xargs",
            more_is_better=True,
            goals=(
                at_least(1, system="tsp", words="ahead of tsp"),
                at_least(1, system="hq", words="ahead of hq"),
                at_least(0.6, system="xargs"),
            ),
        ),
        Row(
            key=f"rate.{width}.spawn",
            group="throughput",
            what="... beside a tight loop of posix_spawn",
            unit="1/s",
            floor="spawn",
            source=f"rate.{width}",
            more_is_better=True,
            alike=False,
        ),
    )


ROWS = (
    *_rates(2),
    *_rates(8),
    Row(
        key="chain",
        group="chain",
        what="end of a job -> first line of the next one, one slot",
        floor="spawn",
        goals=(at_most(5),),
    ),
    Row(
        key="chain.mean",
        group="chain",
        what="... mean",
        source="chain",
        statistic=Statistic.MEAN,
        floor="spawn",
    ),
    Row(
        key="chain.p99",
        group="chain",
        what="... p99",
        source="chain",
        statistic=Statistic.P99,
        floor="spawn",
    ),
)


def run(bench: Bench) -> None:
    """What was asked for of it."""
    if bench.wants("throughput"):
        say("many jobs, 2 and 8 at once")
        with bench.stage(bench.kinds, SLOTS) as stage:
            for width in _WIDTHS:
                many(stage, width)
    if bench.wants("chain"):
        say("one job after another")
        with bench.stage(bench.kinds, 1) as stage:
            chain(stage)


def many(stage: Stage, width: int) -> None:
    """So many jobs, submitted and finished on the system's own word.

    What is cut off once is left out from then on.
    """
    results, scale = stage.bench.results, stage.bench.scale
    row = f"rate.{width}"
    slow = set[str]()

    def act(system: System, number: int) -> None:
        if system.name in slow:
            return
        system.narrow(width)
        folder = system.place / "outputs"
        _clear(folder)
        done = system.many(system.jobs["noop"], scale.tasks, folder, scale.limit_s)
        if done is None:
            return
        count, took_s = done
        results.record(row, system.name, number, count / took_s)
        if count < scale.tasks:
            slow.add(system.name)
            results.note(row, system.name, f"cut off after {scale.limit_s:g} s ({count} jobs)")
        system.until_idle(_IDLE_S, 0.2)

    stage.play(row, act, scale.rounds)


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o777)


def chain(stage: Stage) -> None:
    """Jobs queued behind a gate write when they begin and end; the gaps between them count."""
    results, count = stage.bench.results, stage.bench.scale.chain

    def act(system: System, number: int) -> None:
        log = system.place / "jobs" / "chain.log"
        log.unlink(missing_ok=True)
        with Fifo(system.place / "jobs" / "gate.fifo") as gate:
            if not system.chain(system.jobs["gate"], system.jobs["link"], count):
                return
            gate.put("go\n")
            waits(lambda: log.exists() and log.read_text().count("\n") >= 2 * count, _CHAIN_S, 0.1)
            for gap_s in gaps(log.read_text()):
                results.record("chain", system.name, number, gap_s * 1e3)
            system.until_idle(_IDLE_S, 0.2)

    cast = [system for system in stage.systems if not isinstance(system, Bare | Xargs)]
    stage.play("chain", act, 2 if count > 10 else 1, cast)


def gaps(log: str) -> list[float]:
    """From the last line of each job to the first line of the one after it (seconds)."""
    lines = [line.replace(",", ".").split() for line in log.splitlines()]
    return [
        float(two[1]) - float(one[1])
        for one, two in pairwise(lines)
        if (one[0], two[0]) == ("E", "S")
    ]
