"""Finding everything below a process, whatever it does to get away."""

import os
import secrets
import signal
import sys
from collections.abc import Callable

import pytest

from tests import wait
from tests.host.running import PATH, ended, shell
from tinysched.host import processes, tree
from tinysched.host.launch import launch

pytestmark = pytest.mark.process

WAYS = {"listed": lambda: tree.listed_children, "scanned": tree.scanned_children}

# Four sleepers: a plain child, one in another session, one double-forked, one with neither the
# environment nor the session of the others.
HOSTILE = """
sleep 300 &
setsid sleep 301 &
(setsid sleep 302 & ) &
(env -i PATH=$PATH setsid sleep 303 & ) &
wait
"""


def below(script: str, tmp_path, check: Callable[[int], object], **more) -> None:
    """Run `check(pid of a job)` in a worker of its own that outlives nothing it started."""

    def work() -> int:
        processes.become_worker("tester")
        pid = launch(shell(tmp_path, script, **more)).pid
        try:
            check(pid)
        finally:
            wait.until(kill_all, says="all are gone")
        return 0

    assert ended(processes.fork_worker(work)).code == 0


def kill_all() -> bool:
    tree.signal_tree(os.getpid(), signal.SIGKILL)
    processes.reap()
    return not processes.has_children()


def names(pids) -> list[str]:
    return sorted(name.split()[1] for name in tree.describe(pids))


@pytest.mark.parametrize("way", WAYS)
def test_sleepers_in_any_session_are_found(tmp_path, way):
    def check(_pid: int) -> None:
        def sleepers() -> list[str]:
            found = tree.descendants(os.getpid(), children=WAYS[way]())
            assert len(found) == len(set(found))
            return [name for name in names(found) if name == "sleep"]

        wait.until(lambda: len(sleepers()) == 4, says="four sleepers are found")

    below(HOSTILE, tmp_path, check)


def test_a_loop_of_kill_and_reap_leaves_nothing(tmp_path):
    cookie = secrets.token_hex(8).encode()

    def check(_pid: int) -> None:
        wait.until(
            lambda: names(tree.descendants(os.getpid())).count("sleep") == 4, says="all sleep"
        )
        assert len(tree.holders_of_cookie(b"COOKIE", cookie)) >= 3
        wait.until(kill_all, says="all are gone")
        assert tree.descendants(os.getpid()) == []

    below(HOSTILE, tmp_path, check, environment={b"PATH": PATH, b"COOKIE": cookie})
    assert tree.holders_of_cookie(b"COOKIE", cookie) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_spared_process_and_all_below_it_is_not_found(tmp_path, way):
    def check(pid: int) -> None:
        note = tmp_path / "out"
        wait.until(lambda: note.read_text().endswith("\n"), says="the spared one has started")
        spared = int(note.read_text())
        wait.until(lambda: tree.descendants(spared), says="it has a child")
        found = tree.descendants(os.getpid(), {spared}, WAYS[way]())
        assert found[0] == pid
        assert spared not in found
        assert not set(found) & set(tree.descendants(spared))
        tree.signal_tree(os.getpid(), signal.SIGKILL, {spared})
        assert tree.descendants(spared)

    below("setsid sh -c 'sleep 300; :' & echo $!; sleep 301; :", tmp_path, check)


def test_the_root_itself_is_not_found_nor_signalled(tmp_path):
    def check(pid: int) -> None:
        wait.until(lambda: names(tree.descendants(pid)) == ["sleep"], says="it sleeps")
        assert tree.signal_tree(pid, signal.SIGKILL) == 1
        assert ended(pid).code == 7

    below("sleep 300; exit 7", tmp_path, check)


def test_parents_come_before_their_children(tmp_path):
    def check(pid: int) -> None:
        wait.until(
            lambda: names(tree.descendants(os.getpid())) == ["sh", "sh", "sleep"],
            says="two shells and a sleeper run",
        )
        assert tree.descendants(os.getpid())[0] == pid
        assert names(tree.descendants(os.getpid())[-1:]) == ["sleep"]

    below("sh -c 'sleep 300; :'; :", tmp_path, check)


def test_a_zombie_is_not_found():
    def work() -> int:
        child = processes.fork_worker(lambda: 0)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert os.path.exists(f"/proc/{child}")
        assert tree.descendants(os.getpid()) == []
        return 0

    assert ended(processes.fork_worker(work)).code == 0


THREADED = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(300,)).start()
print("ready", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_process_whose_first_thread_has_ended_is_alive(tmp_path):
    def check(pid: int) -> None:
        def half_dead() -> bool:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                return file.read().rpartition(")")[2].split()[0] == "Z"

        wait.until(half_dead, says="its first thread ends")
        assert tree.descendants(os.getpid()) == [pid]

    below("", tmp_path, check, argv=[sys.executable, "-c", THREADED])


def test_signals_reach_everything_below(tmp_path):
    def check(_pid: int) -> None:
        wait.until(
            lambda: names(tree.descendants(os.getpid())).count("sleep") == 4, says="all sleep"
        )
        count = len(tree.descendants(os.getpid()))
        assert tree.signal_tree(os.getpid(), signal.SIGTERM) == count

        def gone() -> bool:
            processes.reap()
            return not processes.has_children()

        wait.until(gone, says="all are gone")

    below(HOSTILE, tmp_path, check)


def test_below_a_process_that_is_gone_there_is_nothing():
    gone = processes.fork_worker(lambda: 0)
    ended(gone)
    assert tree.descendants(gone) == []
    assert tree.signal_tree(gone, signal.SIGKILL) == 0
    assert tree.describe([gone]) == ()


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({b"COOKIE": b"abc"}, True),
        ({b"A": b"x", b"COOKIE": b"abc", b"Z": b"x"}, True),
        ({b"COOKIE": b"abcd"}, False),
        ({b"XCOOKIE": b"abc"}, False),
        ({b"A": b"COOKIE=abc"}, False),
        ({}, False),
    ],
)
def test_a_cookie_is_known_by_its_whole_name_and_value(tmp_path, environment, found):
    unique = secrets.token_hex(8).encode()
    marked = {name: value.replace(b"abc", unique) for name, value in environment.items()}

    def check(pid: int) -> None:
        assert tree.holders_of_cookie(b"COOKIE", unique) == ([pid] if found else [])

    below("", tmp_path, check, argv=["/bin/sleep", "300"], environment=marked)


def test_processes_are_described_by_pid_and_name():
    assert tree.describe([os.getpid()])[0].split()[0] == str(os.getpid())
