"""Names of signals, as `tscancel -s` takes them."""

from __future__ import annotations

from collections.abc import Mapping
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
_HIGHEST = 64


def number_of(text: str) -> int:
    """The number of a signal: `USR1`, `sigusr1`, `10`. Raises: ValueError."""
    name = text.upper().removeprefix("SIG")
    if name in NUMBERS:
        return NUMBERS[name]
    digits = text.lstrip("0")
    if text.isascii() and digits.isdigit() and len(digits) < 3 and int(digits) <= _HIGHEST:
        return int(digits)
    raise ValueError(f"expected a signal such as USR1, TERM or 10, at most {_HIGHEST}")
