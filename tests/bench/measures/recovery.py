"""All programs killed at once: how soon jobs start again, and what is lost."""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench import processes
from tests.bench.fifos import Fifo
from tests.bench.processes import BenchError
from tests.bench.rows import Row, at_most
from tests.bench.scripts import PASSING
from tests.bench.stage import Bench, say
from tests.bench.systems.floors import Bare
from tests.bench.systems.hq import HyperQueue
from tests.bench.systems.peers import Nq
from tests.bench.systems.slurm import TunedSlurm
from tests.bench.systems.system import System, waits
from tests.bench.timing import timed

_RUNNING = 8
_WHILE_AWAY = 4
_LAST = 20
_EXIT_CODE = 7
_UP_S, _AGAIN_S, _PASSING_S, _CODES_S = 30.0, 20.0, 90.0, 20.0

ROWS = (
    Row(
        key="recovery.again",
        group="recovery",
        what="kill -9 with 10 020 waiting and 8 running -> first waiting job starts",
        goals=(at_most(1000),),
    ),
    Row(
        key="recovery.lost",
        group="recovery",
        what="... acknowledged jobs lost",
        unit="",
        goals=(at_most(0),),
    ),
    Row(key="recovery.twice", group="recovery", what="... jobs run twice", unit=""),
    Row(
        key="recovery.codes",
        group="recovery",
        what="... exit codes lost, of 8",
        unit="",
        goals=(at_most(0),),
    ),
)


@dataclass(frozen=True, slots=True)
class _Log:
    """What the jobs themselves wrote: R, S, E, each with the job's number."""

    path: Path

    def lines(self, kind: str) -> list[list[str]]:
        """The lines of one kind, split."""
        with contextlib.suppress(OSError):
            lines = [line.split() for line in self.path.read_text().splitlines()]
            return [line for line in lines if line and line[0] == kind]
        return []

    def has(self, kind: str, count: int) -> bool:
        """Whether there are so many."""
        return len(self.lines(kind)) >= count


def run(bench: Bench) -> None:
    """One system after another. What has no programs to kill, or keeps no queue, has no part."""
    if not bench.wants("recovery"):
        return
    for kind in bench.kinds:
        if not kind.holds_jobs or issubclass(kind, Bare | Nq | TunedSlurm):
            continue
        say(f"recovery of {kind.name}")
        with bench.stage([kind], _RUNNING) as stage:
            stage.play("recovery", lambda system, _: _recover(bench, system))


def _recover(bench: Bench, system: System) -> None:
    with contextlib.ExitStack() as closing:
        folder = system.place / "jobs"
        releases = [
            closing.enter_context(Fifo(folder / f"release.{number}.fifo"))
            for number in range(_RUNNING)
        ]
        closing.enter_context(Fifo(folder / "stuck.fifo"))
        log = _Log(folder / "recovery.log")
        running = _start_running(system, log)
        accepted = _fill(bench, system)
        processes.bury()
        system.kill_daemons()
        time.sleep(1)
        for fifo in releases[:_WHILE_AWAY]:
            fifo.put("go\n")
        time.sleep(1)
        restarted_at = time.time()
        system.restart()
        for fifo in releases[:_WHILE_AWAY]:
            fifo.put("go\n")  # should they be run once more: let them pass
        _measure(bench, system, log, restarted_at)
        for fifo in releases[_WHILE_AWAY:]:
            fifo.put("go\ngo\n")
        _count(bench, system, log, running, accepted)


def _start_running(system: System, log: _Log) -> list[str]:
    """The jobs that run when all is killed."""
    jobs = list[str]()
    for number in range(_RUNNING):
        command = system.submit(system.jobs["running"], number)
        if command is None:
            raise BenchError("it takes no single jobs")
        jobs.append(system.job_id(system.do(command).out))
    if not waits(lambda: log.has("R", _RUNNING), _UP_S, 0.05):
        raise BenchError(f"only {len(log.lines('R'))} of {_RUNNING} jobs run")
    return jobs


def _fill(bench: Bench, system: System) -> int:
    """Waiting jobs; the last ones one by one, so that the kill comes right after an acceptance."""
    count = min(bench.scale.pending, system.most_pending)
    if count < bench.scale.pending:
        for row in ROWS:
            bench.results.note(row.key, system.name, f"{count} waiting", is_unlike=True)
    system.fill_numbered(1, count)
    for number in range(count + 1, count + 1 + _LAST):
        command = system.submit(system.jobs["waiting"], number)
        count += command is not None and timed(command, system.environment).code == 0
    return count


def _measure(bench: Bench, system: System, log: _Log, restarted_at: float) -> None:
    if waits(lambda: log.has("S", 1), _AGAIN_S, 0.01):
        first_at = float(log.lines("S")[0][2].replace(",", "."))
        bench.results.record("recovery.again", system.name, 0, (first_at - restarted_at) * 1e3)
    else:
        bench.results.note("recovery.again", system.name, "never", is_unlike=True)


def _count(bench: Bench, system: System, log: _Log, running: list[str], accepted: int) -> None:
    """Some jobs pass and the rest waits, so that the queue's own count and the log add up."""
    results = bench.results
    started_again = log.has("S", 1)
    if started_again:
        waits(lambda: log.has("E", min(PASSING, accepted)), _PASSING_S, 0.1)
    lost_codes = [job for job in running if not _has_code(system, job, started_again)]
    time.sleep(2)
    ended = {line[1] for line in log.lines("E")}
    listed = system.unfinished()
    if isinstance(system, HyperQueue):
        listed = 0 if not started_again else accepted - len(ended)
        results.note("recovery.lost", system.name, "inferred: it lists nothing")
    lost = max(0, accepted - len(ended) - (listed or 0))
    results.record("recovery.lost", system.name, 0, lost)
    results.record("recovery.codes", system.name, 0, len(lost_codes))
    starts = [line[1] for line in log.lines("S")]
    again = len(log.lines("R")) - _RUNNING
    results.record("recovery.twice", system.name, 0, len(starts) - len(set(starts)) + max(0, again))
    timed(system.cancel_all() or "true", system.environment)
    processes.kill(_sleepers_of(log), signal.SIGKILL)


def _has_code(system: System, job: str, is_up: bool) -> bool:
    limit_s = _CODES_S if is_up else 1.0
    return waits(lambda: system.exit_code(job) == _EXIT_CODE, limit_s, 0.2)


def _sleepers_of(log: _Log) -> list[int]:
    """What is left of the jobs that were running at the kill."""
    return [int(line[2]) for line in log.lines("R")]
