"""Names of a job's files: from patterns such as `slurm-%j.out` to paths.

Source: sbatch(1) "filename pattern"; our own default for stderr is a file of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tinysched.job.model import JobId
from tinysched.job.request import Request

DEFAULT_OUTPUT = "slurm-%j.out"
DEFAULT_ERROR = "slurm-%j.err"
DEFAULT_ARRAY_OUTPUT = "slurm-%A_%a.out"
DEFAULT_ARRAY_ERROR = "slurm-%A_%a.err"
NOWHERE = "/dev/null"

# What %a stands for in a job that is no array: Slurm's own mark for "no task".
_NO_TASK = 4294967294
_WIDEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the letters of a pattern stand for, of one job or task.

    `raw_id` is the number behind %j, `node` the host's short name.
    """

    id: JobId
    raw_id: int
    name: str
    user: str
    node: str


def expand(pattern: str, names: Names) -> str:
    r"""The pattern with every `%` letter replaced; `%4j` fills a number up with zeros.

    Letters that mean nothing stay; before digits that mean nothing the percent sign goes. A
    backslash switches all letters off, and goes.
    """
    if "\\" in pattern:
        return _without_backslashes(pattern)
    expanded: list[str] = []
    rest = pattern
    while rest:
        text, percent, rest = rest.partition("%")
        expanded.append(text)
        if percent:
            value, rest = _first_letter(rest, names)
            expanded.append(value)
    return "".join(expanded)


def resolve(pattern: str, work_dir: str, names: Names) -> str:
    """The absolute path a pattern stands for; `none`, in any case of letters, is nowhere.

    Shape: as the user wrote it, with dots and links left to the system.
    """
    if pattern.lower() == "none":
        return NOWHERE
    path = expand(pattern, names)
    return path if path.startswith("/") else f"{work_dir.rstrip('/')}/{path}"


def foretold(pattern: str, work_dir: str, names: Names) -> str:
    """The path as it is shown by Slurm, which puts in bare %A, %a, %j, %u and %x and no more."""
    if pattern.lower() == "none":
        return NOWHERE
    known = {**_texts(names), **_numbers(names)}
    path = re.sub("%([Aajux])", lambda found: str(known[found[1]]), pattern)
    return path if path.startswith("/") else f"{work_dir.rstrip('/')}/{path}"


def output_path(request: Request, names: Names) -> str:
    """Where the job's stdout goes."""
    default = DEFAULT_OUTPUT if request.array is None else DEFAULT_ARRAY_OUTPUT
    pattern = default if request.output is None else request.output
    return resolve(pattern, request.work_dir, names)


def error_path(request: Request, names: Names) -> str:
    """Where the job's stderr goes: a file of its own unless the user, or the command, says else."""
    if request.joined and request.error is None:
        return output_path(request, names)
    default = DEFAULT_ERROR if request.array is None else DEFAULT_ARRAY_ERROR
    pattern = default if request.error is None else request.error
    return resolve(pattern, request.work_dir, names)


def input_path(request: Request, names: Names) -> str:
    """Where the job's stdin comes from."""
    return resolve(request.input or NOWHERE, request.work_dir, names)


def _first_letter(rest: str, names: Names) -> tuple[str, str]:
    """What the text after a percent sign begins with, replaced, and the text after that."""
    if rest.startswith("%"):
        return "%", rest[1:]
    after = rest.lstrip("0123456789")
    width = rest[: len(rest) - len(after)]
    letter, after = after[:1], after[1:]
    number = _numbers(names).get(letter)
    if number is not None:
        # Only the last digits can matter; a longer width than the widest is the widest.
        digits = width.lstrip("0")
        wanted = _WIDEST if len(digits) > 2 else min(int(digits or "0"), _WIDEST)
        return str(number).zfill(wanted), after
    value = _texts(names).get(letter)
    if value is not None:
        return value, after
    return (width, letter + after) if width else (f"%{letter}", after)


def _numbers(names: Names) -> dict[str, int]:
    return {
        "j": names.raw_id,
        "J": names.raw_id,
        "A": names.id.number,
        "a": _NO_TASK if names.id.task is None else names.id.task,
        "n": 0,
        "t": 0,
    }


def _texts(names: Names) -> dict[str, str]:
    return {"x": names.name, "u": names.user, "N": names.node, "s": "batch"}


def _without_backslashes(pattern: str) -> str:
    """Each backslash gone, but for the second of two."""
    letters: list[str] = []
    escaped = False
    for letter in pattern:
        if letter == "\\" and not escaped:
            escaped = True
            continue
        letters.append(letter)
        escaped = False
    return "".join(letters)
