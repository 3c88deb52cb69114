"""What a listing under Slurm's names is made of, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinysched.report.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a listing says of the queue's host. `group_of`: number and name of a user's group."""

    place: Place
    cluster: str
    group_of: Callable[[int], tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """Both streams and the exit code."""

    out: str = ""
    err: str = ""
    exit_code: int = 0
