#!/usr/bin/env python3
"""An example to give the queue something to do: pi by the Monte Carlo method, on several processes.

Throws darts at a square and counts those that hit the quarter circle in it. The same seed, number
of darts and number of processes give the same estimate. Standard library only.
"""

from __future__ import annotations

import argparse
import math
import os
import random
from multiprocessing import get_context


def hits(work: tuple[str, int]) -> int:
    """Count the darts of one process that hit."""
    seed, darts = work
    throw = random.Random(seed).random
    return sum(throw() ** 2 + throw() ** 2 <= 1.0 for _ in range(darts))


def estimate(seed: int, darts: int, processes: int) -> float:
    """Share the darts out evenly, one stream of random numbers for each process."""
    shares = [darts // processes + (index < darts % processes) for index in range(processes)]
    work = [(f"{seed}/{index}", share) for index, share in enumerate(shares)]
    if processes == 1:
        return 4.0 * hits(work[0]) / darts
    with get_context("fork").Pool(processes) as pool:
        return 4.0 * sum(pool.map(hits, work)) / darts


def positive(text: str) -> int:
    """Read a number of darts or processes."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def main() -> None:
    """Read the command line, count, and say the result."""
    granted = os.environ.get("SLURM_CPUS_PER_TASK", "1")
    parser = argparse.ArgumentParser(description="estimate pi")
    parser.add_argument("--method", choices=["montecarlo"], default="montecarlo")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=positive, default=10_000_000, help="darts in all")
    parser.add_argument(
        "--processes", type=positive, default=positive(granted), help="default: the job's cores"
    )
    chosen = parser.parse_args()
    found = estimate(chosen.seed, chosen.samples, chosen.processes)
    print(
        f"pi is about {found:.6f} (off by {abs(found - math.pi):.6f};"
        f" {chosen.samples} samples, seed {chosen.seed}, {chosen.processes} processes)"
    )


if __name__ == "__main__":
    main()
