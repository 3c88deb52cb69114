"""The processes below a process: finding, naming and signalling them all.

A walk sees a moving target: whoever must leave nothing alive repeats it until nothing is found.
Source: proc(5), /proc/PID/task/TID/children.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable

from tinysched.host.processes import open_pidfd, send_pidfd
from tinysched.host.procfiles import content

_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
_DEAD = (b"Z", b"X")


Children = Callable[[int], Iterable[int]]


def descendants(
    root: int, spare: Collection[int] = (), children: Children | None = None
) -> list[int]:
    """List the living processes below `root`, parents first, without `root` itself.

    A spared process and all below it are never listed. Zombies are not listed, their children are.
    `children`: how to find them, if not by what this kernel does best.
    """
    find = children or (listed_children if _kernel_lists() else scanned_children())
    found: list[int] = []
    seen = {root, *spare}
    to_visit = [root]
    while to_visit:
        for child in find(to_visit.pop()):
            if child in seen:
                continue
            seen.add(child)
            to_visit.append(child)
            if not _is_zombie(child):
                found.append(child)
    return found


def _kernel_lists() -> bool:
    """Tell whether this kernel was built to list children (CONFIG_PROC_CHILDREN)."""
    return os.path.exists("/proc/thread-self/children")


def listed_children(pid: int) -> list[int]:
    """Find the children of a process where the kernel lists them."""
    children: list[int] = []
    for thread in _listing(f"/proc/{pid}/task"):
        children += map(int, content(f"/proc/{pid}/task/{thread}/children").split())
    return children


def scanned_children() -> Children:
    """Find children by one scan of all processes, for kernels that do not list them."""
    table: dict[int, list[int]] = {}
    for pid in pids():
        fields = _stat(pid)
        if fields:
            table.setdefault(int(fields[1]), []).append(pid)
    return lambda pid: table.get(pid, [])


def children(pid: int) -> list[int]:
    """List the children of a process, zombies included."""
    return listed_children(pid) if _kernel_lists() else list(scanned_children()(pid))


def parent(pid: int) -> int | None:
    """Tell who the parent of a process is; None if the process is gone."""
    fields = _stat(pid)
    return int(fields[1]) if fields else None


def is_below(pid: int, roots: Collection[int]) -> bool:
    """Tell whether a process is one of these, or has one of these above it."""
    while pid > 1:
        if pid in roots:
            return True
        fields = _stat(pid)
        pid = int(fields[1]) if fields else 0
    return pid in roots


def has_ended(pid: int) -> bool:
    """Tell whether a process is gone, or waits for nothing but its parent to take notice."""
    return _is_zombie(pid)


def is_stopped(pid: int) -> bool:
    """Tell whether a process stands still, or has ended."""
    fields = _stat(pid)
    return not fields or fields[0] in (b"T", b"t", *_DEAD)


def is_held(pid: int) -> bool:
    """Tell whether a process has ended, and only its tracer can take notice of that."""
    if not _is_zombie(pid):
        return False
    for line in content(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"TracerPid:"):
            return int(line.split()[1]) not in (0, os.getpid())
    return False


def exit_status(pid: int) -> int | None:
    """Tell the wait status of a process that has ended and was not reaped; None: not known."""
    fields = _stat(pid)
    return int(fields[-1]) if fields and fields[0] in _DEAD else None


def _is_zombie(pid: int) -> bool:
    fields = _stat(pid)
    if not fields:
        return True
    # The first thread of a living process may have ended: then others are still listed.
    return fields[0] in _DEAD and len(_listing(f"/proc/{pid}/task")) <= 1


def _stat(pid: int) -> list[bytes]:
    """Read /proc/PID/stat from the state on; empty if the process is gone."""
    text = content(f"/proc/{pid}/stat")
    return text[text.rindex(b")") + 1 :].split() if text else []


def _listing(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except _GONE:
        return []


def pids() -> Iterable[int]:
    """List all processes."""
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def signal_tree(root: int, signum: int, spare: Collection[int] = ()) -> int:
    """Signal every living process below `root`; returns how many took it."""
    found = descendants(root, spare)
    return sum(send_if(pid, signum, lambda pid: is_below(pid, {root})) for pid in found)


def send_if(pid: int, signum: int, is_meant: Callable[[int], bool]) -> bool:
    """Signal a process that was found a moment ago, if its pid still is of one that is meant.

    Returns False if it is not, or may not be signalled.
    """
    pidfd = open_pidfd(pid)  # from here on whatever holds the pid is who will get the signal
    if pidfd is None:
        return False
    try:
        return is_meant(pid) and send_pidfd(pidfd, signum)
    finally:
        os.close(pidfd)


def is_own(pid: int) -> bool:
    """Tell whether a process is this user's."""
    return _owner(pid) == os.geteuid()


def holders_of_cookie(name: bytes, value: bytes) -> list[int]:
    """Find this user's processes that were started with NAME=VALUE in their environment."""
    return [pid for pid in pids() if is_own(pid) and variable(pid, name) == value]


def variable(pid: int, name: bytes) -> bytes:
    """Tell the value of a variable that a process was started with; b"" if it has none."""
    for entry in content(f"/proc/{pid}/environ").split(b"\0"):
        if entry.startswith(name + b"="):
            return entry[len(name) + 1 :]
    return b""


def _owner(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except _GONE:
        return None


def describe(found: Iterable[int]) -> tuple[str, ...]:
    """Name processes for a job's record: `1234 sleep`. Those that are gone are left out."""
    names = ((pid, content(f"/proc/{pid}/comm").decode(errors="replace").strip()) for pid in found)
    return tuple(f"{pid} {name}" for pid, name in names if name)
