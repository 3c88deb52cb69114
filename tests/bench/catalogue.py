"""Every measure there is, and every row; groups in the order in which they are taken."""

from __future__ import annotations

from tests.bench.judging import Judged, judged
from tests.bench.measures import (
    ended,
    events,
    full,
    idle_queue,
    idling,
    recovery,
    standing,
    throughput,
)
from tests.bench.results import Results
from tests.bench.rows import Row
from tests.bench.systems.floors import Bare, Spawn, Xargs
from tests.bench.systems.hq import HyperQueue
from tests.bench.systems.ours import Tinysched
from tests.bench.systems.peers import Nq, Parallel, TaskSpooler
from tests.bench.systems.slurm import Slurm, TunedSlurm
from tests.bench.systems.system import System

GROUPS = (idle_queue, throughput, standing, idling, events, recovery)
# In the order of the table.
MEASURES = (
    *("few", "submit", "full-submit", "throughput", "loop", "dispatch", "chain", "arrays"),
    *("full-list", "ended", "tree", "left", "full-cancel", "idle", "recovery", "events"),
)
_ROWS: tuple[Row, ...] = tuple(row for group in (*GROUPS, full, ended) for row in group.ROWS)
ROWS = tuple(sorted(_ROWS, key=lambda row: MEASURES.index(row.group)))
FLOORS: tuple[type[System], ...] = (Bare, Spawn, Xargs)
PEERS: tuple[type[System], ...] = (TaskSpooler, Nq, Parallel, HyperQueue, Slurm, TunedSlurm)
SYSTEMS: tuple[type[System], ...] = (Tinysched, *FLOORS, *PEERS)


def judged_rows(results: Results) -> list[Judged]:
    """The rows of which something was measured, as a run found them."""
    peers = [kind.name for kind in PEERS]
    rows = [judged(row, results, peers) for row in ROWS]
    return [row for row in rows if row.cells]
