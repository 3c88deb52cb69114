"""The command line of install.py, checked against the machine before anything is changed."""

from __future__ import annotations

import argparse
import grp
import json
import os
import pwd
import re
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from installer.words import InstallError, step, warn

RECORD = "install.json"
_RECORDED = ("root", "lock_dir", "admin", "group", "secure_acl", "slurm_names")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f'\"\\$`]+")


@dataclass(frozen=True)
class Choices:
    """One installation. Paths are absolute; `lock_dir` '' means inside the root.

    `cpu_limit` None leaves the configuration as it is.
    """

    prefix: str
    bin_dir: str
    root: str
    lock_dir: str
    admin: str
    admin_uid: int
    group: str
    gid: int
    secure_acl: bool
    slurm_names: bool
    cpu_limit: float | None = None
    wheelhouse: str = ""

    @property
    def current(self) -> str:
        """The link to the version in use."""
        return f"{self.prefix}/current"

    @property
    def record(self) -> str:
        """Where the choices are kept for the next run and for --uninstall."""
        return f"{self.prefix}/{RECORD}"

    @property
    def trusted(self) -> frozenset[int]:
        """Who may own programs and the directories above them."""
        return frozenset({0, self.admin_uid, os.geteuid()})

    def as_json(self) -> str:
        """What a later run takes for granted."""
        kept = {name: asdict(self)[name] for name in (*_RECORDED, "prefix", "bin_dir")}
        return json.dumps(kept, indent=2, sort_keys=True) + "\n"


def parser() -> argparse.ArgumentParser:
    """The options, with their help."""
    host = socket.gethostname()
    made = argparse.ArgumentParser(
        prog="install.py",
        description="Install tinysched, or upgrade it while jobs run. No root privileges needed.",
        epilog="A later run takes every option that is not given as it was the time before.",
        allow_abbrev=False,
    )
    add = made.add_argument
    add("--bin-dir", metavar="DIR", help="where the commands go (default /shared/bin)")
    add("--sched-root", metavar="DIR", help=f"the queue (default /scratch/{host}/tiny-scheduler)")
    add("--lock-dir", metavar="DIR", help="the dispatcher's lock (default: lock/ in the queue)")
    add("--prefix", metavar="DIR", help="the programs (default: ../lib/tinysched of --bin-dir)")
    add("--cpu-limit", metavar="F", type=_fraction, help="part of the cores, above 0, up to 1")
    add("--admin-user", metavar="NAME", help="whose queue it is (default: who installs)")
    add("--research-group", metavar="NAME", help="who may use it (default: the admin's own group)")
    add("--secure-acl", action="store_true", default=None, help="shut out all others, with ACLs")
    add("--slurm-names", action="store_true", default=None, help="sbatch, squeue, scancel as well")
    add("--wheelhouse", metavar="DIR", default="", help="packages for a host without network")
    add("--uninstall", action="store_true", help="remove the programs; queue and logs stay")
    add("--purge-state", action="store_true", help="with --uninstall: remove the queue as well")
    add("--demo", action="store_true", help="try it: a private queue in a new directory")
    return made


