"""Asking after one job, beside very many that have ended."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench import histories
from tests.bench.processes import BenchError
from tests.bench.rows import Row, at_most
from tests.bench.stage import Stage
from tests.bench.systems.ours import Tinysched
from tests.bench.systems.system import System
from tests.bench.timing import timed

# After the job that ended first.
_COMMANDS = {
    "tsacct": ["tsacct", "-j", "1"],
    "tsqueue": ["tsqueue", "-j", "1"],
}

ROWS = tuple(
    row
    for command in _COMMANDS
    for row in (
        Row(
            key=f"ended.{command}.none",
            group="ended",
            what=f"{command} -j N, no other job has ended",
        ),
        Row(
            key=f"ended.{command}",
            group="ended",
            what=f"{command} -j N, 100 000 jobs have ended",
            goals=(at_most(1.2, row=f"ended.{command}.none", words="at most 1.2 x with none"),),
        ),
    )
)


def with_past(stage: Stage, kind: type[Tinysched], slots: int, count: int) -> Tinysched:
    """A queue in which so many jobs have ended before today. Raises: BenchError."""
    system = stage.open(kind, slots, f"ended{count}")
    if system is None:
        raise BenchError("a queue with a past does not come up")
    system.stop_dispatcher()
    histories.add_ended(system.root, count)
    system.restart()
    system.until_up()
    return system


def ask(stage: Stage, systems: Sequence[Tinysched]) -> None:
    """Each command in turn, in a queue with next to no past and in one with a long one."""
    results, scale = stage.bench.results, stage.bench.scale
    none, _ = systems

    def act(system: System, number: int) -> None:
        for word, command in _COMMANDS.items():
            row = f"ended.{word}.none" if system is none else f"ended.{word}"
            for _ in range(scale.samples):
                done = timed(command, system.environment).ok()
                results.record(row, system.name, number, done.wall_s * 1e3)
                if "COMPLETED" not in done.out:
                    raise BenchError(f"{word} does not know the job: {done.out}")

    stage.play("ended", act, scale.rounds, systems)
