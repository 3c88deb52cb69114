"""Run as root in a pid namespace of its own: a whole queue on a host that has 400 pids, and others.

Others are processes of the same user that come and go as fast as they can, so that any pid is soon
somebody else's; they tell how many of them were hurt. See test_few_pids.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, os.getcwd())

from tests.e2e.rig import OPEN, Site
from tests.e2e.test_crashes import kill, workers

PID_MAX = 400
OTHERS = """\
import os, random, select, signal, sys, time
born = hurt = 0
while not select.select([0], [], [], 0)[0]:
    alive = []
    for _ in range(12):
        pid = os.fork()
        if pid == 0:
            time.sleep(random.random() / 100)
            os._exit(0)
        alive.append(pid)
    born += len(alive)
    for pid in alive:
        hurt += os.WIFSIGNALED(os.waitpid(pid, 0)[1])
print(born, hurt)
"""
# A family, and a chain of which each link forks the next one and ends.
JOB = """\
for i in 1 2 3; do
    (setsid sleep 300 &)
    (trap '' TERM; sleep 300 &)
done
python3 -IS -c '
import os, time
until = time.monotonic() + 120
while time.monotonic() < until:
    time.sleep(0.001)
    if os.fork():
        os._exit(0)
' &
echo >up_$SLURM_JOB_ID
until [ -e end_$SLURM_JOB_ID ]; do sleep 0.05; done
exit 3
"""


def main(seconds: float) -> None:
    """Prints how many others there were and how many of them were hurt, and how many jobs."""
    Path("/proc/sys/kernel/pid_max").write_text(str(PID_MAX))
    site = Site("cpus: 8\nkill_wait_s: 0.2\n").start()
    ann = site.ann.move()
    ann.script(JOB)
    others = subprocess.Popen(
        [sys.executable, "-IS", "-c", OTHERS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **ann.person.identity,  # type: ignore[call-overload]  # uid and gids
    )
    jobs, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        ends(site, ann, jobs)
        jobs += 1
    born, hurt = others.communicate("\n")[0].split()
    site.close()
    sys.stdout.write(f"{born} others, {hurt} hurt, {jobs} jobs\n")


def ends(site: Site, ann, turn: int) -> None:
    """One job, which ends in one way or another."""
    number = ann.submit("job.sh")
    ann.until_file(f"up_{number}")
    if turn % 3 == 0:
        ann.file(f"end_{number}", "")
    else:
        if turn % 3 == 1:
            kill(workers(site)[f"{number}.1"])
        ann.ok("tscancel", number)
    site.until(lambda: not site.lines("-t", ",".join(OPEN)), "it has ended")


if __name__ == "__main__":
    main(float(sys.argv[1]))