def read(given: argparse.Namespace) -> Choices:
    """Fill in what was not given: as recorded by the run before, else the defaults.

    Raises: InstallError for what the machine does not know or does not allow.
    """
    bin_dir = _path(given.bin_dir or "/shared/bin", "--bin-dir")
    if ":" in bin_dir:
        raise InstallError(f"cannot use --bin-dir={bin_dir}: PATH cannot hold a name with ':'")
    prefix = _path(given.prefix or f"{os.path.dirname(bin_dir)}/lib/tinysched", "--prefix")
    before = recorded(prefix)
    if before and before.get("bin_dir") != bin_dir:
        raise InstallError(
            f"cannot install into {prefix}: it serves {before.get('bin_dir')} already",
            f"name the same --bin-dir, or another --prefix for {bin_dir}",
        )
    root = given.sched_root or str(before.get("root") or "") or _default_root()
    lock_dir = given.lock_dir or str(before.get("lock_dir") or "")
    admin = _admin(given.admin_user or str(before.get("admin") or ""))
    group = _group(given.research_group or str(before.get("group") or ""), admin)
    return Choices(
        prefix=prefix,
        bin_dir=bin_dir,
        root=_path(root, "--sched-root"),
        lock_dir=_path(lock_dir, "--lock-dir") if lock_dir else "",
        admin=admin.pw_name,
        admin_uid=admin.pw_uid,
        group=group.gr_name,
        gid=group.gr_gid,
        secure_acl=bool(before.get("secure_acl") if given.secure_acl is None else given.secure_acl),
        slurm_names=bool(
            before.get("slurm_names") if given.slurm_names is None else given.slurm_names
        ),
        cpu_limit=given.cpu_limit,
        wheelhouse=_wheelhouse(given.wheelhouse),
    )


def recorded(prefix: str) -> dict[str, object]:
    """What the run before has written down; nothing if there was none."""
    try:
        found = json.loads(Path(prefix, RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InstallError(f"cannot read {prefix}/{RECORD}: {error}") from None
    return found if isinstance(found, dict) else {}


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number above 0, up to 1")
    return value


def _path(text: str, option: str) -> str:
    """An absolute path that needs no quoting in any of the files it gets into."""
    path = os.path.abspath(os.path.expanduser(text))
    if not _PLAIN.fullmatch(path):
        raise InstallError(
            f"cannot use {option}={text!r}: quotes, backslashes, $ and control characters would"
            " not survive in the launchers"
        )
    return path


def _default_root() -> str:
    return os.environ.get("TJS_ROOT") or f"/scratch/{socket.gethostname()}/tiny-scheduler"


def _admin(name: str) -> pwd.struct_passwd:
    me = os.geteuid()
    if not name and me == 0 and os.environ.get("SUDO_USER"):
        warn("the queue's admin is root; --admin-user=NAME makes it somebody else")
    try:
        admin = pwd.getpwnam(name) if name else pwd.getpwuid(me)
    except KeyError:
        raise InstallError(f"cannot make {name or me} the admin: there is no such user") from None
    if me not in (0, admin.pw_uid):
        raise InstallError(
            f"cannot install for {admin.pw_name}: only root and {admin.pw_name} can",
            f"run it as {admin.pw_name}, or with sudo",
        )
    return admin


def _group(name: str, admin: pwd.struct_passwd) -> grp.struct_group:
    try:
        group = grp.getgrnam(name) if name else grp.getgrgid(admin.pw_gid)
    except KeyError:
        raise InstallError(
            f"cannot use the group {name or admin.pw_gid}: there is no such group",
            "name one with --research-group",
        ) from None
    if not name:
        step(f"no --research-group: the queue is for group {group.gr_name}: {_people(group)}")
    groups = os.getgrouplist(admin.pw_name, admin.pw_gid)
    if admin.pw_uid != 0 and group.gr_gid not in groups:
        raise InstallError(
            f"cannot use group {group.gr_name}: {admin.pw_name}, the admin, is not in it",
            f"as root: usermod -aG {group.gr_name} {admin.pw_name}",
        )
    if os.geteuid() != 0 and group.gr_gid not in {os.getegid(), *os.getgroups()}:
        raise InstallError(
            f"cannot use group {group.gr_name}: this login does not have it yet",
            "log out and in again",
        )
    return group


def _people(group: grp.struct_group) -> str:
    names = {user.pw_name for user in pwd.getpwall() if user.pw_gid == group.gr_gid}
    found = sorted(names | set(group.gr_mem))
    more = f" and {len(found) - 10} more" if len(found) > 10 else ""
    return (", ".join(found[:10]) or "nobody yet") + more


def _wheelhouse(text: str) -> str:
    if text and not os.path.isdir(text):
        raise InstallError(f"cannot use --wheelhouse={text}: no such directory")
    return os.path.abspath(text) if text else ""
