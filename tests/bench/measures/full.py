"""A queue with very many waiting jobs: submitting to it, listing it, cancelling all of it."""

from __future__ import annotations

import time

from tests.bench.measures.idle_queue import submissions
from tests.bench.rows import Row, at_most
from tests.bench.stage import Bench, Stage
from tests.bench.systems.floors import Bare
from tests.bench.systems.ours import Tinysched
from tests.bench.systems.slurmlike import SlurmLike
from tests.bench.systems.system import System, waits
from tests.bench.timing import timed

MEASURES = ("full-submit", "full-list", "full-cancel")
SLOTS = 8
_ARRAYS = 10
_AHEAD = "ahead of squeue"
_CANCEL_S = 300.0

ROWS = (
    Row(
        key="full.submit",
        group="full-submit",
        what="tsbatch, 10 000 jobs waiting",
        floor="bare",
        goals=(at_most(1.15, row="full.submit.empty", words="at most 1.15 x with none waiting"),),
    ),
    Row(key="full.submit.cpu", group="full-submit", what="... CPU time of the command"),
    Row(
        key="full.submit.empty",
        group="full-submit",
        what="... with none waiting, in the same rounds",
        alike=False,
    ),
    Row(
        key="full.list",
        group="full-list",
        what="tsqueue, 10 000 separate jobs waiting",
        floor="bare",
        goals=(at_most(1, system="slurm", words=_AHEAD),),
    ),
    Row(
        key="full.lines",
        group="full-list",
        what="tsqueue -r, 100 000 tasks one a line",
        floor="bare",
        goals=(at_most(1, system="slurm", words=_AHEAD),),
    ),
    Row(
        key="full.cancel",
        group="full-cancel",
        what="cancel of 10 000 separate waiting jobs, until none is listed",
        goals=(at_most(300),),
    ),
)


def fill(stage: Stage) -> None:
    """Separate jobs, each handed in by a command of its own; what holds fewer has a note."""
    results, wanted = stage.bench.results, stage.bench.scale.pending

    def act(system: System, number: int) -> None:
        if isinstance(system, Bare):
            return
        there, asked = system.pending() or 0, min(wanted, system.most_pending)
        if there < asked:
            system.fill(asked - there)
        there = system.pending() or asked
        if there < 0.95 * wanted:
            for row in ROWS:
                results.note(row.key, system.name, f"{there} waiting", is_unlike=True)

    stage.play("fill", act)


def run(stage: Stage) -> None:
    """What was asked for of it."""
    bench = stage.bench
    if bench.wants("full-list"):
        listings(stage, "full.list", stage.systems)
    if bench.wants("full-submit"):
        _submissions(stage, bench)


def listings(stage: Stage, row: str, systems: list[System]) -> None:
    """The whole listing, some times."""
    results = stage.bench.results

    def act(system: System, number: int) -> None:
        command = system.listing()
        if command is not None:
            done = timed(command, system.environment).ok()
            results.record(row, system.name, number, done.wall_s * 1e3)

    stage.play(row, act, stage.bench.scale.rounds, systems)


def _submissions(stage: Stage, bench: Bench) -> None:
    """With a second queue of ours beside it that is as blocked, and empty otherwise."""
    beside = stage.open(Tinysched, SLOTS, "empty")
    results, row = bench.results, "full.submit"
    if beside is not None:
        stage.systems.remove(beside)
        beside.block()
    try:
        for number in range(bench.scale.rounds):
            submissions(stage, row, stage.systems, number)
            if beside is not None:
                submissions(stage, f"{row}.empty", [beside], number)
    finally:
        if beside is not None:
            beside.stop()
    results.samples.pop(f"{row}.empty.cpu", None)


def empty(stage: Stage) -> None:
    """All of it is cancelled; then very many tasks are listed one a line."""
    bench, results = stage.bench, stage.bench.results

    def cancelled(system: System, number: int) -> None:
        command = system.cancel_all()
        if command is None:
            return
        began = time.perf_counter()
        timed(command, system.environment, _CANCEL_S).ok()
        if not waits(lambda: not system.pending(), _CANCEL_S):
            return
        results.record("full.cancel", system.name, 0, (time.perf_counter() - began) * 1e3)

    def refilled(system: System, number: int) -> None:
        if isinstance(system, SlurmLike):
            timed(system.cancel_all() or "true", system.environment)
            system.until_idle()
            system.block()
            system.fill_tasks(bench.scale.lines, _ARRAYS)

    if bench.wants("full-cancel"):
        stage.play("full.cancel", cancelled)
    if bench.wants("full-list"):
        stage.play("full.lines", refilled)
        able: list[System] = [
            system for system in stage.systems if isinstance(system, SlurmLike | Bare)
        ]
        listings(stage, "full.lines", able)
