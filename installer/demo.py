"""--demo: a private queue in a new directory, the example job, and what to type next."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from installer import choices as choosing
from installer.choices import Choices
from installer.versions import SOURCE
from installer.words import InstallError, step

EXAMPLES = SOURCE / "contrib" / "examples"
CORES = 4
PATIENCE_S = 300
LOOK_EVERY_S = 0.5
TASKS = 3


def run(given: argparse.Namespace, install: Callable[[Choices], None]) -> int:
    """Install, start, submit, watch, show.

    Raises: InstallError; then nothing of it is left running.
    """
    place = os.path.realpath(tempfile.mkdtemp(prefix="tinysched-demo-"))
    given.bin_dir, given.sched_root = f"{place}/bin", f"{place}/queue"
    given.prefix, given.lock_dir = f"{place}/lib/tinysched", None
    step(f"everything of this demo is in {place}")
    chosen = choosing.read(given)
    install(chosen)
    work = f"{place}/work"
    os.mkdir(work)
    for name in ("pi.sh", "compute_pi.py"):
        shutil.copy(EXAMPLES / name, work)
    try:
        _say_and_run(chosen, work, "tsdaemon", "start", "--supervised")
        number = _submit(chosen, work)
        _watch(chosen, work, number)
    except BaseException:
        _start(chosen, work, "tsdaemon", "stop")
        raise
    _show(chosen, work, number)
    return 0


def _submit(chosen: Choices, work: str) -> str:
    """The seed's array of three, on 4 cores or as many as there are."""
    cores = min(CORES, len(os.sched_getaffinity(0)))
    words = _say_and_run(chosen, work, "tsbatch", f"--cpus-per-task={cores}", "pi.sh")
    number = words.split()[-1] if words.split() else ""
    if not number.isdigit():
        raise InstallError(f"cannot understand tsbatch's answer: {words!r}")
    return number


def _watch(chosen: Choices, work: str, number: str) -> None:
    """Show the queue each time a state changes, until every task is COMPLETED."""
    before: list[str] = []
    until = time.monotonic() + PATIENCE_S
    while True:
        table = _call(chosen, work, "tsqueue", "-j", number)
        states = [line.split()[2] for line in table.splitlines()[1:] if len(line.split()) > 2]
        if states != before:
            print(f"$ tsqueue -j {number}\n{table}", flush=True)
            before = states
        if states == ["COMPLETED"] * TASKS:
            return
        lost = {"FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY"} & set(states)
        if lost or time.monotonic() > until:
            raise InstallError(
                f"cannot finish the demo: tasks are {', '.join(states) or 'not to be seen'}",
                f"look into {chosen.root}/logs and {work}",
            )
        time.sleep(LOOK_EVERY_S)


def _show(chosen: Choices, work: str, number: str) -> None:
    """The outputs, and the commands to go on with."""
    for path in sorted(Path(work).glob("pi_*.out")):
        print(f"$ cat {path}\n{path.read_text(encoding='utf-8')}")
    place = os.path.dirname(chosen.bin_dir)
    print(
        "Go on with:\n"
        f'    export PATH="{chosen.bin_dir}:$PATH"\n'
        f"    cd {work}\n"
        "    tsbatch pi.sh          submit it again\n"
        "    tsqueue                what waits, runs and ended lately\n"
        f"    tsout {number}                where its output is\n"
        "    tsdaemon status        how the dispatcher does\n"
        "Stop it and remove all of it:\n"
        f"    {chosen.bin_dir}/tsdaemon stop\n"
        f"    rm -rf {place}"
    )


def _say_and_run(chosen: Choices, work: str, command: str, *arguments: str) -> str:
    print(f"$ {' '.join([command, *arguments])}", flush=True)
    answer = _call(chosen, work, command, *arguments)
    print(answer, flush=True)
    return answer


def _call(chosen: Choices, work: str, command: str, *arguments: str) -> str:
    """What an installed command answers.

    Raises: InstallError with the command's own words.
    """
    done = _start(chosen, work, command, *arguments)
    if done.returncode:
        raise InstallError(
            f"cannot go on with the demo: {command} ended with {done.returncode}",
            (done.stderr or done.stdout).strip(),
        )
    return done.stdout


def _start(
    chosen: Choices, work: str, command: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """One of the installed commands, as anybody would type it."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if key != "TJS_ROOT" and not key.startswith(("SLURM_", "SBATCH_"))
    }
    return subprocess.run(
        [f"{chosen.bin_dir}/{command}", *arguments],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
