"""task-spooler, nq and GNU parallel: what Debian has for one user on one host."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from tests.bench import processes
from tests.bench.systems.system import System, files_in, installed
from tests.bench.timing import Command, timed


def packaged(package: str) -> str:
    """Name and version of a Debian package; its name if there is no dpkg."""
    query = ["dpkg-query", "-W", "-f=${Version}", package]
    try:
        done = subprocess.run(query, capture_output=True, text=True, check=False)
    except OSError:
        return package
    return f"{package} {done.stdout}".strip()


class TaskSpooler(System):
    """Every waiting job is a client process that is connected to the server; all in memory."""

    name = "tsp"
    most_pending = 900
    programs = ("tsp",)

    @classmethod
    def missing(cls) -> str:
        """By its command."""
        return "" if installed("tsp") else "tsp is not installed"

    def about(self) -> str:
        """Version and settings."""
        return f"{packaged('task-spooler')}; TS_MAXCONN=1000: holds some 995 jobs"

    def start(self, slots: int) -> None:
        """Its server comes with the first command."""
        super().start(slots)
        self.environment |= {
            "TS_SOCKET": str(self.place / "socket"),
            "TMPDIR": str(self.place),
            "TS_MAXFINISHED": "100000",
            "TS_MAXCONN": "1000",
        }
        before = set(processes.descendants())
        self.restart()
        new = set(processes.descendants()) - before
        self._server = next((pid for pid in new if processes.called(pid) == "tsp"), 0)

    def restart(self) -> None:
        """A new server on the same socket."""
        self.do(["tsp", "-S", str(self.slots)])

    def stop(self) -> None:
        """By its own command."""
        timed(["tsp", "-K"], self.environment, 10)

    def daemons(self) -> list[int]:
        """The server."""
        return [self._server] if processes.is_alive(self._server) else []

    def narrow(self, width: int) -> None:
        """And forget what has ended."""
        super().narrow(width)
        self.do(["tsp", "-S", str(width)])
        self.do(["tsp", "-C"])

    def submit(self, script: str, *arguments: object, whole: bool = False) -> Command | None:
        """As a user types it."""
        slots = ["-N", str(self.width)] if whole and self.width > 1 else []
        return ["tsp", *slots, script, *map(str, arguments)]

    def many(
        self, script: str, count: int, folder: Path, limit_s: float
    ) -> tuple[int, float] | None:
        """It has no arrays: a loop, and then a wait for the last ones."""
        loop = f"i=0; while [ $i -lt {count} ]; do l=$(tsp {script}); i=$((i+1)); done"
        rest = "for k in 7 6 5 4 3 2 1 0; do tsp -w $((l-k)); done"
        done = timed(f"{loop}; {rest}", {**self.environment, "TMPDIR": str(folder)}, limit_s)
        return (count if done.code == 0 else files_in(folder)), done.wall_s

    def block(self) -> None:
        """One slot, and a job in it."""
        self.narrow(1)
        self.do(["tsp", self.jobs["long"]])
        time.sleep(0.3)

    def listing(self) -> Command | None:
        """Jobs that have ended are listed too."""
        return ["tsp", "-l"]

    def _states(self) -> list[str]:
        lines = timed(["tsp", "-l"], self.environment).out.splitlines()[1:]
        return [line.split()[1] for line in lines if len(line.split()) > 1]

    def pending(self) -> int | None:
        """By its listing."""
        return self._states().count("queued")

    def unfinished(self) -> int | None:
        """By its listing."""
        return sum(state in ("queued", "running") for state in self._states())

    def cancel(self, job: str) -> Command | None:
        """Of a running job."""
        return ["tsp", "-k", job]

    def withdraw(self, job: str) -> Command | None:
        """Of a waiting one it is another command."""
        return ["tsp", "-r", job]

    def cancel_all(self) -> Command | None:
        """It has no command for that: one by one."""
        waiting = "tsp -l | awk '$2==\"queued\"{print $1}'"
        return f"{waiting} | while read -r j; do tsp -r $j; done"

    def exit_code(self, job: str) -> int | None:
        """By its listing."""
        for line in timed(["tsp", "-l"], self.environment).out.splitlines():
            words = line.split()
            if len(words) > 3 and words[0] == job and words[1] == "finished":
                return int(words[3])
        return None


class Nq(System):
    """No daemon: each waiting job is a process that waits for the locks of those before it."""

    name = "nq"
    # Two processes each; more would take most of a host's process ids.
    most_pending = 2000
    programs = ("nq",)

    @classmethod
    def missing(cls) -> str:
        """By its command."""
        return "" if installed("nq") else "nq is not installed"

    def about(self) -> str:
        """Version and settings."""
        return f"{packaged('nq')}; a directory for each slot"

    def start(self, slots: int) -> None:
        """Its directory."""
        super().start(slots)
        queue = self.place / "queue"
        queue.mkdir()
        self.environment["NQDIR"] = str(queue)

    def stop(self) -> None:
        """What is there to end are jobs, which the caller ends."""

    def submit(self, script: str, *arguments: object, whole: bool = False) -> Command | None:
        """A directory is one slot."""
        return ["nq", script, *map(str, arguments)]

    def many(
        self, script: str, count: int, folder: Path, limit_s: float
    ) -> tuple[int, float] | None:
        """A loop that deals them out to as many directories as there are slots."""
        deal = f"NQDIR={folder}/q$((i%{self.width})) nq -q {script}"
        wait = f"for d in {folder}/q*; do NQDIR=$d nq -w; done"
        done = timed(
            f"i=0; while [ $i -lt {count} ]; do {deal}; i=$((i+1)); done; {wait}",
            self.environment,
            limit_s,
        )
        if done.code == 0:
            return count, done.wall_s
        processes.end(self.family(), signal.SIGKILL)
        logs = [path.read_text(errors="replace") for path in folder.glob("q*/,*")]
        return sum("exited with" in log for log in logs), done.wall_s

    def listing(self) -> Command | None:
        """The files of its directory."""
        return ["ls", "-l", self.environment["NQDIR"]]

    def pending(self) -> int | None:
        """Two processes for each that waits, one more for that which runs."""
        return sum(processes.called(pid) == "nq" for pid in processes.descendants()) // 2

    def is_idle(self) -> bool:
        """By its own command."""
        return timed(["nq", "-t"], self.environment).code == 0

    def cancel(self, job: str) -> Command | None:
        """It has no command: the job's name ends in the pid of its session."""
        return ["/bin/kill", "-TERM", "--", f"-{job.rpartition('.')[2]}"]

    def withdraw(self, job: str) -> Command | None:
        """What waits leads no session yet."""
        return ["/bin/kill", "-KILL", job.rpartition(".")[2]]

    def cancel_all(self) -> Command | None:
        """The same, of all that wait."""
        ends = "for f in ,*; do kill -KILL ${f##*.} 2>/dev/null; done"
        return f"cd {self.environment['NQDIR']} && {ends}; :"


