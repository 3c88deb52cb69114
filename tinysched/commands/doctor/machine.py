"""What the host has to be like: room on its disks, a file system that locks, limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinysched.commands.doctor.verdict import Verdict, fail, ok, warn
from tinysched.host.surroundings import Mount, Room

NETWORK = (
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "lustre", "gpfs", "beegfs"),
    *("glusterfs", "panfs", "orangefs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.rclone"),
)
FLEETING = ("tmpfs", "ramfs")
MIB = 2**20
FULL_MIB, NEARLY_FULL_MIB = 4, 200
FULL_FILES, NEARLY_FULL_FILES = 100, 10_000
FEW_OPEN_FILES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The host. `rooms`: what each is for -> what is free. `cgroup` '': nothing is delegated.

    `open_files` None: there is no limit.
    """

    root_mount: Mount | None
    rooms: Sequence[tuple[str, Room]]
    hidden: str
    lacking: Sequence[str]
    open_files: int | None
    cgroup: str


def judge(machine: Machine) -> list[Verdict]:
    """A line for each thing."""
    return [
        _file_system(machine.root_mount),
        *(_room(what, room) for what, room in machine.rooms),
        _open_files(machine.open_files),
        _hidden(machine.hidden),
        _protections(machine.lacking),
        _cgroup(machine.cgroup),
    ]


def _file_system(mount: Mount | None) -> Verdict:
    what = "file system"
    if mount is None:
        return warn(what, "of which type the root's is cannot be seen", "ask 'df -T'")
    if mount.kind in NETWORK:
        return warn(
            what,
            f"the root lies on {mount.place}, a network file system ({mount.kind}): locks and"
            " syncs may not hold there",
            "install.py --sched-root=DIR with a directory of a local disk",
        )
    if mount.kind in FLEETING:
        return warn(
            what,
            f"the root lies in memory ({mount.place}, {mount.kind}): a reboot takes the queue away",
            "install.py --sched-root=DIR with a directory of a local disk",
        )
    return ok(what, f"the root lies on {mount.place}, a local {mount.kind}")


def _room(what: str, room: Room) -> Verdict:
    free_mib = room.free_bytes // MIB
    files = room.free_files
    words = f"{free_mib} MiB free in {room.path}"
    if files is not None and files < NEARLY_FULL_FILES:
        words += f", and room for {files} more files"
    cure = "remove what is not needed; 'tspurge' (the admin) forgets ended jobs"
    if what != "root":
        cure = "remove what is not needed"
    label = f"disk of {what}"
    if free_mib < FULL_MIB or (files is not None and files < FULL_FILES):
        return fail(label, f"full: {words}", cure)
    if free_mib < NEARLY_FULL_MIB or (files is not None and files < NEARLY_FULL_FILES):
        return warn(label, f"nearly full: {words}", cure)
    return ok(label, words)


def _open_files(most: int | None) -> Verdict:
    what = "open files"
    if most is None or most >= FEW_OPEN_FILES:
        return ok(what, "no limit" if most is None else f"up to {most}")
    return warn(
        what,
        f"only {most} at a time: enough for few jobs and users at once",
        "raise the hard limit (nofile) in /etc/security/limits.conf, or ask who runs this host",
    )


def _hidden(option: str) -> Verdict:
    what = "/proc"
    if not option:
        return ok(what, "shows everybody's processes")
    return warn(
        what,
        f"is mounted with {option}: other users' processes cannot be seen. Jobs are not affected,"
        " and their command lines are private; but install.py keeps every old version, and this"
        " check cannot tell who keeps the dispatcher running",
        "nothing has to be done",
    )


def _protections(lacking: Sequence[str]) -> Verdict:
    what = "protected links"
    if not lacking:
        return ok(what, "others' links in shared directories are not followed")
    values = " ".join(f"{name}=1" for name in lacking)
    return warn(
        what,
        f"{', '.join(lacking)}: off; the queue does without, users' own scripts in /tmp may not",
        f"as root: sysctl -w {values}",
    )


def _cgroup(path: str) -> Verdict:
    if path:
        return ok("cgroup v2", f"delegated to you: {path}; nothing uses it yet")
    return ok("cgroup v2", "not delegated to you; nothing needs it")
