"""Workers that take up one run after another: when they do, and when they must not."""

import os
import select
import signal
import socket

import pytest

from tests import wait
from tests.host.running import ended
from tests.spool.disks import QuickDisk
from tests.spool.made import request_files
from tinysched.host import processes, tree
from tinysched.host.clock import SystemClock
from tinysched.job.model import JobId, RunId
from tinysched.job.runs import Grant
from tinysched.programs.assignment import Registry
from tinysched.programs.crew import IDLE_S, MOST_IDLE
from tinysched.programs.launchpad import Launchpad
from tinysched.programs.wards import Wards
from tinysched.site import Site
from tinysched.spool import outbox
from tinysched.spool.private import Private
from tinysched.spool.store import Store
from tinysched.wire import messages
from tinysched.wire.channel import Message

pytestmark = pytest.mark.process
TOKEN = "a" * 32
SCRIPT = b"#!/bin/sh\necho $SLURM_ARRAY_TASK_ID $$ $SLURM_TASK_PID >> began\n"


class Later(SystemClock):
    """The machine's own clock, which a test may put forward."""

    later_s = 0.0

    def boottime(self) -> float:
        return super().boottime() + self.later_s


class Agent:
    """An agent's side of things, with real workers, in a process of its own (see `host`)."""

    def __init__(self, root, script):
        self.uid = os.geteuid()
        cwd = os.fsencode(os.path.dirname(root))
        argv = outbox.pack([b"--array=0-999", b"-o", b"out.%a", b"-e", b"err.%a", b"job.sh"])
        files = dict(request_files(script)) | {"cwd": cwd, "argv": argv}
        files["environment"] = outbox.pack([b"PATH=/usr/bin:/bin"])
        os.close(outbox.write(root, self.uid, TOKEN, list(files.items()), QuickDisk()))
        self.private = Private.open(root, self.uid, QuickDisk())
        self.clock = Later()
        self.told = {}
        self.bell, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        registry = Registry(Site(root, self.uid, "/nowhere"), self.private)
        self.pad = Launchpad(self.private, registry, self.clock, writer)
        self.wards = Wards(self.private, self.pad, self.clock, self._tell)

    def _tell(self, verb, fields):
        if verb == "ended":
            ending = messages.read_ending(Message(verb=verb, fields=fields))
            self.told[ending.run.job.task] = ending
        return True

    def begin(self, task):
        run = RunId(job=JobId(number=42, task=task), attempt=1)
        self.wards.begin(
            Grant(
                run=run,
                raw_id=43 + task,
                token=TOKEN,
                cores=1,
                memory_mib=1,
                limit_s=60,
                kill_wait_s=30.0,
                boot_id=self.clock.boot_id(),
            )
        )
        return self.wards._wards[run].worker

    def tend(self):
        poll = select.poll()
        poll.register(self.bell, select.POLLIN)
        if poll.poll(20):
            self.wards.ring(os.read(self.bell, 65536).decode().splitlines())
        self.wards.tend()

    def end_of(self, task):
        """Sees it to its end, and forgets it as after the dispatcher's word."""
        wait.until(lambda: self.tend() or task in self.told, says=f"task {task} has ended")
        self.wards.forget(self.told[task].run)
        self.wards.retiring.now()
        return self.told[task]

    def has_idle(self, count=1):
        wait.until(lambda: self.tend() or len(self.pad.crew.idle) == count, says="workers wait")


@pytest.fixture
def host(root):
    """Runs a test's body as an agent, in a process that reaps nobody else's children."""
    Store.open(root, QuickDisk()).close()

    def run(body, script=SCRIPT):
        def agent():
            processes.set_subreaper()
            agent = Agent(root, script)
            try:
                body(agent)
            finally:
                tree.signal_tree(os.getpid(), signal.SIGKILL)
            return 0

        assert ended(processes.fork_worker(agent)).code == 0

    return run


