"""What processes take of the host: memory, CPU time, and what they read and write.

Source: proc(5), statm, stat, status and io. Who is gone, or may not be looked at, takes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from tinysched.host.procfiles import content

_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """CPU time of a process, with that of the children it has waited for. Units: seconds."""

    user_s: float = 0.0
    system_s: float = 0.0


def memory_kib(pids: Iterable[int]) -> tuple[int, int]:
    """What is resident of some processes, and what they have mapped, all together."""
    resident = mapped = 0
    for pid in pids:
        words = content(f"/proc/{pid}/statm").split()
        if len(words) > 1:
            mapped += int(words[0])
            resident += int(words[1])
    return resident * _PAGE_KIB, mapped * _PAGE_KIB


def highest_kib(pid: int) -> int:
    """The most that was ever resident of the program that a process runs."""
    for line in content(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"VmHWM:"):
            return int(line.split()[1])
    return 0


def disk_bytes(pid: int) -> tuple[int, int]:
    """What a process, and the children it has waited for, have read from and written to disks.

    Only its own user may know.
    """
    found = dict.fromkeys((b"read_bytes:", b"write_bytes:"), 0)
    for line in content(f"/proc/{pid}/io").splitlines():
        name, _, value = line.partition(b" ")
        if name in found:
            found[name] = int(value)
    return found[b"read_bytes:"], found[b"write_bytes:"]


def spent(pid: int) -> Spent:
    """The CPU time of a process."""
    text = content(f"/proc/{pid}/stat")
    if not text:
        return Spent()
    # The name in parentheses may hold anything, so count from its end.
    words = text[text.rindex(b")") + 1 :].split()
    user, system, user_of_children, system_of_children = map(int, words[11:15])
    return Spent(
        user_s=(user + user_of_children) / _TICKS,
        system_s=(system + system_of_children) / _TICKS,
    )
