"""tinysched, installed afresh, with a root of its own for each instance."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from installer import bundling, launchers
from installer.choices import Choices
from tests.bench import processes
from tests.bench.processes import BenchError
from tests.bench.rows import OURS
from tests.bench.systems.slurmlike import SlurmLike
from tests.bench.systems.system import SYSTEM_PATH, waits
from tests.bench.timing import timed

REPOSITORY = Path(__file__).resolve().parents[3]
_CONFIG = "cpus: {slots}\nmax_jobs_per_user: 1000000\nmax_array_size: 1000001\n"
_INSTALL_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Where the commands are, and of which sources they were made."""

    bin: Path
    sources: Path

    @property
    def interpreter(self) -> str:
        """What the commands run on, by their first line."""
        first = (self.bin / "tsqueue").read_bytes().splitlines()[0].decode()
        return first.removeprefix("#!").split()[0]

    @property
    def title(self) -> str:
        """The release, and the commit if the sources are a checkout."""
        asked = [str(self.bin / "tinysched"), "--version"]
        version = timed(asked, {"PATH": SYSTEM_PATH}).out.strip()
        git = ["git", "-C", str(self.sources), "rev-parse", "--short", "HEAD"]
        commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
        return f"{version}, commit {commit}" if commit else version


def install(sources: Path, place: Path) -> Installation:
    """Install sources by their own install.py below a directory.

    Raises: BenchError.
    """
    place.mkdir(mode=0o755)
    words = [sys.executable, f"{sources}/install.py", f"--bin-dir={place}/bin"]
    words += [f"--sched-root={place}/queue", f"--prefix={place}/lib"]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=_INSTALL_S, cwd=place
    )
    if done.returncode:
        raise BenchError(f"cannot install {sources}: {done.stderr.strip()[-500:]}")
    return Installation(bin=place / "bin", sources=sources)


def launch(place: Path) -> Installation:
    """The launchers of this checkout and its own environment: no network, and at once."""
    version = place / "lib" / "versions" / "checkout"
    (version / "commands").mkdir(parents=True)
    (version / "ours").symlink_to(REPOSITORY)
    for name in ("bin", "lib", "pyvenv.cfg"):
        (version / name).symlink_to(Path(sys.prefix) / name)
    choices = Choices(
        prefix=f"{place}/lib",
        bin_dir=f"{place}/bin",
        root=f"{place}/queue",
        lock_dir="",
        admin=pwd.getpwuid(os.geteuid()).pw_name,
        admin_uid=os.geteuid(),
        group=str(os.getegid()),
        gid=os.getegid(),
        secure_acl=False,
        slurm_names=False,
    )
    launchers.write(choices, str(version))
    bundling.write(str(version))
    Path(choices.current).symlink_to(version)
    launchers.publish(choices)
    return Installation(bin=place / "bin", sources=REPOSITORY)


class Tinysched(SlurmLike):
    """One queue. Its commands are those of an installation, which the queues of a run share."""

    name = OURS
    submits, lists, cancels = "tsbatch", "tsqueue", "tscancel"
    installation: Installation

    def __init__(self, place: Path, label: str = "") -> None:
        super().__init__(place, label)
        self.root = self.place / "queue"
        self.root.mkdir(mode=0o750)
        user = pwd.getpwuid(os.geteuid()).pw_name
        self.environment |= {
            "PATH": f"{self.installation.bin}:{SYSTEM_PATH}",
            "TJS_ROOT": str(self.root),
            "USER": user,
            "LOGNAME": user,
        }
        self._dispatcher = 0

    def about(self) -> str:
        """What is measured."""
        return f"{self.installation.title}; all records synced, accounting on"

    def _to(self, path: str) -> list[str]:
        return ["-o", path, "-e", path]

    # Its life

    def start(self, slots: int) -> None:
        """The dispatcher; the agent comes with the first job."""
        super().start(slots)
        config = self.root / "config.yaml"
        more = "min_job_age_s: 0\n" if self.forgets_at_once else ""
        config.write_text(_CONFIG.format(slots=slots) + more)
        config.chmod(0o640)
        self.restart()
        self.until_up()

    def restart(self) -> None:
        """The dispatcher, as supervisord does it."""
        self._dispatcher = self.spawn(self.installation.bin / "tinysched", "dispatcher")

    def until_up(self, limit_s: float = 120.0) -> None:
        """Until it answers. Raises: BenchError."""
        if not waits(lambda: timed(["tsqueue", "-h"], self.environment).code == 0, limit_s, 0.05):
            log = (self.place / "daemon.log").read_text()[-500:]
            raise BenchError(f"the dispatcher does not come up: {log}")

    def stop(self) -> None:
        """Jobs, dispatcher, agent."""
        with contextlib.suppress(BenchError):
            self.do(["tscancel", "-s", "KILL", "-u", self.environment["USER"]])
        processes.end(self.daemons())
        shutil.rmtree(self.place, ignore_errors=True)

    def stop_dispatcher(self) -> None:
        """In order, so that it has written all; jobs and agent go on."""
        processes.end([self._dispatcher])

    @property
    def dispatcher(self) -> int:
        """Its pid."""
        return self._dispatcher

    def agent(self) -> int:
        """The pid of the user's agent; 0 if there is none."""
        with contextlib.suppress(OSError, ValueError):
            lock = self.root / "users" / f"u{os.geteuid()}" / "agent.lock"
            pid = int(lock.read_text())
            return pid if processes.is_alive(pid) else 0
        return 0

    def daemons(self) -> list[int]:
        """Dispatcher and agent."""
        return [pid for pid in (self._dispatcher, self.agent()) if processes.is_alive(pid)]

    def standing(self) -> list[int]:
        """Without workers."""
        return self.daemons()

    # What it says

    def exit_code(self, job: str) -> int | None:
        """By its listing for programs."""
        done = timed(["tsqueue", "--json", "-j", job], self.environment, with_errors=False)
        lines = json.loads(done.out)["jobs"] if done.code == 0 else []
        return lines[0]["exit_code"] if lines and lines[0]["ended_at"] else None

    def records(self) -> int:
        """How many files the waiting jobs' records are."""
        pending = self.root / "queue" / "pending"
        return sum(1 for path in pending.iterdir() if path.suffix == ".meta")
