"""Run as root in a pid namespace of its own, where it says which pid comes next: see test_reuse.py.

Each scenario lets a process end just when it is about to be signalled, and gives its pid away.
"""

from __future__ import annotations

import os
import signal
import sys
import time

sys.path.insert(0, os.getcwd())

from tests import wait
from tests.fakes import FakeClock
from tests.spool.disks import QuickDisk
from tinysched.host import processes, tree
from tinysched.job.model import JobId, RunId
from tinysched.job.runs import Grant
from tinysched.programs.custody import Custody
from tinysched.programs.herald import Herald
from tinysched.programs.kin import Below, Marked, Roll
from tinysched.spool.private import Private
from tinysched.spool.runrecords import Started
from tinysched.spool.store import Store

RUN = RunId(job=JobId(number=42), attempt=1)
GRANT = Grant(
    run=RUN, raw_id=42, token="a" * 32, cores=1, memory_mib=1, limit_s=None, kill_wait_s=1.0
)


def start(pid: int) -> int:
    """A process that sleeps, under this pid."""
    with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
        file.write(str(pid - 1))
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        time.sleep(600)
        os._exit(0)
    assert child == pid, (child, pid)
    return child


def end(pid: int) -> None:
    """Nothing is left of a child, not even a zombie."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def keeper(pid: int) -> int:
    """The root of a tree, with one child of this pid, which it ends when it hears USR1."""

    def work() -> int:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        child = start(pid)
        signal.sigwait({signal.SIGUSR1})
        end(child)
        signal.sigwait({signal.SIGUSR1})
        return 0

    return processes.fork_worker(work)


def is_unhurt(pid: int) -> bool:
    """A child of ours that nobody signalled."""
    return os.waitpid(pid, os.WNOHANG) == (0, 0)


def who_was_listed_below_a_process() -> None:
    root = keeper(301)
    wait.until(lambda: tree.descendants(root) == [301], says="it has a child")
    os.kill(root, signal.SIGUSR1)
    wait.until(lambda: not os.path.exists("/proc/301"), says="the child is gone")
    stranger = start(301)
    assert not tree.send_if(301, signal.SIGKILL, lambda pid: tree.is_below(pid, {root}))
    assert is_unhurt(stranger)
    end(stranger)
    end(root)


def who_ends_after_it_was_looked_at_closely() -> None:
    start(310)

    def is_meant(pid: int) -> bool:
        end(pid)
        start(310)
        return True

    assert not tree.send_if(310, signal.SIGKILL, is_meant)
    assert is_unhurt(310)
    end(310)


def whom_a_worker_listed(private: Private) -> None:
    class Late(Below):
        """The member ends, and a stranger comes, between the list and the signal."""

        def members(self) -> list[int]:
            found = super().members()
            if found:
                end(320)
                os.write(gone, b".")
                os.read(come, 1)
            return found

    (gone_reader, gone), (come, came) = os.pipe(), os.pipe()

    def work() -> int:
        start(320)
        clock = FakeClock()
        herald = Herald(None, private.claim(GRANT), clock, lambda _: None, follow=False)
        custody = Custody(GRANT, 0.0, 0.0, clock, Late(private, RUN), herald)
        custody.send(signal.SIGKILL)
        return 0

    worker = processes.fork_worker(work)
    os.read(gone_reader, 1)
    stranger = start(320)
    os.write(came, b".")
    assert os.waitpid(worker, 0) == (worker, 0)
    assert is_unhurt(stranger)
    end(stranger)


def whose_script_had_this_pid(private: Private) -> None:
    script = start(330)
    ticks = processes.start_ticks(script) or 0
    started = Started(pid=script, start_ticks=ticks, boot_id="b", started_at=0.0)
    kin = Marked(Roll(private, FakeClock(), tuple), GRANT, started)
    assert list(kin.members()) == [script]
    assert kin.has(script)
    end(script)
    wait.until(lambda: time.clock_gettime(time.CLOCK_BOOTTIME) > (ticks + 2) / 100, says="a tick")
    stranger = start(330)
    assert not kin.has(stranger)
    roll = Roll(private, FakeClock(), tuple)
    assert not list(Marked(roll, GRANT, started).members())
    assert not list(Marked(roll, GRANT, None).members())
    assert processes.open_pidfd(stranger, ticks) is None
    end(stranger)


if __name__ == "__main__":
    Store.open(sys.argv[1], QuickDisk()).close()
    own = Private.open(sys.argv[1], os.getuid(), QuickDisk())
    who_was_listed_below_a_process()
    who_ends_after_it_was_looked_at_closely()
    whom_a_worker_listed(own)
    whose_script_had_this_pid(own)
    sys.stdout.write("nobody else was signalled\n")
