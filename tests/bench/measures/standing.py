"""A queue that stands still, since all slots are taken: few jobs, arrays, submissions in a loop."""

from __future__ import annotations

from tests.bench.measures import full, idling
from tests.bench.rows import Row, at_most
from tests.bench.stage import Bench, Stage, say
from tests.bench.systems.floors import Bare
from tests.bench.systems.ours import Tinysched
from tests.bench.systems.slurm import TunedSlurm
from tests.bench.systems.system import System
from tests.bench.timing import Command, timed

SLOTS = 8
_FEW = 50
_LOOP = 1000

ROWS = (
    Row(
        key="few.list",
        group="few",
        what="tsqueue, 50 jobs",
        floor="bare",
        goals=(at_most(1.3, system="bare"),),
    ),
    Row(
        key="few.cancel",
        group="few",
        what="tscancel of a waiting job",
        floor="bare",
        goals=(at_most(1.3, system="bare"),),
    ),
    Row(key="array.single", group="arrays", what="a single job accepted", floor="bare"),
    Row(
        key="array.many",
        group="arrays",
        what="an array of 10 000 accepted",
        floor="bare",
        goals=(at_most(1.2, row="array.single", words="at most 1.2 x a single job"),),
    ),
    Row(
        key="array.most",
        group="arrays",
        what="an array of 1 000 000 accepted",
        floor="bare",
        goals=(at_most(1.2, row="array.single", words="at most 1.2 x a single job"),),
    ),
    Row(
        key="array.records",
        group="arrays",
        what="... records that it is",
        unit="",
        goals=(at_most(1),),
    ),
    Row(
        key="loop",
        group="loop",
        what="1 000 tsbatch in a shell loop",
        unit="s",
        floor="bare",
        goals=(at_most(1.6, system="bare"),),
    ),
)


def run(bench: Bench) -> None:
    """What was asked for of it, and then of the same queue when it is full."""
    own = bench.wants("few", "arrays", "loop")
    if not own and not bench.wants(*full.MEASURES, "idle"):
        return
    say("a queue that stands still")
    able = [kind for kind in bench.kinds if kind.holds_jobs]
    kinds = [kind for kind in able if not issubclass(kind, TunedSlurm)]
    with bench.stage(kinds, SLOTS, forgets_at_once=True) as stage:
        stage.systems = [system for system in stage.systems if _is_blocked(stage, system)]
        if bench.wants("few"):
            few(stage)
        if bench.wants("arrays"):
            arrays(stage)
        if bench.wants("loop"):
            loop(stage)
        if bench.wants(*full.MEASURES, "idle"):
            say("a full queue")
            full.fill(stage)
            full.run(stage)
            if bench.wants("idle"):
                idling.window(stage, "full")
            full.empty(stage)


def _is_blocked(stage: Stage, system: System) -> bool:
    """Whether its slots are taken now."""
    if isinstance(system, Bare):
        return True
    taken = list[System]()

    def act(one: System, number: int) -> None:
        one.block()
        taken.append(one)

    stage.play("block", act, 1, [system])
    return bool(taken)


def few(stage: Stage) -> None:
    """A listing of 50 jobs; then one after another is cancelled that was handed in for that."""

    def listed(system: System, number: int) -> None:
        command = system.listing()
        if command is not None:
            _sample(stage, "few.list", system, number, command)

    def cancelled(system: System, number: int) -> None:
        for _ in range(stage.bench.scale.samples):
            command = _handed_in(system)
            if command is not None:
                _sample(stage, "few.cancel", system, number, command, 1)

    stage.play("few", _top_up)
    stage.play("few.list", listed, stage.bench.scale.rounds)
    stage.play("few.cancel", cancelled, stage.bench.scale.rounds)


def _top_up(system: System, number: int) -> None:
    there = system.pending()
    if there is not None and there < _FEW - 1:
        system.fill(_FEW - 1 - there)


def _handed_in(system: System) -> Command | None:
    """One more job waits; answers what takes it away again."""
    command = system.submit(system.jobs["noop"])
    return command and system.withdraw(system.job_id(system.do(command).out))


def _sample(
    stage: Stage, row: str, system: System, number: int, command: Command, count: int = 0
) -> str:
    """So many times the same command (as many as usual); what it said last."""
    said = ""
    for _ in range(count or stage.bench.scale.samples):
        done = timed(command, system.environment).ok()
        stage.bench.results.record(row, system.name, number, done.wall_s * 1e3)
        said = done.out
    return said


def arrays(stage: Stage) -> None:
    """One command each: a job, many tasks, very many (these of ours only); then they are cancelled.

    What cannot cancel is asked once.
    """

    def act(system: System, number: int) -> None:
        script = system.jobs["noop"]
        many, most = (system.array(script, count) for count in stage.bench.scale.arrays)
        if many is None or (number and system.cancel("1") is None):
            return
        _accepted(stage, "array.single", system, number, system.submit(script) or many)
        _accepted(stage, "array.many", system, number, many)
        if isinstance(system, Bare | Tinysched):
            _accepted(stage, "array.most", system, number, most or many)

    stage.play("arrays", act, stage.bench.scale.rounds)


def _accepted(stage: Stage, row: str, system: System, number: int, command: Command) -> None:
    # others keep what was cancelled in memory, task by task, or cannot cancel
    is_asked_often = row == "array.single" or isinstance(system, Bare | Tinysched)
    for _ in range(stage.bench.scale.samples if is_asked_often else 1):
        before = system.records()
        job = system.job_id(_sample(stage, row, system, number, command, 1))
        if row == "array.most" and isinstance(system, Tinysched):
            made = system.records() - before
            stage.bench.results.record("array.records", system.name, number, made)
        if (ends := system.cancel(job)) is not None:
            system.do(ends)


def loop(stage: Stage) -> None:
    """A shell loop in some pieces, so that a noisy moment falls on all alike."""
    results, scale = stage.bench.results, stage.bench.scale

    def act(system: System, number: int) -> None:
        whole = scale.pieces * scale.piece
        count = min(scale.piece, max(1, min(system.loops, system.most_pending) // scale.pieces))
        text = system.loop(system.jobs["noop"], count)
        if text is None:
            return
        done = timed(text, system.environment, 600).ok()
        results.record("loop", system.name, number, done.wall_s * _LOOP / count)
        if count * scale.pieces != whole or whole != _LOOP:
            results.note("loop", system.name, f"scaled from {count * scale.pieces}")

    stage.play("loop", act, scale.pieces)
