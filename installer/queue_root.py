"""The queue's own directory: who may do what where, its configuration, and access lists on top.

The group never gets write below the root except in users/: whoever can write another's script in
the queue runs code as that person.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from installer import files
from installer.choices import Choices
from installer.versions import SOURCE
from installer.words import InstallError, shown, step, warn

ROOT_MODE = 0o2750
# Below the root: what the dispatcher makes too, if it is missing (a test compares the two).
DIRECTORIES = (
    ("state", 0o2750),
    ("queue", 0o2750),
    ("queue/pending", 0o2750),
    ("queue/running", 0o2750),
    ("queue/completed", 0o2750),
    ("queue/failed", 0o2750),
    ("queue/quarantine", 0o2750),
    ("logs", 0o2750),
    ("run", 0o2750),
    ("tmp", 0o2700),
    ("users", 0o3770),
)
LOCK_MODE = 0o700
CONFIG_MODE = 0o640
_CPU_FRACTION = re.compile(r"^#?cpu_fraction[ \t]*:.*$", re.MULTILINE)


def make(choices: Choices) -> None:
    """The root and its directories with their modes and owner, and the configuration.

    Raises: InstallError.
    """
    owner = (choices.admin_uid, choices.gid)
    new = files.directory(choices.root, ROOT_MODE, *owner)
    step(f"{'made' if new else 'using'} the queue {choices.root}: {choices.admin}:{choices.group}")
    for name, mode in DIRECTORIES:
        files.directory(f"{choices.root}/{name}", mode, *owner)
    _lock(choices)


def _lock(choices: Choices) -> None:
    """lock/, or a link of that name to the directory that the admin chose."""
    path = f"{choices.root}/lock"
    owner = (choices.admin_uid, choices.gid)
    if not choices.lock_dir:
        if not os.path.islink(path):
            files.directory(path, LOCK_MODE, *owner)
        return
    files.directory(choices.lock_dir, LOCK_MODE, *owner)
    if os.path.isdir(path) and not os.path.islink(path):
        try:
            os.rmdir(path)
        except OSError as error:
            raise InstallError(
                f"cannot use --lock-dir={choices.lock_dir}: {path} is in use ({shown(error)})",
                "stop the dispatcher, empty that directory and run this again",
            ) from None
    files.link(path, choices.lock_dir)


def configure(choices: Choices, python: str) -> None:
    """Write config.yaml if there is none; of an existing one change at most cpu_fraction.

    Raises: InstallError.
    """
    path = f"{choices.root}/config.yaml"
    if os.path.exists(path):
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = before = file.read()
    else:
        text, before = _first_config(choices, python), ""
    if choices.cpu_limit is not None:
        line = f"cpu_fraction: {choices.cpu_limit:g}"
        text, count = _CPU_FRACTION.subn(line, text, count=1)
        text += "" if count else f"\n{line}\n"
    if text != before:
        files.replace(path, text, CONFIG_MODE, choices.admin_uid, choices.gid)
        step(f"wrote {path}")


def _first_config(choices: Choices, python: str) -> str:
    """The shipped file, with the settings of a Bash version's `config` if the root has one."""
    text = (SOURCE / "conf" / "config.yaml").read_text(encoding="utf-8")
    old = f"{choices.root}/config"
    if not os.path.isfile(old):
        return text
    program = (
        "import sys; sys.path.append(sys.argv[2])\n"
        "from tinysched.spool.legacyrecords import translate_config\n"
        "sys.stdout.write(translate_config(open(sys.argv[1], errors='replace').read()))"
    )
    ours = f"{os.path.dirname(os.path.dirname(python))}/ours"
    command = [python, "-I", "-c", program, old, ours]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        warn(f"cannot translate {old}: all defaults are used: {done.stderr.strip()[-200:]}")
        return text
    step(f"took the settings of the Bash version from {old}")
    return _with_settings(text, done.stdout)


def _with_settings(text: str, settings: str) -> str:
    """The shipped file with these lines in the place of its own; what has none goes to the end."""
    rest = []
    for line in settings.splitlines():
        key = line.partition(":")[0]
        found = re.search(rf"^#{re.escape(key)}:.*$", text, re.MULTILINE)
        if found and not line.startswith("#"):
            text = text[: found.start()] + line + text[found.end() :]
        else:
            rest.append(line)
    return text + "\n" + "\n".join(rest) + "\n"


def set_access_lists(choices: Choices) -> None:
    """--secure-acl: the world is shut out, the admin may do everything, the group may read.

    Modes do nearly all of it; an access list lets in the admin where root owns the programs. What
    cannot be set is a warning. No default lists: they would open files that users make private.
    """
    step(f"shutting out all but {choices.admin} and group {choices.group}")
    warn(
        "unlike the Bash version's --secure-acl the group gets no write on the queue: with it any"
        " member could run code as any other"
    )
    programs = [choices.prefix] + ([choices.bin_dir] if _all_ours(choices.bin_dir) else [])
    for place in programs:
        _shut_out_others(place, choices.gid)
        if os.stat(place).st_uid != choices.admin_uid:
            _setfacl(["-R", "-P", "-m", f"u:{choices.admin}:rwX"], place)


def _all_ours(bin_dir: str) -> bool:
    """Whether nothing but our links is in bin-dir, so that its mode is ours to set."""
    names = [f"{bin_dir}/{name}" for name in os.listdir(bin_dir)]
    return all(os.path.islink(name) or os.path.basename(name) == "slurm" for name in names)


def _shut_out_others(place: str, gid: int) -> None:
    """Take everything from the world below a place of ours, give it to the group to read.

    Where the group cannot be changed, an access list says the same: a file's owner may always set
    one, but hand a file only to a group of their own.
    """
    unmoved = 0
    for folder, names, others in os.walk(place):
        for path in [folder, *(f"{folder}/{name}" for name in (*names, *others))]:
            if os.path.islink(path):
                continue
            try:
                unmoved += not _close(path, gid)
            except OSError as error:
                warn(f"cannot set the mode of {path}: {shown(error)}")
    if unmoved:
        step(f"the group of {unmoved} files cannot be changed: access lists let it in")
        _setfacl(["-R", "-P", "-m", f"g:{gid}:rX,o::---"], place)


def _close(path: str, gid: int) -> bool:
    """Set group and mode of one of our files; False: it has to stay in the group it is in."""
    facts = os.stat(path)
    if facts.st_gid != gid:
        try:
            os.chown(path, -1, gid)
        except PermissionError:
            if facts.st_uid != os.geteuid():
                raise
            return False
    os.chmod(path, facts.st_mode & 0o7777 & ~0o027)
    return True


def _setfacl(arguments: list[str], place: str) -> None:
    if not shutil.which("setfacl"):
        warn(f"setfacl is missing (package acl): the access list of {place} is not set")
        return
    done = subprocess.run(
        ["setfacl", *arguments, place], capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        warn(f"cannot set the access list of {place}: {words}")
