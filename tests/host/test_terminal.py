"""Foreground jobs: who has the terminal."""

import os
import pty
import signal
from collections.abc import Callable

import pytest

from tests import wait
from tests.host.running import ended, shell
from tinysched.host import processes, terminal
from tinysched.host.launch import launch

pytestmark = pytest.mark.process


def at_terminal(work: Callable[[], object], hands: Callable[[int], object]) -> int:
    """Do `work` in a session with a terminal and `hands(its other end)` here; its exit code."""
    pid, master = pty.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    try:
        hands(master)
        return ended(pid).code
    finally:
        os.close(master)


def test_ctrl_c_reaches_the_foreground_job_and_not_its_launcher(tmp_path):
    def work() -> None:
        job = shell(tmp_path, "", argv=["/bin/sleep", "60"], foreground=True)
        pid = launch(job).pid
        assert os.tcgetpgrp(0) == pid == os.getpgid(pid)
        assert os.getsid(pid) == os.getsid(0)
        (tmp_path / "ready").touch()
        assert ended(pid).signal == signal.SIGINT
        assert terminal.take_back(pid)
        assert os.tcgetpgrp(0) == os.getpgrp()

    def hands(master: int) -> None:
        wait.until((tmp_path / "ready").exists, says="the job has the terminal")
        os.write(master, b"\x03")

    assert at_terminal(work, hands) == 0


def test_ctrl_z_stops_job_and_launcher_and_both_go_on_together(tmp_path):
    def launcher() -> int:
        os.setpgid(0, 0)
        assert terminal.give_to(os.getpid(), os.getppid())
        # No shell: one that is stopped between its vfork and the exec hangs, whoever started it.
        job = shell(tmp_path, "", argv=["/bin/sleep", "60"], foreground=True)
        pid = launch(job).pid
        (tmp_path / "ready").touch()
        wait.until(lambda: pid in processes.stopped(), says="the job is stopped")
        terminal.suspend(pid)
        assert os.tcgetpgrp(0) == pid
        (tmp_path / "again").touch()
        return 0 if ended(pid).signal == signal.SIGINT else 1

    def work() -> None:
        pid = processes.fork_worker(launcher)
        wait.until(lambda: pid in processes.stopped(), says="the launcher is stopped")
        assert os.tcgetpgrp(0) == pid
        os.killpg(pid, signal.SIGCONT)
        assert ended(pid).code == 0

    def hands(master: int) -> None:
        wait.until((tmp_path / "ready").exists, says="the job has the terminal")
        os.write(master, b"\x1a")
        wait.until((tmp_path / "again").exists, says="the job goes on")
        os.write(master, b"\x03")

    assert at_terminal(work, hands) == 0


def test_a_foreground_job_reads_from_the_terminal(tmp_path):
    def work() -> None:
        job = shell(tmp_path, 'read word; echo "got $word" > got', stdin=0, foreground=True)
        pid = launch(job).pid
        assert ended(pid).code == 0

    assert at_terminal(work, lambda master: os.write(master, b"hello\n")) == 0
    assert (tmp_path / "got").read_text() == "got hello\n"


def test_who_runs_in_the_background_does_not_take_the_terminal(tmp_path):
    def work() -> None:
        def background() -> int:
            os.setpgid(0, 0)
            pid = launch(shell(tmp_path, "true", foreground=True)).pid
            assert not terminal.take_back(pid)
            return ended(pid).code

        owner = os.tcgetpgrp(0)
        assert ended(processes.fork_worker(background)).code == 0
        assert os.tcgetpgrp(0) == owner

    assert at_terminal(work, lambda master: None) == 0


def test_without_a_terminal_a_foreground_job_runs_all_the_same(tmp_path):
    def work() -> int:
        os.setsid()
        pid = launch(shell(tmp_path, "exit 4", foreground=True)).pid
        assert not terminal.take_back(pid)
        return ended(pid).code

    assert ended(processes.fork_worker(work)).code == 4
