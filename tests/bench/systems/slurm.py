"""Real Slurm: an instance of the benchmark's own, with ports, keys and state of its own.

A Slurm that the host has otherwise is not touched.
"""

from __future__ import annotations

import os
import pwd
import re
import socket
from pathlib import Path

from tests.bench import processes
from tests.bench.processes import BenchError
from tests.bench.systems.peers import packaged
from tests.bench.systems.slurmlike import SlurmLike
from tests.bench.systems.system import installed, waits
from tests.bench.timing import timed

_CONFIG = """\
ClusterName=bench
SlurmctldHost={host}(127.0.0.1)
SlurmUser=slurm
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={place}/munge/socket
SlurmctldPort={port}
SlurmdPort={next_port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={place}/controller
SlurmdSpoolDir={place}/node
SlurmctldPidFile={place}/run/controller.pid
SlurmdPidFile={place}/run/node.pid
SlurmctldLogFile={place}/log/controller.log
SlurmdLogFile={place}/log/node.log
ReturnToService=2
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MailProg=/bin/true
SchedulerType=sched/backfill
SchedulerParameters={scheduling}
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/{sampling}
JobAcctGatherFrequency=10
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/{log}
JobCompLoc={place}/log/jobs.txt
MaxJobCount=1000000
MaxArraySize=1000001
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={slots} RealMemory=16000 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP DefMemPerCPU=1
"""
_PARTS = ("controller", "node", "log", "run", "munge")
_DAEMONS = ("slurmctld", "slurmd", "slurmscriptd")


class Slurm(SlurmLike):
    """Its limits raised, its scheduler as it comes."""

    name = "slurm"
    tick_s = 1.0
    programs = ("slurmstepd",)
    _SCHEDULING = "sched_interval=10,bf_interval=10,batch_sched_delay=0"
    _SAMPLING, _LOG, _PORT = "linux", "filetxt", 16_917

    def __init__(self, place: Path, label: str = "") -> None:
        super().__init__(place, label)
        self.environment["SLURM_CONF"] = str(self.place / "slurm.conf")
        self._started = list[int]()

    @classmethod
    def missing(cls) -> str:
        """By its programs and the rights they need."""
        for program in ("sbatch", "slurmctld", "slurmd", "munged"):
            if not installed(program):
                return f"{program} is not installed"
        return "" if os.geteuid() == 0 else "it needs root"

    def about(self) -> str:
        """Version and settings."""
        return f"{packaged('slurm-wlm')}; {self._SCHEDULING}; limits raised, no slurmdbd"

    def start(self, slots: int) -> None:
        """munged, slurmctld, slurmd."""
        super().start(slots)
        for part in _PARTS:
            (self.place / part).mkdir(mode=0o755)
        slurm = pwd.getpwnam("slurm")
        for part in ("controller", "log", "run"):
            os.chown(self.place / part, slurm.pw_uid, slurm.pw_gid)
        self._start_munge()
        host = socket.gethostname().partition(".")[0]
        facts = {"place": self.place, "host": host, "slots": slots, "log": self._LOG}
        facts |= {"port": self._PORT, "next_port": self._PORT + 1}
        facts |= {"scheduling": self._SCHEDULING, "sampling": self._SAMPLING}
        (self.place / "slurm.conf").write_text(_CONFIG.format(**facts))
        (self.place / "cgroup.conf").write_text("CgroupAutomount=no\nConstrainCores=no\n")
        self.restart()
        if not waits(self._is_up, 30, 0.1):
            raise BenchError("it does not come up")

    def _start_munge(self) -> None:
        place, user = self.place / "munge", pwd.getpwnam("munge")
        key = place / "key"
        key.write_bytes(os.urandom(128))
        for path in (place, key):
            os.chown(path, user.pw_uid, user.pw_gid)
        key.chmod(0o400)
        identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log"}
        files["seed-file"] = "seed"
        options = [f"--{option}={place}/{name}" for option, name in files.items()]
        munged = ["/usr/sbin/munged", "--force", "--foreground", *options]
        self._started.append(self.spawn("setpriv", *identity, *munged))
        if not waits((place / "socket").exists, 10):
            raise BenchError("munged does not come up")

    def _is_up(self) -> bool:
        said = timed(["sinfo", "-h", "-o", "%T"], self.environment, with_errors=False).out.strip()
        return said in ("idle", "mixed")

    def restart(self) -> None:
        """Controller and node, in the foreground."""
        for program in ("slurmctld", "slurmd"):
            self._started.append(self.spawn(f"/usr/sbin/{program}", "-D"))

    def daemons(self) -> list[int]:
        """Not what runs jobs, nor munged."""
        mine = [pid for one in self._started for pid in (one, *processes.descendants(one))]
        return [pid for pid in mine if processes.called(pid) in _DAEMONS]

    def stop(self) -> None:
        """Jobs first, which it would leave running."""
        timed(self.cancel_all() or "true", self.environment)
        self.until_idle(10)
        processes.end(self._started)

    def exit_code(self, job: str) -> int | None:
        """By scontrol."""
        said = timed(["scontrol", "show", "job", job], self.environment).out
        state, code = re.search(r"JobState=(\S+)", said), re.search(r"ExitCode=(\d+):", said)
        if state is None or code is None or state[1] in ("RUNNING", "PENDING", "COMPLETING"):
            return None
        return int(code[1])


class TunedSlurm(Slurm):
    """For many short jobs: no log of jobs, no sampling, its loops as tight as they get."""

    name = "slurm-tuned"
    _SCHEDULING = (
        "batch_sched_delay=0,sched_min_interval=0,sched_interval=1,bf_interval=1,bf_continue"
    )
    _SAMPLING, _LOG, _PORT = "none", "none", 16_927
