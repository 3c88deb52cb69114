"""Signals by name and number, whom in a job they are for, and the one before a time limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

# By number on Linux on x86, ARM, POWER and RISC-V.
_NAMES = (
    *("HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2"),
    *("PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG"),
    *("XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"),
)
NUMBERS: Mapping[str, int] = MappingProxyType(
    {name: number for number, name in enumerate(_NAMES, 1)}
)
_SHORT = {number: name for name, number in NUMBERS.items()}
_HIGHEST = 64


class Reach(Enum):
    """Whom in a run a signal is for: all processes, the script alone, or all but the script.

    Source: scancel(1) --batch, --full. There are no steps yet, so nobody hears what is for steps.
    """

    ALL = "all"
    SCRIPT = "script"
    STEPS = "steps"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSignal:
    """What a job is sent `before_s` seconds before its time limit. Source: sbatch(1) --signal."""

    number: int
    before_s: int
    reach: Reach

    def __str__(self) -> str:
        """`B:USR1@60`, as it is asked for."""
        return f"{'B:' if self.reach is Reach.SCRIPT else ''}{name_of(self.number)}@{self.before_s}"


def number_of(text: str) -> int:
    """The number of a signal: `USR1`, `sigusr1`, `10`. Raises: ValueError."""
    name = text.upper().removeprefix("SIG")
    if name in NUMBERS:
        return NUMBERS[name]
    digits = text.lstrip("0")
    if text.isascii() and digits.isdigit() and len(digits) < 3 and int(digits) <= _HIGHEST:
        return int(digits)
    raise ValueError(f"expected a signal such as USR1, TERM or 10, at most {_HIGHEST}")


def name_of(number: int) -> str:
    """The name of a signal, or its number if it has none: `USR1`, `40`."""
    return _SHORT.get(number, str(number))
