"""Ours and Slurm: the same words under two names."""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench.processes import BenchError
from tests.bench.systems.system import LOOK_S, System, files_in, waits
from tests.bench.timing import Command, timed


class SlurmLike(System):
    """sbatch, squeue, scancel, whatever they are called."""

    submits, lists, cancels = "sbatch", "squeue", "scancel"

    def _to(self, path: str) -> list[str]:
        return ["-o", path]

    def _cores(self, whole: bool) -> list[str]:
        cores = self.slots if whole else max(1, self.slots // self.width)
        return [] if cores == 1 else ["-c", str(cores)]

    def submit(self, script: str, *arguments: object, whole: bool = False) -> Command | None:
        """As a user types it."""
        words = [self.submits, *self._to("/dev/null"), *self._cores(whole), script]
        return [*words, *map(str, arguments)]

    def array(self, script: str, count: int, folder: Path | None = None) -> Command | None:
        """As a user types it."""
        out = self._to(f"{folder}/%a" if folder else "/dev/null")
        return [self.submits, *out, *self._cores(False), f"--array=0-{count - 1}", script]

    def many(
        self, script: str, count: int, folder: Path, limit_s: float
    ) -> tuple[int, float] | None:
        """An array. The output of a task appears at its start; the queue is asked near the end."""
        began = time.perf_counter()
        command = self.array(script, count, folder)
        if command is None:
            return None
        self.do(command)
        is_done = waits(lambda: files_in(folder) >= count, limit_s, LOOK_S)
        if is_done:
            left_s = max(1.0, limit_s - (time.perf_counter() - began))
            is_done = self.until_idle(left_s)
        took_s = time.perf_counter() - began
        if is_done:
            return count, took_s
        done = files_in(folder)
        self.do(self.cancel_all() or "true")
        self.until_idle()
        return done, took_s

    def fill_tasks(self, count: int, arrays: int) -> None:
        """Waiting tasks by the quickest means."""
        for _ in range(arrays):
            self.do(self.array(self.jobs["noop"], count // arrays) or "true")

    def listing(self) -> Command | None:
        """A line for each task."""
        return [self.lists, "-r"]

    def _rows(self, *options: str) -> int:
        command = [self.lists, "-h", *options]
        done = timed(command, self.environment, 60, with_errors=False)
        if done.code:
            raise BenchError(f"{self.lists}: exit code {done.code}")
        return done.out.count("\n")

    def pending(self) -> int | None:
        """By its listing."""
        return self._rows("-r", "-t", "PENDING")

    def unfinished(self) -> int | None:
        """By its listing."""
        return self._rows("-r", "-t", "PENDING,RUNNING,COMPLETING")

    def is_idle(self) -> bool:
        """Without a line for each task, since it is asked often."""
        return not self._rows("-t", "PENDING,RUNNING,COMPLETING")

    def cancel(self, job: str) -> Command | None:
        """As a user types it."""
        return [self.cancels, job]

    def cancel_all(self) -> Command | None:
        """As a user types it."""
        return [self.cancels, "-u", self.environment["USER"]]
