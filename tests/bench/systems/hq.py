"""HyperQueue, as far as its package for Python goes."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.bench import processes
from tests.bench.processes import BenchError
from tests.bench.systems.system import LOOK_S, System, files_in, waits
from tests.bench.timing import Command, timed


class HyperQueue(System):
    """By its Python API, since the wheel has no `hq`: no listing, no cancel, no journal."""

    name = "hq"
    loops = 100
    # The environment that has it, if one was named.
    environment_of_it = ""
    _TOOL = Path(__file__).with_name("hyperqueue_client.py")

    def __init__(self, place: Path, label: str = "") -> None:
        super().__init__(place, label)
        self._python = f"{self.environment_of_it}/bin/python"
        self._server = 0

    @classmethod
    def missing(cls) -> str:
        """By the environment that was named."""
        if not cls.environment_of_it:
            return "no environment that has it was named (--hyperqueue DIR)"
        python = f"{cls.environment_of_it}/bin/python"
        has_it = (
            os.access(python, os.X_OK) and not timed([python, "-c", "import hyperqueue"], {}).code
        )
        return "" if has_it else "the environment that was named does not have it"

    def about(self) -> str:
        """Version and use."""
        asked = [self._python, "-c", "import hyperqueue; print(hyperqueue.get_version())"]
        version = timed(asked, {}).out.strip()
        return f"HyperQueue {version} by its Python API; LocalCluster, no journal"

    def start(self, slots: int) -> None:
        """Server and worker in one process."""
        super().start(slots)
        (self.place / "server").mkdir()
        self.restart()
        if not waits((self.place / "server" / "hq-current").exists, 30):
            raise BenchError("its server does not come up")
        time.sleep(0.5)

    def restart(self) -> None:
        """On what it left, which is nothing."""
        self._server = self.spawn(*self._client("daemon"), self.slots)

    def _client(self, verb: str) -> list[str]:
        return [self._python, str(self._TOOL), verb, str(self.place / "server")]

    def daemons(self) -> list[int]:
        """That process."""
        return [self._server] if processes.is_alive(self._server) else []

    def stop(self) -> None:
        """At once: it has nothing to keep."""
        processes.end(self.daemons(), 9)

    def _tasks(
        self, script: str, count: int, out: str, cores: int, *arguments: object
    ) -> list[str]:
        words = [str(count), out, str(cores), script, *map(str, arguments)]
        return [*self._client("submit"), *words]

    def submit(self, script: str, *arguments: object, whole: bool = False) -> Command | None:
        """A client that starts, submits and ends."""
        cores = self.slots if whole else max(1, self.slots // self.width)
        return self._tasks(script, 1, os.devnull, cores, *arguments)

    def array(self, script: str, count: int, folder: Path | None = None) -> Command | None:
        """One job of many tasks."""
        cores = max(1, self.slots // self.width)
        return self._tasks(script, count, str(folder or os.devnull), cores)

    def many(
        self, script: str, count: int, folder: Path, limit_s: float
    ) -> tuple[int, float] | None:
        """By the output files, since it can list nothing."""
        began = time.perf_counter()
        self.do(self.array(script, count, folder) or "true")
        waits(lambda: files_in(folder) >= count, limit_s, LOOK_S)
        return files_in(folder), time.perf_counter() - began

    def fill(self, count: int) -> None:
        """Separate jobs, from one process."""
        self.do([*self._client("jobs"), str(count), self.jobs["noop"]])

    def fill_numbered(self, first: int, last: int) -> None:
        """Separate jobs, from one process."""
        self.do([*self._client("numbered"), str(first), str(last), self.jobs["waiting"]])

    def is_idle(self) -> bool:
        """It cannot be asked."""
        time.sleep(0.3)
        return True
