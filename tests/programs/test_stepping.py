"""Steps as whoever watches a run sees them: signals for them, and news of them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.host.running import ended, shell
from tests.wait import until
from tinysched.host import births, launch, processes
from tinysched.job import steplines
from tinysched.job.model import Exit, JobId, RunId
from tinysched.job.steps import MOST_KEPT
from tinysched.programs import stepping
from tinysched.programs.stepping import Bulletin, Steps
from tinysched.spool.steplog import Entry, StepLog
from tinysched.wire import messages
from tinysched.wire.channel import Message

RUN = RunId(job=JobId(number=42), attempt=1)
GONE = "4194305:1"  # more than a kernel gives


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Starts a process that waits until it is signalled."""
    pids: list[int] = []

    def begin() -> int:
        (tmp_path / "out").unlink(missing_ok=True)
        pids.append(launch.launch(shell(tmp_path, "echo up; exec sleep 60")).pid)
        until(lambda: "up" in (tmp_path / "out").read_text(), "it runs")
        return pids[-1]

    yield begin
    for pid in pids:
        if births.start_ticks(pid) is not None:
            processes.send(pid, signal.SIGKILL)
            ended(pid)


def begun(path: Path, srun: str, *tasks: int) -> StepLog:
    log = StepLog(str(path), births.lives)
    number = log.begin(Entry("x", srun, max(1, len(tasks)), 1, 0, None), 4, 5.0)
    log.add("".join(steplines.task(number, births.name(pid)) for pid in tasks))
    return log


def test_a_signal_reaches_the_tasks_of_the_step_that_is_meant(tmp_path, start):
    srun, first, second = start(), start(), start()
    begun(tmp_path, births.name(srun), first)
    begun(tmp_path, births.name(srun), second)
    steps = Steps(str(tmp_path))
    steps.signal(signal.SIGKILL, 6.0, 1)
    assert ended(second).signal == signal.SIGKILL
    assert births.lives(births.name(first))
    steps.signal(signal.SIGKILL, 6.0)
    assert ended(first).signal == signal.SIGKILL
    assert births.lives(births.name(srun))


def test_srun_itself_ends_its_step(tmp_path, start):
    srun, task = start(), start()
    begun(tmp_path, births.name(srun), task)
    Steps(str(tmp_path)).end(0, 6.0)
    assert ended(srun).signal == steplines.END_SIGNAL
    assert births.lives(births.name(task))


def test_who_is_no_part_of_the_run_is_told_that_it_ends(tmp_path, start):
    inside, outside = start(), start()
    begun(tmp_path, births.name(inside))
    log = begun(tmp_path, births.name(outside))
    Steps(str(tmp_path)).stop("cancel", 6.0, lambda pid: pid == inside)
    assert ended(outside).signal == signal.SIGTERM
    assert births.lives(births.name(inside))
    assert log.why_stopped() == "cancel"


def test_a_killed_srun_takes_its_tasks_with_it_where_somebody_sees_to_that(tmp_path, start):
    task = start()
    begun(tmp_path, GONE, task)
    Steps(str(tmp_path)).look(6.0)
    assert births.lives(births.name(task))
    steps = Steps(str(tmp_path), ends_orphans=True)
    steps.look(6.0)
    assert ended(task).signal == signal.SIGKILL
    (step,) = steps.all(7.0)
    assert (step.ended_at, step.exit) == (6.0, Exit(signal=9))


def test_a_pid_that_is_used_again_is_left_alone(tmp_path, start):
    other = start()
    log = begun(tmp_path, births.name(other))
    log.add(steplines.task(0, f"{other}:1"))
    Steps(str(tmp_path)).signal(signal.SIGKILL, 6.0)
    assert births.lives(births.name(other))


class Listener:
    """A dispatcher that may be deaf."""

    def __init__(self) -> None:
        self.is_there = True
        self.heard: list[tuple[list[int], tuple[int, ...]]] = []

    def tell(self, verb: str, fields: messages.Fields) -> bool:
        if self.is_there:
            told, gone = messages.read_steps(Message(verb=verb, fields=tuple(fields)))
            self.heard.append(([step.number for step in told], gone))
        return self.is_there


def test_news_are_told_once(tmp_path, start):
    srun, listener, bulletin = births.name(start()), Listener(), Bulletin(str(tmp_path))
    bulletin.look(RUN, 6.0, listener.tell)
    log = begun(tmp_path, srun)
    begun(tmp_path, srun)
    listener.is_there = False
    bulletin.look(RUN, 6.0, listener.tell)
    listener.is_there = True
    bulletin.look(RUN, 6.0, listener.tell)
    bulletin.look(RUN, 6.0, listener.tell)
    log.add(steplines.end(0, 7.0, "0:0", 0.0, 0.0, 0))
    bulletin.look(RUN, 7.0, listener.tell)
    assert listener.heard == [([0, 1], ()), ([0], ())]
    bulletin.forget()
    bulletin.look(RUN, 8.0, listener.tell)
    assert sorted(listener.heard[-1][0]) == [0, 1]


def test_of_very_many_steps_those_that_end_are_told_to_be_left_out(tmp_path, start):
    srun, listener, bulletin = births.name(start()), Listener(), Bulletin(str(tmp_path))
    for _ in range(MOST_KEPT + 5):
        log = begun(tmp_path, srun)
    bulletin.look(RUN, 6.0, listener.tell)
    assert [len(told) for told, _ in listener.heard] == [MOST_KEPT, 5]
    for number in range(MOST_KEPT + 5):
        log.add(steplines.end(number, 7.0, "0:0", 0.0, 0.0, 0))
    bulletin.look(RUN, 7.0, listener.tell)
    assert listener.heard[-1] == (list(range(MOST_KEPT)), tuple(range(MOST_KEPT, MOST_KEPT + 5)))


def test_an_srun_that_hangs_up_and_goes_takes_its_tasks_with_it(tmp_path, start, monkeypatch):
    monkeypatch.setattr(stepping, "GONE_MS", 20)
    srun, task = start(), start()
    begun(tmp_path, births.name(srun), task)
    steps = Steps(str(tmp_path), ends_orphans=True)
    steps.left(srun, 6.0)  # it only has no line any more
    assert births.lives(births.name(task))
    processes.send(srun, signal.SIGKILL)
    until(lambda: not births.lives(births.name(srun)), "it is gone")
    steps.left(srun + 1, 6.0)  # this is somebody else
    steps.left(srun, 6.0)
    assert ended(task).signal == signal.SIGKILL
