"""The commands people type: small files that start the right Python with the right modules.

They lie in the version's own directory; bin-dir holds links to them through `current`, so that one
rename switches all of them at once.
"""

from __future__ import annotations

import os
import shlex
import socket

from installer import files
from installer.choices import Choices
from installer.versions import SOURCE, libraries
from installer.words import InstallError, warn

# Name in bin-dir: the command's module in tinysched/commands.
COMMANDS = {
    "tsbatch": "tsbatch",
    "tsqueue": "tsqueue",
    "tscancel": "tscancel",
    "tscontrol": "tscontrol",
    "tsout": "tsout",
    "tspurge": "tspurge",
    "run_job.sh": "run_job",
    "tsrun": "srun",
    "tsalloc": "salloc",
    "tsacct": "tsacct",
    "tsagent": "tsagent",
    "tsctl": "tsctl",
    "tsdaemon": "tsdaemon",
    "tiny_sched_daemon.sh": "tsdaemon",
}
# Commands under Slurm's names, which behave as Slurm's; on PATH only by choice.
SLURM_NAMES = {
    "sbatch": "sbatch",
    "squeue": "squeue",
    "scancel": "scancel",
    "scontrol": "scontrol",
    "srun": "srun",
    "salloc": "salloc",
    "sinfo": "sinfo",
    "sacct": "sacct",
    "sstat": "sstat",
}
DOOR = "tinysched"
ENV = "tiny_sched_env.sh"
SLURM_DIR = "slurm"
LONGEST_SHEBANG = 127

# What is called in loops has its modules in one file.
BUNDLED = (
    "tsbatch",
    "tsqueue",
    "tscancel",
    "sbatch",
    "squeue",
    "scancel",
    "sacct",
    "scontrol",
    "sinfo",
)
BUNDLES = "bundles"

_LAUNCH = """\
import sys
sys.path += {libraries!r}
{bundle}from tinysched.site import Site
{start}
"""
_BUNDLE = """\
try:
    with open({path!r} + sys.implementation.cache_tag, "rb") as file:
        from marshal import loads
        code, table = loads(file.read())
except (OSError, EOFError, ValueError, TypeError):
    pass
else:
    found = {{"__name__": "tinysched.bundle"}}
    exec(code, found)
    found["use"](table)
"""
_COMMAND = """from tinysched.commands.console import run
run({module!r}, Site({root!r}, {uid}, {bin_dir!r}))"""
_PROGRAM = """from tinysched.__main__ import main
sys.exit(main(Site({root!r}, {uid}, {bin_dir!r}), sys.argv[1:]))"""


def write(choices: Choices, place: str) -> None:
    """Write the launchers of a version.

    Raises: InstallError.
    """
    folder = f"{place}/commands"
    for name, module in COMMANDS.items():
        files.replace(f"{folder}/{name}", launcher(choices, place, _COMMAND, module), 0o755)
    files.directory(f"{folder}/{SLURM_DIR}", 0o755)
    for name, module in SLURM_NAMES.items():
        text = launcher(choices, place, _COMMAND, module)
        files.replace(f"{folder}/{SLURM_DIR}/{name}", text, 0o755)
    files.replace(f"{folder}/{DOOR}", launcher(choices, place, _PROGRAM, ""), 0o755)
    template = (SOURCE / "conf" / ENV).read_text(encoding="utf-8")
    for mark, value in (
        ("@BIN_DIR@", choices.bin_dir),
        ("@ROOT@", choices.root),
        ("@HOST@", socket.gethostname().split(".")[0]),
    ):
        template = template.replace(mark, value)
    files.replace(f"{folder}/{ENV}", template, 0o644)


def launcher(choices: Choices, place: str, start: str, module: str) -> str:
    """The text of one launcher."""
    words = {"root": choices.root, "uid": choices.admin_uid, "bin_dir": choices.bin_dir}
    bundle = ""
    if module in BUNDLED:
        bundle = _BUNDLE.format(path=f"{place}/commands/{BUNDLES}/{module}.")
    start = start.format(module=module, **words)
    body = _LAUNCH.format(libraries=libraries(place), bundle=bundle, start=start)
    return shebang(f"{place}/bin/python") + body


def shebang(python: str) -> str:
    """The first line; where the kernel would cut it off, a shell that hands over to Python."""
    line = f"#!{python} -IS\n"
    if len(line.encode()) <= LONGEST_SHEBANG and not any(map(str.isspace, python)):
        return line
    # sh sees the command ':' and then exec; Python sees one long string
    return f"""#!/bin/sh\n''':'\nexec {shlex.quote(python)} -IS "$0" "$@"\n'''\n"""


def publish(choices: Choices) -> None:
    """Make the links in bin-dir.

    Raises: InstallError if something else is in the way.
    """
    new = files.directory(choices.bin_dir, 0o755) if not os.path.isdir(choices.bin_dir) else False
    if choices.secure_acl and not new:
        warn(f"{choices.bin_dir} was there before: its own mode is left as it is")
    for name in (*COMMANDS, DOOR, ENV):
        _put(f"{choices.bin_dir}/{name}", f"{choices.current}/commands/{name}")
    if choices.slurm_names:
        files.directory(f"{choices.bin_dir}/{SLURM_DIR}", 0o755)
        for name in SLURM_NAMES:
            target = f"{choices.current}/commands/{SLURM_DIR}/{name}"
            _put(f"{choices.bin_dir}/{SLURM_DIR}/{name}", target)


def ours(choices: Choices) -> list[str]:
    """The links in bin-dir that lead to this installation."""
    names = [*COMMANDS, DOOR, ENV, *(f"{SLURM_DIR}/{name}" for name in SLURM_NAMES)]
    paths = [f"{choices.bin_dir}/{name}" for name in names]
    return [path for path in paths if _leads_to(path, choices.prefix)]


def _put(path: str, target: str) -> None:
    """A link, in the place of nothing, of one of ours, or of the Bash version's command."""
    if os.path.islink(path) and "/current/commands/" not in os.readlink(path):
        raise InstallError(
            f"cannot make {path}: a link to {os.readlink(path)} is there already",
            "move it away, or choose another --bin-dir",
        )
    if os.path.isfile(path) and not os.path.islink(path) and _is_bash_version(path):
        aside = f"{path}.bash-version"
        warn(f"{path} of the Bash version is kept as {aside}")
        os.rename(path, aside)
    files.link(path, target)


def _is_bash_version(path: str) -> bool:
    with open(path, "rb") as file:
        text = file.read(65536)
    return text.startswith(b"#!") and b"bash" in text[:40] and b"tiny_sched" in text


def _leads_to(path: str, prefix: str) -> bool:
    return os.path.islink(path) and os.readlink(path).startswith(f"{prefix}/")
