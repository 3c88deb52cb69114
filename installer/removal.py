"""--uninstall: the programs go; queue and logs stay unless --purge-state is given."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess

from installer import launchers
from installer.choices import Choices
from installer.versions import running
from installer.words import InstallError, step, warn

_MARKS = ("state", "queue", "users")


def remove(choices: Choices, *, purge_state: bool) -> None:
    """Stop the dispatcher, remove links and programs, and the queue if that is asked for.

    Raises: InstallError when nothing of ours is there, or the dispatcher cannot be stopped.
    """
    if not os.path.lexists(choices.current):
        raise InstallError(
            f"cannot uninstall: nothing is installed in {choices.prefix}",
            "name the --bin-dir (or --prefix) of the installation",
        )
    _stop(choices)
    for path in launchers.ours(choices):
        os.unlink(path)
    for path in (f"{choices.bin_dir}/{launchers.SLURM_DIR}", choices.bin_dir):
        with contextlib.suppress(OSError):
            os.rmdir(path)
    if pids := running(f"{choices.prefix}/versions"):
        warn(
            "still running from this installation: processes"
            f" {', '.join(map(str, pids[:20]))}; they are agents and workers of jobs and end by"
            " themselves, or can be ended by their owners"
        )
    for name in ("versions", "current", "install.json"):
        _delete(f"{choices.prefix}/{name}")
    with contextlib.suppress(OSError):
        os.rmdir(choices.prefix)
    step(f"removed the programs from {choices.prefix} and {choices.bin_dir}")
    if purge_state:
        _purge(choices)
    else:
        step(f"queue and logs stay in {choices.root}; --purge-state would have removed them")


def _stop(choices: Choices) -> None:
    """End the dispatcher (and supervisord) through its own command."""
    program = f"{choices.current}/commands/tsdaemon"
    environment = {key: value for key, value in os.environ.items() if key != "TJS_ROOT"}
    done = subprocess.run(
        [program, "stop"], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode not in (0, 3):
        raise InstallError(
            f"cannot stop the dispatcher: {(done.stderr or done.stdout).strip()}",
            f"stop it as {choices.admin} with 'tsdaemon stop', then run this again",
        )


def _purge(choices: Choices) -> None:
    root = choices.root
    if not all(os.path.isdir(f"{root}/{name}") for name in _MARKS):
        warn(f"{root} does not look like a queue: left as it is")
        return
    _delete(root)
    if choices.lock_dir:
        with contextlib.suppress(OSError):
            os.unlink(f"{choices.lock_dir}/global.lock")
            os.rmdir(choices.lock_dir)
    if os.path.exists(root):
        warn(f"parts of {root} belong to other users and are left; root can remove them")
    else:
        step(f"removed the queue {root}")


def _delete(path: str) -> None:
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    else:
        shutil.rmtree(path, ignore_errors=True)
