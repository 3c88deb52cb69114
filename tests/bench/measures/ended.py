"""Asking after one job, beside very many that have ended."""

from __future__ import annotations

from tests.bench import histories
from tests.bench.processes import BenchError
from tests.bench.rows import Row, at_most
from tests.bench.stage import Bench, Stage, say
from tests.bench.systems.ours import Tinysched
from tests.bench.timing import timed

_SLOTS = 8
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


def run(bench: Bench) -> None:
    """Two queues of ours side by side, one of which has a past."""
    if not bench.wants("ended"):
        return
    say("jobs that have ended")
    for kind in bench.kinds_of(Tinysched):
        with bench.stage([], _SLOTS) as stage:
            none, many = (with_past(stage, kind, count) for count in (1, bench.scale.ended + 1))
            if none and many:
                _ask(stage, kind.name, {"none": none, "": many})


def with_past(stage: Stage, kind: type[Tinysched], count: int) -> Tinysched | None:
    """A queue in which so many jobs have ended before today."""
    system = stage.open(kind, _SLOTS, f"ended{count}")
    if system is None or not count:
        return system
    system.stop_dispatcher()
    histories.add_ended(system.root, count)
    system.restart()
    system.until_up()
    return system


def _ask(stage: Stage, name: str, systems: dict[str, Tinysched]) -> None:
    """After the job that ended first; each command in turn, in both queues."""
    results, scale = stage.bench.results, stage.bench.scale
    turns = [(word, label) for word in _COMMANDS for label in systems]
    for number in range(scale.rounds):
        for word, label in turns:
            row = f"ended.{word}.{label}".rstrip(".")
            for _ in range(scale.samples):
                done = timed(_COMMANDS[word], systems[label].environment).ok()
                results.record(row, name, number, done.wall_s * 1e3)
                if "COMPLETED" not in done.out:
                    raise BenchError(f"{word} does not know the job: {done.out}")
