"""A run whose processes are pretended: what would be sent to them is noted."""

import os
import signal

from tests.fakes import FakeClock
from tinysched.job.model import Exit, JobId, RunId
from tinysched.job.runs import Grant
from tinysched.programs.custody import Custody

BEGAN = 1000.0
TERM = [signal.SIGTERM, signal.SIGCONT]


class FakeHerald:
    """Notes what is said and to whom in a run."""

    def __init__(self, run, warning):
        self.run = run
        self.warning = warning
        self.said = []

    def warn(self):
        self.said.append("warned")
        warning, self.warning = self.warning, None
        return warning

    def say(self, why):
        self.said.append(why)

    def hear(self, signum):
        self.said.append(signal.Signals(signum))

    def signal_script(self, signum):
        self.run.to_script.append((self.run.clock.boottime() - BEGAN, signal.Signals(signum)))


class Watched(Custody):
    """A custody of pretended processes, one of them the script.

    `script_dies_of`, `others_die_of`: signals that end them. `sent`: when what was sent.
    """

    def __init__(
        self, limit_s=None, kill_wait_s=30.0, others=0, script_dies_of=TERM[:1], warning=None
    ):
        self.clock = FakeClock(boottime=BEGAN)
        self.began_wall = self.clock.wall()
        self.sent = []
        self.to_script = []
        self.heard = []
        self.script_alive = True
        self.others = [os.getpid()] * others
        self.script_dies_of = {*script_dies_of, signal.SIGKILL}
        self.others_die_of = {signal.SIGTERM, signal.SIGKILL}
        grant = Grant(
            run=RunId(job=JobId(number=42), attempt=1),
            raw_id=42,
            token="t",
            cores=1,
            memory_mib=1,
            limit_s=limit_s,
            kill_wait_s=kill_wait_s,
        )
        self.herald = FakeHerald(self, warning)
        super().__init__(grant, self.began_wall, BEGAN, self.clock, self, self.herald)

    def members(self):
        return self._alive()

    def is_empty(self):
        return not self._alive()

    def _alive(self):
        return [1] * self.script_alive + self.others

    def send(self, signum):
        if self._alive():
            self.sent.append((self.clock.boottime() - BEGAN, signal.Signals(signum)))
            self.heard.append(signum)

    def _die(self):
        """What was sent has its effect once the step is over."""
        if self.heard:
            self.clock.sleep(0.001)
        for signum in self.heard:
            if self.script_alive and signum in self.script_dies_of:
                self.exits(signal=signum)
            if signum in self.others_die_of:
                self.others = []
        self.heard = []

    def exits(self, code=0, signal=0):
        self.script_alive = False
        self.script_ended(Exit(code=code, signal=signal))

    def at(self, second):
        """Lives until a moment, waking only when it asked to."""
        while not self.is_over:
            wait_s = self.step()
            self._die()
            left_s = BEGAN + second - self.clock.boottime()
            if left_s <= 0 or wait_s is None or wait_s > left_s:
                self.clock.sleep(max(0.0, left_s))
                break
            self.clock.sleep(max(wait_s, 0.001))
        if not self.is_over:
            self.step()
            self._die()
        return self

    @property
    def ended(self):
        assert self.is_over
        return self.ending("/o", "/e")
