"""How much of everything: a full run, a quick one, and one that only shows that it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """`rounds` of `samples` each; `pending`, `ended`: separate jobs; `window_s`: of idleness.

    `tasks`: of a throughput run, cut off after `limit_s`. `pieces` of a loop of 1 000 submissions
    are `piece` long. `lines`: tasks of a long listing. `sizes`: waiting tasks that the cost of an
    event is measured with, `separate`: separate jobs that it is measured with.
    """

    rounds: int
    samples: int
    tasks: int
    limit_s: float
    chain: int
    trees: int
    pending: int
    pieces: int
    piece: int
    lines: int
    arrays: tuple[int, int]
    ended: int
    window_s: float
    running: int
    sizes: tuple[int, ...]
    separate: tuple[int, ...]
    events: int


FULL = Scale(
    rounds=5,
    samples=10,
    tasks=2000,
    limit_s=30.0,
    chain=30,
    trees=10,
    pending=10_000,
    pieces=4,
    piece=250,
    lines=100_000,
    arrays=(10_000, 1_000_000),
    ended=100_000,
    window_s=60.0,
    running=100,
    sizes=(1000, 10_000, 100_000, 1_000_000),
    separate=(1000, 10_000, 100_000),
    events=100,
)
QUICK = Scale(
    rounds=3,
    samples=5,
    tasks=500,
    limit_s=5.0,
    chain=10,
    trees=4,
    pending=1000,
    pieces=2,
    piece=100,
    lines=100_000,
    arrays=(10_000, 1_000_000),
    ended=100_000,
    window_s=10.0,
    running=30,
    sizes=(1000, 1_000_000),
    separate=(1000, 100_000),
    events=30,
)
TINY = Scale(
    rounds=2,
    samples=2,
    tasks=8,
    limit_s=8.0,
    chain=3,
    trees=1,
    pending=5,
    pieces=1,
    piece=3,
    lines=20,
    arrays=(10, 20),
    ended=5,
    window_s=0.2,
    running=2,
    sizes=(40,),
    separate=(5,),
    events=3,
)
