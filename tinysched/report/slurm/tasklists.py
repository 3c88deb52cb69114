"""Indices of an array as Slurm spells them, and cuts them when they are too many.

A step is written only where it spans the whole list (`1-17:2`), and the list is not short.
"""

from __future__ import annotations

from collections.abc import Iterator

from tinysched.job.ranges import Ranges
from tinysched.job.spans import is_ordered

# Slurm's own length of a list, unless SLURM_BITSTR_LEN says otherwise.
USUAL_LENGTH = 64
_FEWEST_STEPS = 7
_DOTS = 3


def text(tasks: Ranges, cut: int | None = None) -> str:
    """The list, with three dots in the place of what is over.

    `cut`: it is shorter than that; 0: it is whole; None: Slurm's own length.
    """
    most = USUAL_LENGTH if cut is None else cut
    found = ""
    for piece in _pieces(tasks):
        found += f",{piece}" if found else piece
        if most and len(found) > most - _DOTS:
            return found[: max(most - _DOTS - 1, 0)] + "..."[: max(most - 1, 0)]
    return found


def _pieces(tasks: Ranges) -> Iterator[str]:
    if len(tasks.spans) == 1 and len(tasks) >= _FEWEST_STEPS:
        yield str(tasks)
        return
    run: tuple[int, int] | None = None
    for first, last in _bits(tasks):
        if run is not None and first == run[1] + 1:
            run = run[0], last
            continue
        if run is not None:
            yield _run(run)
        run = first, last
    if run is not None:
        yield _run(run)


def _bits(tasks: Ranges) -> Iterator[tuple[int, int]]:
    """Runs without a gap, ascending, some of them next to each other."""
    if not is_ordered(tasks.spans):
        yield from ((index, index) for index in tasks)
        return
    for first, last, step in tasks.spans:
        if step == 1:
            yield first, last
        else:
            yield from ((index, index) for index in range(first, last + 1, step))


def _run(run: tuple[int, int]) -> str:
    return str(run[0]) if run[0] == run[1] else f"{run[0]}-{run[1]}"
