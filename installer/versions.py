"""The programs: one directory a version, side by side, and a link to the one in use.

What runs keeps its own version; it is removed when nothing of it runs any more.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from installer import files
from installer.choices import Choices
from installer.words import InstallError, shown, step

DONE = "complete.json"
SOURCE = Path(__file__).resolve().parent.parent
SHIPPED = ("tinysched", "conf")


def build(choices: Choices, python: str) -> str:
    """Make the directory of this version, or find it made; answers its path.

    Raises: InstallError.
    """
    digest = _digest(python)
    folder = f"{choices.prefix}/versions"
    files.directory(choices.prefix)
    files.directory(folder)
    for name in sorted(os.listdir(folder)):
        if _facts(f"{folder}/{name}").get("digest") == digest and _works(f"{folder}/{name}"):
            step(f"version {name} is there already")
            return f"{folder}/{name}"
    place = _free_name(folder, version())
    step(f"making {place} with {python}")
    try:
        _environment(place, python, choices.wheelhouse)
        _copy(place)
        files.directory(f"{place}/commands")
        facts = {"digest": digest, "python": python, "version": version()}
        files.replace(f"{place}/{DONE}", json.dumps(facts) + "\n", 0o644)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return place


def version() -> str:
    """The version of the sources beside this program."""
    text = (SOURCE / "tinysched" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    return found[1] if found else "0"


def requirements() -> list[str]:
    """What pyproject.toml asks for at run time."""
    text = (SOURCE / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r"^dependencies = (\[.*?^\])", text, re.MULTILINE | re.DOTALL)
    return list(ast.literal_eval(found[1])) if found else []


def libraries(place: str) -> list[str]:
    """Where a version's modules are: ours, then those of others."""
    others = sorted(Path(place).glob("lib/python3.*/site-packages"))
    return [f"{place}/ours", *(str(path) for path in others)]


def use(choices: Choices, place: str) -> None:
    """Turn the link: from now on every command that starts is of this version."""
    files.link(choices.current, os.path.relpath(place, choices.prefix))


def remove_unused(choices: Choices) -> None:
    """Remove the versions that nothing runs on; the one in use stays in any case."""
    folder = f"{choices.prefix}/versions"
    now = os.path.realpath(choices.current)
    for name in sorted(os.listdir(folder)):
        place = os.path.realpath(f"{folder}/{name}")
        if place == now:
            continue
        if pids := running(place):
            step(f"version {name} stays: still run by {', '.join(map(str, pids[:8]))}")
            continue
        step(f"removing version {name}: nothing runs on it")
        shutil.rmtree(place, ignore_errors=True)


def running(place: str) -> list[int]:
    """The processes whose command line names this directory; [0] if that cannot be seen."""
    if not os.path.exists("/proc/1/cmdline"):
        return [0]  # other users' processes are hidden from us
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{name}/cmdline").read_bytes()
                if f"{place}/".encode() in line:
                    found.append(int(name))
    return sorted(found)


def _digest(python: str) -> str:
    """What a version is made of, in short: sources, requirements, interpreter."""
    made_of = hashlib.sha256()
    made_of.update("\n".join([python, *requirements()]).encode())
    for top in SHIPPED:
        for path in sorted((SOURCE / top).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                made_of.update(f"\n{path.relative_to(SOURCE)}\n".encode() + path.read_bytes())
    return made_of.hexdigest()


def _facts(place: str) -> dict[str, object]:
    """What a complete version says of itself; nothing if it was never completed."""
    try:
        found = json.loads(Path(place, DONE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _works(place: str) -> bool:
    try:
        command = [f"{place}/bin/python", "-c", "import click, daemon, psutil, supervisor, yaml"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _free_name(folder: str, name: str) -> str:
    """A name nobody has: 1.2, 1.2.1 …; what an interrupted run left half-made is removed."""
    for entry in os.listdir(folder):
        if not _facts(f"{folder}/{entry}") and not running(f"{folder}/{entry}"):
            shutil.rmtree(f"{folder}/{entry}", ignore_errors=True)
    count = 0
    while os.path.lexists(found := f"{folder}/{name}" + (f".{count}" if count else "")):
        count += 1
    return found


def _environment(place: str, python: str, wheelhouse: str) -> None:
    run("make an environment", [python, "-m", "venv", place])
    where = ["--no-index", "--find-links", wheelhouse] if wheelhouse else []
    wanted = requirements()
    step(f"installing {', '.join(wanted)}" + (f" from {wheelhouse}" if wheelhouse else ""))
    pip = [f"{place}/bin/python", "-m", "pip", "install", "--quiet", "--no-input"]
    run("install the packages it needs", [*pip, "--disable-pip-version-check", *where, *wanted])


def _copy(place: str) -> None:
    """Our own modules with their byte code, readable by all whatever the umask of the sources."""
    for top in SHIPPED:
        target = f"{place}/ours/{top}"
        try:
            shutil.copytree(
                SOURCE / top,
                target,
                copy_function=shutil.copyfile,
                ignore=shutil.ignore_patterns("__pycache__", "*.pyc"),
            )
        except (OSError, shutil.Error) as error:
            raise InstallError(f"cannot copy {SOURCE / top}: {error}") from None
        for folder, _, _ in os.walk(target):
            os.chmod(folder, 0o755)
    compile_all = [f"{place}/bin/python", "-m", "compileall", "-q", f"{place}/ours"]
    run("compile the programs", compile_all)


def run(what: str, command: list[str]) -> None:
    """Run a program in quiet; its last words only if it goes wrong."""
    quiet = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    quiet.pop("PYTHONPATH", None)
    quiet.pop("PYTHONHOME", None)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=quiet, check=False
        )
    except OSError as error:
        raise InstallError(f"cannot {what}: {command[0]}: {shown(error)}") from None
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise InstallError(
            f"cannot {what}: {command[0]} ended with {done.returncode}",
            f"{tail}\nwithout network: put the packages into a directory, --wheelhouse=DIR",
        )