class Parallel(System):
    """`sem` for single jobs, `parallel` over a list for many."""

    name = "parallel"
    # What waits for sem is a command that has not returned.
    holds_jobs = False

    @classmethod
    def missing(cls) -> str:
        """By its command."""
        return "" if installed("parallel") else "GNU parallel is not installed"

    def about(self) -> str:
        """Version and use."""
        return f"GNU {packaged('parallel')}; sem --bg for single jobs, seq | parallel -jN for many"

    def start(self, slots: int) -> None:
        """A home of its own, where its question about citations is answered."""
        super().start(slots)
        home = self.place / ".parallel"
        home.mkdir()
        (home / "will-cite").touch()
        self.environment |= {"HOME": str(self.place), "PARALLEL_HOME": str(home)}

    def submit(self, script: str, *arguments: object, whole: bool = False) -> Command | None:
        """As a user types it."""
        jobs = "1" if whole else str(self.width)
        return ["sem", "--bg", "--id", "bench", "-j", jobs, script, *map(str, arguments)]

    def many(
        self, script: str, count: int, folder: Path, limit_s: float
    ) -> tuple[int, float] | None:
        """Over a list."""
        each = f"'{script} >{folder}/{{}} 2>&1'"
        done = timed(f"seq {count} | parallel -j{self.width} {each}", self.environment, limit_s)
        return (count if done.code == 0 else files_in(folder)), done.wall_s

    def chain(self, gate: str, script: str, count: int) -> bool:
        """One slot for a list that begins with the gate."""
        text = f"(echo {gate}; yes {script} | head -n {count}) | parallel -j1"
        self.spawn("/bin/sh", "-c", text)
        time.sleep(1)
        return True
