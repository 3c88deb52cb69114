"""What the host offers, and how it is set up, as far as the queue depends on it."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Sequence
from dataclasses import dataclass

_MOUNTS = "/proc/self/mounts"
_PROTECTIONS = ("protected_hardlinks", "protected_symlinks")
_CGROUP2 = "cgroup2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One file system: where it is, of which type, with which options."""

    place: str
    kind: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is free below a path, for whoever is not root. `free_files` None: not counted there."""

    path: str
    free_bytes: int
    free_files: int | None


def mounts() -> list[Mount]:
    """Every file system that the caller sees, later ones on top of earlier ones."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            return read_mounts(file.read())
    except OSError:
        return []


def read_mounts(text: str) -> list[Mount]:
    """Read /proc/self/mounts."""
    found = []
    for line in text.splitlines():
        words = line.split(" ")
        if len(words) >= 4:
            place = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), words[1])
            found.append(Mount(place=place, kind=words[2], options=tuple(words[3].split(","))))
    return found


def mount_of(path: str, among: Sequence[Mount]) -> Mount | None:
    """The file system that a path, links followed, lies on."""
    real = os.path.realpath(path)
    best: Mount | None = None
    for mount in among:
        is_above = mount.place == "/" or f"{real}/".startswith(f"{mount.place}/")
        if is_above and (best is None or len(mount.place) >= len(best.place)):
            best = mount
    return best


def hidden_processes(among: Sequence[Mount]) -> str:
    """The option of /proc by which other users' processes are hidden; '' if they are not."""
    proc = [mount for mount in among if mount.place == "/proc" and mount.kind == "proc"]
    options = proc[-1].options if proc else ()
    hiding = ("hidepid=1", "hidepid=2", "hidepid=4")
    words = ("hidepid=noaccess", "hidepid=invisible", "hidepid=ptraceable")
    return next((option for option in options if option in (*hiding, *words)), "")


def room(path: str) -> Room | None:
    """What is free below a path; None if the caller may not know."""
    try:
        facts = os.statvfs(path)
    except OSError:
        return None
    return Room(
        path=path,
        free_bytes=facts.f_bavail * facts.f_frsize,
        free_files=facts.f_favail if facts.f_files else None,
    )


def lacking_protections() -> list[str]:
    """Those of the kernel's guards against links in shared directories that are off."""
    return [f"fs.{name}" for name in _PROTECTIONS if _line(f"/proc/sys/fs/{name}") == "0"]


def most_open_files() -> int | None:
    """The hard limit of open files of this process; None: there is none."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return None if hard == resource.RLIM_INFINITY else hard


def delegated_cgroup(among: Sequence[Mount]) -> str:
    """The caller's own group of cgroup v2, if the caller may change it; else ''."""
    place = next((mount.place for mount in among if mount.kind == _CGROUP2), "")
    own = next((line[3:] for line in _text("/proc/self/cgroup") if line.startswith("0::")), "")
    path = f"{place}{own}".rstrip("/")
    can_write = os.access(f"{path}/cgroup.procs", os.W_OK) and os.access(path, os.W_OK)
    return path if place and own and can_write else ""


def unit_of(pid: int) -> str:
    """The systemd service that a process belongs to; '' if to none."""
    for line in _text(f"/proc/{pid}/cgroup"):
        last = line.rpartition("/")[2]
        if last.endswith(".service") and not last.startswith("user@"):
            return last
    return ""


def _line(path: str) -> str:
    return "".join(_text(path)[:1]).strip()


def _text(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except OSError:
        return []