def test_a_worker_whose_run_left_nothing_takes_up_the_next_one(host, tmp_path):
    def body(agent):
        first = agent.begin(0)
        ending = agent.end_of(0)
        assert (ending.cause.value, ending.exit.code) == ("exit", 0)
        agent.has_idle()
        for task in (1, 2):
            assert agent.begin(task) == first
            assert agent.end_of(task).exit.code == 0
            agent.has_idle()
        assert agent.private.runs() == []

    host(body)
    lines = (tmp_path / "began").read_text().split("\n")[:-1]
    assert [line.split()[0] for line in lines] == ["0", "1", "2"]
    assert all(line.split()[1] == line.split()[2] for line in lines)
    assert len({line.split()[1] for line in lines}) == 3


def test_runs_at_the_same_time_have_a_worker_each(host):
    def body(agent):
        workers = {agent.begin(task) for task in range(MOST_IDLE + 1)}
        assert len(workers) == MOST_IDLE + 1
        for task in range(MOST_IDLE + 1):
            agent.end_of(task)
        agent.has_idle(MOST_IDLE)
        assert agent.pad.crew.idle < workers

    host(body)


def test_who_was_not_needed_for_a_while_goes_home(host):
    def body(agent):
        worker = agent.begin(0)
        agent.end_of(0)
        agent.has_idle()
        assert 0 < agent.wards.next_s() <= IDLE_S
        agent.clock.later_s = IDLE_S
        agent.tend()
        assert agent.pad.crew.idle == frozenset()
        wait.until(lambda: agent.tend() or tree.parent(worker) is None, says="it has ended")
        assert agent.begin(1) != worker
        agent.end_of(1)

    host(body)


def test_who_was_killed_while_he_waited_is_given_nothing(host):
    def body(agent):
        worker = agent.begin(0)
        agent.end_of(0)
        agent.has_idle()
        processes.send(worker, signal.SIGKILL)
        wait.until(lambda: tree.has_ended(worker), says="it was killed")
        assert agent.begin(1) not in (None, worker)
        assert agent.end_of(1).exit.code == 0

    host(body)


def test_a_run_whose_worker_was_killed_before_it_began_is_begun_by_another(host, tmp_path):
    def body(agent):
        worker = agent.begin(0)
        agent.end_of(0)
        agent.has_idle()
        processes.send(worker, signal.SIGSTOP)
        wait.until(lambda: tree.is_stopped(worker), says="it stands still")
        assert agent.begin(1) == worker
        processes.send(worker, signal.SIGKILL)
        assert agent.end_of(1).exit.code == 0

    host(body)
    assert [line.split()[0] for line in (tmp_path / "began").read_text().splitlines()] == ["0", "1"]


GIVES_ITS_SIGN_AWAY = b"""#!/usr/bin/python3 -IS
import os, socket, stat
ear = socket.socket(socket.AF_UNIX)
ear.connect("ear")
names = [int(name) for name in os.listdir("/proc/self/fd")]
files = [fd for fd in names if os.path.exists(f"/proc/self/fd/{fd}") and fd > 2]
alive = [fd for fd in files if os.readlink(f"/proc/self/fd/{fd}").endswith("/alive")]
socket.send_fds(ear, [b"x"], alive)
"""


def test_a_worker_whose_run_may_have_left_somebody_takes_up_no_other(host, tmp_path):
    def body(agent):
        with socket.socket(socket.AF_UNIX) as ear:
            ear.bind(str(tmp_path / "ear"))
            ear.listen()
            worker = agent.begin(0)
            caller, _ = ear.accept()
            _, [sign], _, _ = socket.recv_fds(caller, 1, 1)
        assert agent.end_of(0).exit.code == 0
        wait.until(lambda: agent.tend() or tree.parent(worker) is None, says="it has ended")
        assert agent.pad.crew.idle == frozenset()
        os.close(sign)
        caller.close()

    host(body, script=GIVES_ITS_SIGN_AWAY)
