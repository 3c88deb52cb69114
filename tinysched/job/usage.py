"""What a run took of its host besides cores and time, as measured while it ran and at its end."""

from __future__ import annotations

from dataclasses import dataclass, fields

_MOST = 10**18


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Measured figures of all processes of a run together; 0: nothing, or not known.

    `system_ms`: of its CPU time, what was spent in the kernel. `peak_memory_kib`: the most memory
    that was resident at one moment. `peak_virtual_kib`: the most that was mapped. `read_bytes`,
    `written_bytes`: from and to disks; what the kernel had in memory does not count.
    """

    system_ms: int = 0
    peak_memory_kib: int = 0
    peak_virtual_kib: int = 0
    read_bytes: int = 0
    written_bytes: int = 0

    @property
    def system_s(self) -> float:
        """CPU time in the kernel, in seconds."""
        return self.system_ms / 1000


UNKNOWN = Usage()
_NAMES = frozenset(field.name for field in fields(Usage))


def write(usage: Usage) -> str:
    """The figures as one line, for records and messages; '' if nothing is known."""
    known = ((name, getattr(usage, name)) for name in sorted(_NAMES))
    return " ".join(f"{name}={value}" for name, value in known if value)


def read(line: str) -> Usage:
    """The figures that `write` wrote; what makes no sense among them counts as not known."""
    found: dict[str, int] = {}
    for word in line.split():
        name, _, value = word.partition("=")
        if name in _NAMES and value.isascii() and value.isdecimal() and len(value) < 20:
            found[name] = min(int(value), _MOST)
    return Usage(**found)
