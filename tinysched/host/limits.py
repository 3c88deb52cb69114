"""Resource limits (ulimit): those of the submitter, set for the job."""

from __future__ import annotations

import contextlib
import functools
import resource
from collections.abc import Collection, Mapping

_NAMES = {
    "Max cpu time": "RLIMIT_CPU",
    "Max file size": "RLIMIT_FSIZE",
    "Max data size": "RLIMIT_DATA",
    "Max stack size": "RLIMIT_STACK",
    "Max core file size": "RLIMIT_CORE",
    "Max resident set": "RLIMIT_RSS",
    "Max processes": "RLIMIT_NPROC",
    "Max open files": "RLIMIT_NOFILE",
    "Max locked memory": "RLIMIT_MEMLOCK",
    "Max address space": "RLIMIT_AS",
    "Max pending signals": "RLIMIT_SIGPENDING",
    "Max msgqueue size": "RLIMIT_MSGQUEUE",
    "Max nice priority": "RLIMIT_NICE",
    "Max realtime priority": "RLIMIT_RTPRIO",
    "Max realtime timeout": "RLIMIT_RTTIME",
}
_RESIDENT = "Max resident set"
_NAME_WIDTH = 26  # columns, as the kernel prints /proc/PID/limits


@functools.lru_cache(maxsize=8)  # the jobs of one submission have the same
def parse(text: str) -> Mapping[int, tuple[int, int]]:
    """Read /proc/PID/limits: number of the limit -> soft, hard (-1: unlimited).

    Lines that cannot be read are left out: a limit of a newer kernel is no reason to fail.
    """
    limits: dict[int, tuple[int, int]] = {}
    for line in text.splitlines():
        number = getattr(resource, _NAMES.get(line[:_NAME_WIDTH].strip(), ""), None)
        values = line[_NAME_WIDTH:].split()[:2]
        if number is not None and len(values) == 2:
            with contextlib.suppress(ValueError):
                limits[number] = (_value(values[0]), _value(values[1]))
    return limits


def chosen(text: str, names: Collection[str] | None, resident_mib: int) -> str:
    """The limits of a submitter that go with a job, and what it may have resident at most.

    `text`: /proc/PID/limits. `names`: such as `NOFILE` (None: all). `resident_mib` 0: no limit.
    """
    lines = [line for line in text.splitlines() if _is_wanted(line, names)]
    if resident_mib:
        lines = [line for line in lines if not line.startswith(_RESIDENT)]
        amount = f"{resident_mib * 2**20:<21}"
        lines.append(f"{_RESIDENT:<{_NAME_WIDTH}}{amount}{amount}bytes")
    return "".join(f"{line}\n" for line in lines)


def _is_wanted(line: str, names: Collection[str] | None) -> bool:
    called = _NAMES.get(line[:_NAME_WIDTH].strip(), "")
    return names is None or called.removeprefix("RLIMIT_") in names


def _value(word: str) -> int:
    return resource.RLIM_INFINITY if word == "unlimited" else int(word)


def _smaller(one: int, other: int) -> int:
    if resource.RLIM_INFINITY in (one, other):
        return max(one, other)  # unlimited is -1
    return min(one, other)


def lowered(limits: Mapping[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Those of these limits that are not in force here, as they can be had: hard ones only lower.

    Raises nothing.
    """
    found: dict[int, tuple[int, int]] = {}
    for number, (soft, hard) in limits.items():
        with contextlib.suppress(ValueError, OSError):
            own = resource.getrlimit(number)
            new_hard = _smaller(hard, own[1])
            new = (_smaller(soft, new_hard), new_hard)
            if new != own:
                found[number] = new
    return found


def apply(limits: Mapping[int, tuple[int, int]]) -> None:
    """Set limits for this process; what cannot be set stays."""
    for number, pair in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(number, pair)


def raise_soft_limits() -> None:
    """Raise every soft limit to its hard one: an agent must not die of the shell it grew up in."""
    for name in _NAMES.values():
        number = getattr(resource, name)
        with contextlib.suppress(ValueError, OSError):
            hard = resource.getrlimit(number)[1]
            resource.setrlimit(number, (hard, hard))


def raise_open_files() -> int:
    """Raise the soft limit of open files to the hard one; returns how many there may be."""
    with contextlib.suppress(ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 2**20 if soft == resource.RLIM_INFINITY else soft
