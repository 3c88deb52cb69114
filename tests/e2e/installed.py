"""What e2e tests do with an installation: call its commands, look at its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.wait import until

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND_S = 60


@dataclass(frozen=True)
class Installed:
    """An installation below one directory."""

    place: Path

    @property
    def bin(self) -> Path:
        return self.place / "bin"

    @property
    def prefix(self) -> Path:
        return self.place / "lib" / "tinysched"

    @property
    def root(self) -> Path:
        return self.place / "queue"

    @property
    def options(self) -> list[str]:
        return [f"--bin-dir={self.bin}", f"--sched-root={self.root}"]

    def processes(self) -> list[int]:
        """Everything that runs from this installation."""
        return [pid for pid, line in command_lines() if f"{self.place}/" in line]


@dataclass(frozen=True)
class Queue:
    """A root, and the commands of an installation for it."""

    installed: Installed
    root: Path

    def run(
        self, command: str, *arguments: str, **more: object
    ) -> subprocess.CompletedProcess[str]:
        """One command, as typed; `more` goes to subprocess.run."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TJS_", "SLURM_", "SBATCH_"))
        }
        options = {"cwd": self.root.parent, "timeout": COMMAND_S, "env": environment} | more
        options["env"] = {**options["env"], "TJS_ROOT": str(self.root)}  # type: ignore[dict-item]  # a mapping
        return subprocess.run(  # type: ignore[call-overload]  # options of any kind
            [self.installed.bin / command, *arguments],
            capture_output=True,
            text=True,
            check=False,
            **options,
        )

    def ok(self, command: str, *arguments: str) -> str:
        """What a command that goes well prints."""
        done = self.run(command, *arguments)
        assert done.returncode == 0, (command, arguments, done.stdout, done.stderr, self.logs())
        return done.stdout

    def pid(self) -> int | None:
        """The dispatcher that answers."""
        for line in self.run("tsdaemon", "status").stdout.splitlines():
            if line.startswith("pid:"):
                return int(line.split()[1])
        return None

    def supervisor_pid(self) -> int:
        return int((self.root / "run" / "supervisord.pid").read_text())

    def logs(self) -> str:
        """The end of every log, for the reader of a failure."""
        tails = [
            f"--- {path.name}\n{path.read_text(errors='replace')[-2000:]}"
            for path in sorted((self.root / "logs").glob("*"))
        ]
        return "\n".join(tails)

    def processes(self) -> list[int]:
        """Dispatcher, supervisord, agents and workers of this root."""
        mark = f"TJS_ROOT={self.root}".encode()
        found = []
        for pid in self.installed.processes():
            with contextlib.suppress(OSError):
                if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                    found.append(pid)
        return found

    def end(self) -> None:
        """End all of it, the hard way if need be."""
        self.run("tsdaemon", "stop")
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(lambda: not self.processes(), says="nothing of this queue runs any more")


def install(
    *options: str, sources: Path = REPOSITORY, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """install.py of some sources, with more in its environment."""
    return subprocess.run(
        [sys.executable, sources / "install.py", *options],
        capture_output=True,
        text=True,
        check=False,
        env=None if env is None else {**os.environ, **env},
    )


def command_lines() -> list[tuple[int, str]]:
    """Every process of this host with its command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes()
                found.append((int(entry.name), line.replace(b"\0", b" ").decode(errors="replace")))
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
