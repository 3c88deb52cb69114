"""Who belongs to a run, while real processes do what they can not to be seen."""

import os
import secrets
import signal
import sys

import pytest

from tests import wait
from tests.fakes import FakeClock
from tests.host.running import ended, shell
from tinysched.host import marks, processes, tree
from tinysched.host.launch import launch
from tinysched.job.model import JobId, RunId
from tinysched.job.runs import Grant
from tinysched.programs.custody import KILLS_AT_ONCE
from tinysched.programs.kin import Below, Kin, Marked, Roll
from tinysched.spool.runrecords import Started

pytestmark = pytest.mark.process

# Each link of the chain forks the next one, and ends: nobody is there for long. The chain ends by
# itself after half a minute, should nobody be there any more who ends it.
CHAIN = """
import os, sys, time
if os.fork():
    time.sleep(30)
print("begun", flush=True)
until = time.monotonic() + 30
while time.monotonic() < until:
    time.sleep(float(sys.argv[1]))
    if os.fork():
        os._exit(0)
"""
PACES_S = [0, 0.002]


class NoRuns:
    """A user's directory without an agent and without other runs."""

    def runs(self) -> list[object]:
        return []

    def agent_pid(self) -> None:
        return None


class OtherRun:
    """A run of the same user: its worker is this process, or its script bore a mark."""

    run = RunId(job=JobId(number=43), attempt=1)

    def __init__(self, worker: int | None, mark: int = 0) -> None:
        self._worker = worker
        self._mark = mark

    def worker_pid(self) -> int | None:
        return self._worker

    def started(self) -> Started:
        return Started(pid=0, start_ticks=0, boot_id="b", started_at=0.0, mark=self._mark)


class OneRun(NoRuns):
    """A directory with another run in it."""

    def __init__(self, run: OtherRun) -> None:
        self._run = run

    def runs(self) -> list[object]:
        return [self._run]


def chain_without_script(tmp_path, pace_s: float, mark: int = 0) -> int:
    """The script's pid, which is nobody's any more."""
    chain = [sys.executable, "-IS", "-c", CHAIN, str(pace_s)]
    script = launch(shell(tmp_path, "", argv=chain, mark=mark)).pid
    wait.until(lambda: (tmp_path / "out").stat().st_size, says="the chain has begun")
    processes.send(script, signal.SIGKILL)
    os.waitpid(script, 0)
    return script


def marked(script: int, mark: int, private: NoRuns | None = None) -> Marked:
    """The chain as seen by who watches it without having been its worker."""
    grant = Grant(
        run=RunId(job=JobId(number=42), attempt=1),
        raw_id=42,
        token=secrets.token_hex(16),
        cores=1,
        memory_mib=1,
        limit_s=None,
        kill_wait_s=1.0,
    )
    started = Started(pid=script, start_ticks=0, boot_id="b", started_at=0.0, mark=mark)
    return Marked(Roll(private or NoRuns(), FakeClock(), tuple), grant, started)


def is_over(kin: Kin) -> bool:
    """One more attempt to end them, which may be the last."""
    for _ in range(KILLS_AT_ONCE):
        for pid in kin.members():
            tree.send_if(pid, signal.SIGKILL, kin.has)
    processes.reap()
    return kin.is_empty()


@pytest.mark.parametrize("pace_s", PACES_S)
def test_a_chain_is_never_taken_for_nothing_by_whose_child_it_is(tmp_path, pace_s):
    def work() -> int:
        processes.set_subreaper()
        mark = marks.new()
        kin = marked(chain_without_script(tmp_path, pace_s, mark), mark)
        try:
            for turn in range(30):
                processes.reap()
                assert not kin.is_empty(), turn
        finally:
            wait.until(lambda: is_over(kin), says="the chain is at its end")
        assert not processes.has_children()
        return 0

    assert ended(processes.fork_worker(work)).code == 0


@pytest.mark.parametrize("pace_s", PACES_S)
def test_a_worker_ends_a_chain(tmp_path, pace_s):
    def work() -> int:
        processes.set_subreaper()
        chain_without_script(tmp_path, pace_s)
        kin = Below(NoRuns(), RunId(job=JobId(number=42), attempt=1))
        assert not kin.is_empty()
        wait.until(lambda: is_over(kin), says="the chain is at its end")
        assert not processes.has_children()
        return 0

    assert ended(processes.fork_worker(work)).code == 0


