"""How the steps of a run are written down: what begins, its tasks, its end, the end of all.

    begin 0 srun=812:44501 from=1800000002.500 tasks=2 cores=4 name=python
    task 0 815:44510
    end 0 to=1800000009.125 exit=3:0 cpu=1.250 system=0.125 peak_kib=20480
    stop cancel

A process is its pid and the ticks of its start. Names come last, since they may hold blanks.
On the start-up path of srun: imports nothing.
"""

from __future__ import annotations

LONGEST_NAME = 64
# What srun is sent to end its step, as scancel wants: of the real-time ones nobody else uses it.
END_SIGNAL = 44


def begin(number: int, srun: str, at: float, tasks: int, cores: int, name: str) -> str:
    """A step begins, at a moment (UTC, seconds); `srun`: the process that looks after it."""
    return (
        f"begin {number} srun={srun} from={at:.3f} tasks={tasks} cores={cores} name={plain(name)}\n"
    )


def task(number: int, process: str) -> str:
    """One task of a step has started."""
    return f"task {number} {process}\n"


def end(
    number: int, at: float, exit_: str, cpu_s: float, system_s: float, peak_kib: int
) -> str:  # fmt: skip
    """A step has ended, as `3:0` or `0:9`. `peak_kib`: of its largest process."""
    return (
        f"end {number} to={at:.3f} exit={exit_}"
        f" cpu={cpu_s:.3f} system={system_s:.3f} peak_kib={peak_kib}\n"
    )


def stop(why: str) -> str:
    """The whole run is being ended: `cancel`, `limit`, or `exit` if its script has ended."""
    return f"stop {why}\n"


def plain(name: str) -> str:
    """A step's name as a line can hold it."""
    name = name[:LONGEST_NAME]
    return "".join(letter if letter.isprintable() else "?" for letter in name)
