"""Forking, signalling, waiting."""

import os
import resource
import signal
import sys
import time
from pathlib import Path

import pytest

from tests import wait
from tests.host.running import as_nobody, ended, in_child, run, shell
from tinysched.host import processes
from tinysched.host.launch import launch

pytestmark = pytest.mark.process


def test_a_worker_ends_with_the_answer_of_its_work():
    assert ended(processes.fork_worker(lambda: 5)).code == 5


def test_a_mistake_in_a_worker_never_runs_on_in_the_parents_code(capfd):
    def broken() -> int:
        raise KeyError("where")

    assert ended(processes.fork_worker(broken)).code == 70
    assert "KeyError: 'where'" in capfd.readouterr().err


def test_even_an_exit_in_a_worker_leaves_only_the_worker():
    def leaves() -> int:
        raise SystemExit(0)

    assert ended(processes.fork_worker(leaves)).code == 70


def test_a_worker_does_not_run_its_parents_signal_handlers():
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        pid = processes.fork_worker(lambda: signal.pause() or 0)
        assert processes.send(pid, signal.SIGTERM)
        assert ended(pid).signal == signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_fork_that_fails_leaves_the_signals_as_they_were():
    def work() -> None:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        with pytest.raises(BlockingIOError):
            processes.fork_worker(lambda: 0)
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()

    assert as_nobody(work).code == 0


def test_a_worker_has_its_own_session_and_name():
    def work() -> int:
        processes.become_worker("42_7 with a long name")
        with open("/proc/self/comm", encoding="ascii") as file:
            assert file.read() == "42_7 with a lon\n"
        assert os.getsid(0) == os.getpid()
        return 0

    assert ended(processes.fork_worker(work)).code == 0


def test_an_orphan_comes_to_the_subreaper(tmp_path):
    def work() -> int:
        processes.become_worker("worker")
        run(shell(tmp_path, "(sleep 0.05; exit 0) & echo $!"))
        orphan = int((tmp_path / "out").read_text())
        return 0 if ended(orphan).pid == orphan else 1

    assert ended(processes.fork_worker(work)).code == 0


def test_who_asked_for_it_dies_with_the_parent(tmp_path):
    note = tmp_path / "pid"

    def child() -> int:
        processes.die_with_parent()
        note.write_text(str(os.getpid()))
        return signal.pause() or 0

    def parent() -> int:
        processes.fork_worker(child)
        wait.until(lambda: note.exists() and note.read_text(), says="the child runs")
        return 0

    assert ended(processes.fork_worker(parent)).code == 0
    pid = int(note.read_text())
    wait.until(lambda: not os.path.exists(f"/proc/{pid}") or _is_zombie(pid), says="it dies")


@pytest.mark.parametrize(("is_read", "signum"), [(True, 0), (False, signal.SIGTERM)])
def test_who_is_an_orphan_before_it_can_ask_dies_as_well(is_read, signum):
    def child() -> int:
        reader, writer = os.pipe()
        os.dup2(writer, 1)
        if not is_read:
            os.close(reader)
        processes.die_with_parent()
        return 0

    assert ended(processes.fork_worker(child)).signal == signum


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_signal_to_nobody_is_told_and_no_failure():
    gone = processes.fork_worker(lambda: 0)
    pidfd = processes.open_pidfd(gone)
    assert pidfd is not None
    ended(gone)
    try:
        assert not processes.send(gone, signal.SIGTERM)
        assert not processes.send_pidfd(pidfd, signal.SIGTERM)
        assert processes.open_pidfd(gone) is None
        assert processes.start_ticks(gone) is None
    finally:
        os.close(pidfd)


def test_a_signal_to_a_stranger_is_told_and_no_failure():
    def lowered() -> None:
        if os.geteuid() == 0:
            os.setuid(65534)
        assert not processes.send(1, 0)

    assert in_child(lowered).code == 0


def test_a_pidfd_is_for_one_process_and_not_for_its_successor(tmp_path):
    pid = launch(shell(tmp_path, "exec sleep 60")).pid
    ticks = processes.start_ticks(pid)
    assert ticks is not None
    assert processes.open_pidfd(pid, ticks + 1) is None
    pidfd = processes.open_pidfd(pid, ticks)
    assert pidfd is not None
    try:
        assert processes.send_pidfd(pidfd, signal.SIGKILL)
    finally:
        os.close(pidfd)
    assert ended(pid).signal == signal.SIGKILL


def test_start_ticks_are_not_misread_through_the_name_of_a_process(tmp_path):
    def work() -> int:
        before = processes.start_ticks(os.getpid())
        processes.set_title(") R 1 1 (")
        assert processes.start_ticks(os.getpid()) == before
        return 0

    started_at = time.clock_gettime(time.CLOCK_BOOTTIME)
    pid = processes.fork_worker(work)
    ticks = processes.start_ticks(pid)
    assert ended(pid).code == 0
    assert ticks is not None
    assert abs(ticks / os.sysconf("SC_CLK_TCK") - started_at) < 2


def test_reaping_waits_for_nobody(tmp_path):
    pid = launch(shell(tmp_path, "exec sleep 60")).pid
    assert processes.reap() == []
    assert processes.has_children()
    processes.send(pid, signal.SIGKILL)
    ended(pid)
    assert not processes.has_children()


def test_all_that_ended_is_reaped_at_once(tmp_path):
    pids = {processes.fork_worker(lambda: 1) for _ in range(5)}
    for pid in pids:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert {one.pid for one in processes.reap()} == pids


def test_an_end_is_told_while_the_child_can_still_be_seen():
    pid = processes.fork_worker(lambda: 3)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    told = []
    processes.reap(lambda *end: told.append((*end, os.path.exists(f"/proc/{pid}"))))
    assert told == [(pid, 3, 0, True)]
    assert not os.path.exists(f"/proc/{pid}")


def test_a_process_of_another_name_is_not_signalled():
    pid = processes.fork_worker(lambda: signal.pause() or 0)
    processes.send_titled(pid, "ts agent", signal.SIGKILL)
    assert os.waitpid(pid, os.WNOHANG) == (0, 0)
    title = Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    processes.send_titled(pid, title, signal.SIGTERM)
    assert ended(pid).signal == signal.SIGTERM
    processes.send_titled(pid, title, signal.SIGTERM)


def test_the_words_of_a_process_are_told_while_it_lives():
    assert processes.command_line(os.getpid())[0]
    assert processes.command_line(2**22 + 1) == []


def test_what_the_c_library_ignores_for_itself_is_left_alone():
    # as in whatever posix_spawn starts: a shell of make, and all that begins there
    code = "from tinysched.host.processes import *; reset_for_exec(ignored_signals())"
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_the_nice_value_returns_to_0_where_the_kernel_allows_it():
    def work() -> None:
        processes.become_ordinary()
        os._exit(os.getpriority(os.PRIO_PROCESS, 0))

    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert before == 0
    assert in_child(lambda: (os.nice(10), work())).code == (0 if os.geteuid() == 0 else 10)
    assert as_nobody(lambda: (os.nice(10), work())).code == 10


def test_a_child_is_asked_and_what_dies_has_no_answer():
    assert processes.ask_child(lambda: b"x" * 200_000) == b"x" * 200_000
    assert processes.ask_child(lambda: os._exit(1)) == b""