def watch(script: int, mark: int) -> int:
    """As an agent does that was started when the former one, and a worker, were killed."""
    kin = marked(script, mark)
    wait.until(lambda: is_over(kin), says="the chain is at its end")
    return 0


def test_a_chain_below_others_is_ended_by_who_only_knows_its_mark(tmp_path):
    def host() -> int:
        """As the first process of a host, whose child the agent is, and the chain."""
        processes.set_subreaper()
        mark = marks.new()
        script = chain_without_script(tmp_path, PACES_S[-1], mark)
        assert ended(processes.fork_worker(lambda: watch(script, mark))).code == 0

        def is_alone() -> bool:
            processes.reap()
            return not processes.has_children()

        wait.until(is_alone, says="nothing is left of it")
        return 0

    assert ended(processes.fork_worker(host)).code == 0


def test_zombies_that_their_new_parent_never_buries_do_not_count(tmp_path):
    def host() -> int:
        """As the first process of many containers, which takes no notice of any death."""
        processes.set_subreaper()
        mark = marks.new()
        script = chain_without_script(tmp_path, PACES_S[-1], mark)
        watcher = processes.fork_worker(lambda: watch(script, mark))
        os.waitpid(watcher, 0)
        assert len(tree.children(os.getpid())) > 1
        assert not tree.descendants(os.getpid())
        return 0

    assert ended(processes.fork_worker(host)).code == 0


def orphan_of(tmp_path, mark: int) -> int:
    """The script's pid, which has ended and left a child behind: that of this process now."""
    script = launch(shell(tmp_path, "sleep 600 & echo $! >child", mark=mark)).pid
    os.waitpid(script, 0)
    return script


def test_what_another_runs_worker_has_adopted_is_found(tmp_path):
    def host() -> int:
        """A worker below which an agent ran, which was killed, and a worker of that agent."""
        processes.set_subreaper()
        mark = marks.new()
        script = orphan_of(tmp_path, mark)
        private = OneRun(OtherRun(os.getpid()))

        def sees_it_to_its_end() -> int:
            kin = marked(script, mark, private)
            assert list(kin.members()) == [int((tmp_path / "child").read_text())]
            assert not kin.is_empty()
            wait.until(lambda: is_over(kin), says="the orphan has ended")
            return 0

        assert ended(processes.fork_worker(sees_it_to_its_end)).code == 0
        processes.reap()
        assert not processes.has_children()
        return 0

    assert ended(processes.fork_worker(host)).code == 0


def test_another_run_that_was_started_inside_a_job_is_none_of_it(tmp_path):
    mark = marks.new()

    def worker() -> int:
        """One whose agent was started inside the job, with a child that is not marked anew yet."""
        marks.put_on(mark)
        processes.fork_worker(lambda: signal.pause() or 0)
        (tmp_path / "up").touch()
        return signal.pause() or 0

    def host() -> int:
        processes.set_subreaper()
        other = processes.fork_worker(worker)
        wait.until((tmp_path / "up").exists, says="the other worker has a child")
        kin = marked(0, mark, OneRun(OtherRun(other)))
        try:
            assert list(kin.members()) == []
            assert kin.is_empty()
            assert len(list(marked(0, mark).members())) == 2
        finally:
            wait.until(lambda: is_over(marked(0, mark)), says="both have ended")
        return 0

    assert ended(processes.fork_worker(host)).code == 0


def test_a_worker_leaves_alone_what_it_has_adopted_of_another_run(tmp_path):
    def host() -> int:
        processes.set_subreaper()
        mark = marks.new()
        orphan_of(tmp_path, mark)
        orphan = int((tmp_path / "child").read_text())
        own = processes.fork_worker(lambda: signal.pause() or 0)
        kin = Below(OneRun(OtherRun(None, mark)), RunId(job=JobId(number=42), attempt=1))
        try:
            assert kin.members() == [own]
            processes.send(own, signal.SIGKILL)
            os.waitpid(own, 0)
            assert kin.members() == []
            wait.until(kin.is_empty, says="nothing of the run is left")
        finally:
            processes.send(orphan, signal.SIGKILL)
        return 0

    assert ended(processes.fork_worker(host)).code == 0
