"""Jobs and steps as sacct and sstat are given them, and what both say of mistakes."""

from __future__ import annotations

from collections.abc import Sequence

from tinysched.errors import EXIT_REFUSED, VerbatimError
from tinysched.job.accounting import PartName
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.script.grammar import Option
from tinysched.script.slurm import getopt
from tinysched.script.slurm.filters import leading_number, words

_STEPS = frozenset({"batch", "extern", "interactive", "TBD"})
_MOST_PARTS = 100_000


def fatal(command: str, words: str) -> VerbatimError:
    """What ends a command at once."""
    return VerbatimError(f"{command}: fatal: {words}\n")


def parts(text: str, command: str) -> tuple[PartName, ...]:
    """What ids name: `42,43_7,44.batch,45_7.0`. 0 names nothing. Raises: VerbatimError."""
    found = tuple(_part(word, command) for word in words(text)[:_MOST_PARTS])
    return tuple(part for part in found if part.selector.number)


def _part(word: str, command: str) -> PartName:
    name, dot, step = word.partition(".")
    job, bar, task = name.partition("_")
    number = leading_number(job)
    if number is None:
        raise fatal(command, f"Bad job/step specified: {word}")
    index = leading_number(task) if bar else None
    if bar and index is None:
        raise fatal(command, f"Bad job array element specified: {number}")
    step = step.partition("+")[0]
    if dot and step not in _STEPS and leading_number(step) is None:
        raise fatal(command, f"Bad step specified: {number}")
    tasks = None if index is None else Ranges.of((index,))
    return PartName(selector=Selector(number=number, tasks=tasks), step=step)


def split(
    table: Sequence[Option], argv: Sequence[str], command: str
) -> tuple[list[tuple[Option, str | None]], list[str]]:
    """A command line as options and words; of a mistake one line is told. Raises: VerbatimError."""
    try:
        return getopt.split(table, argv, command, exit_code=EXIT_REFUSED)
    except VerbatimError as mistake:
        line = mistake.text.partition("\n")[0]
        raise VerbatimError(f"{line}\n", mistake.exit_code) from None
