"""How the machine is doing: load, memory, since when it is up, and what runs it."""

from __future__ import annotations

import os

_TOTAL = b"MemTotal:"


def busy_tasks() -> float:
    """Tell how many tasks ran or wanted to, on average over the last minute; 0 if nobody knows."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return 0.0


def memory_mib() -> int:
    """Tell how much memory the machine has."""
    with open("/proc/meminfo", "rb") as file:  # where psutil looks, which is larger than the file
        found = next(line.split() for line in file if line.startswith(_TOTAL))
    return int(found[1]) // 1024


def memory_free_mib() -> int:
    """Tell how much memory nobody uses at all, caches included in what is used."""
    import psutil  # large, and hardly anybody asks

    return int(psutil.virtual_memory().free) // 2**20


def system() -> str:
    """Name the kernel, with its release and build, as `uname -srv` does."""
    facts = os.uname()
    return f"{facts.sysname} {facts.release} {facts.version}"


def architecture() -> str:
    """Name the processor's kind, as `uname -m` does."""
    return os.uname().machine
