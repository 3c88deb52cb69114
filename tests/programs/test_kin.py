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


def chain_without_script(tmp_path, pace_s: float, mark: int = 0) -> int:
    """The script's pid, which is nobody's any more."""
    chain = [sys.executable, "-IS", "-c", CHAIN, str(pace_s)]
    script = launch(shell(tmp_path, "", argv=chain, mark=mark)).pid
    wait.until(lambda: (tmp_path / "out").stat().st_size, says="the chain has begun")
    processes.send(script, signal.SIGKILL)
    os.waitpid(script, 0)
    return script


def marked(script: int, mark: int) -> Marked:
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
    return Marked(Roll(NoRuns(), FakeClock(), tuple), grant, started)


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
